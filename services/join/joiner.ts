/**
 * Joins what others report with what was heard: for each call where something changed it reads all that is known from the
 * store, joins it (core/join), and writes what came out different. It keeps nothing that the store does not know better, so a
 * restart, a late span or a second joiner do no harm.
 */
import type { JoinReader, KnownCall, CallInputs } from '../../adapters/clickhouse/joinReader.ts';
import type { Fact, Finding } from '../../core/facts/facts.ts';
import { factId } from '../../core/facts/factId.ts';
import type { Joined } from '../../core/join/joined.ts';
import type { JoinInput } from '../../core/join/joinInput.ts';
import { wallClock, type WallClock } from '../../core/join/wallClock.ts';
import { factRow, type RowFact } from '../../core/rows/factRow.ts';
import { callEventRow, callRequestRow, callScoreRow } from '../../core/rows/joinedRows.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { requestsOfCall } from '../../core/spans/requestsOfCall.ts';
import type { PriceTable } from '../../core/spans/prices.ts';
import { DirtyCalls, JOIN_PAUSES, type JoinPauses } from './dirtyCalls.ts';
import type { HeldTexts } from './heldTexts.ts';
import { joinInputOf } from './joinInputOf.ts';

export interface JoinerOptions {
  readonly reader: JoinReader;
  readonly join: (input: JoinInput) => Joined;
  readonly prices: PriceTable;
  readonly texts: HeldTexts;
  /** Resolves when the rows are durable. */
  readonly write: (rows: readonly TableRow[]) => Promise<void>;
  readonly tell: (fact: Fact) => void;
  readonly nowMs: () => number;
  readonly onFailure: (failure: { call: string; error: Error }) => void;
  readonly onJoin?: (joined: { calls: number; tookMs: number }) => void;
  readonly pauses?: JoinPauses;
}

/** A row that joining gives, and the fact that it is of, if it is of one. */
interface Item {
  readonly id: string;
  readonly row: TableRow;
  readonly fact?: Fact;
}

/** Kinds whose final word may change what joining says. */
const MOVING = new Set(['response', 'interruption', 'turn', 'call_ended']);
const CALLS_A_CYCLE = 50;
/** How far back a start looks for calls that it may have left unjoined. */
const LOOK_BACK_MS = 15 * 60_000;

export class Joiner {
  readonly #options: JoinerOptions;
  readonly #dirty: DirtyCalls;
  readonly #known = new Map<string, KnownCall>();
  /** Reports of calls that are not known by that name yet in this process. */
  #unresolved = new Map<string, { keys: Set<string>; traceIds: Set<string> }>();
  /** Calls that something was reported of: the others have nothing to be joined while they run. */
  readonly #reported = new Set<string>();
  /** What was written last, by row: only what is different is written again. */
  readonly #written = new Map<string, Map<string, string>>();
  #cycle: Promise<void> | null = null;
  #onIdle: (() => void)[] = [];

  constructor(options: JoinerOptions) {
    this.#options = options;
    this.#dirty = new DirtyCalls(options.pauses ?? JOIN_PAUSES);
  }

  get waitingCalls(): number {
    return this.#dirty.waiting;
  }

  /** Calls that ran when the process before this one stopped may have reports that were never joined. */
  async start(): Promise<void> {
    const nowMs = this.#options.nowMs();
    for (const call of await this.#options.reader.callsSince(nowMs - LOOK_BACK_MS)) {
      this.#known.set(keyOf(call), call);
      this.#dirty.ended(keyOf(call), nowMs);
    }
  }

  noteFact(fact: Fact): void {
    if (fact.kind === 'call_started') {
      const { tenant, callId, startedAtMs, providerIds, traceId } = fact.call;
      const keys = [...new Set([callId, ...Object.values(providerIds)])].filter((key) => key !== '');
      this.#known.set(keyOf(fact.call), { tenant, callId, startedAtMs, keys, traceId });
    }
    if (fact.status !== 'final' || !MOVING.has(fact.kind)) return;
    const key = keyOf(fact);
    if (fact.kind === 'call_ended') this.#dirty.ended(key, this.#options.nowMs());
    else if (this.#reported.has(key)) this.#dirty.touch(key, this.#options.nowMs());
  }

  /** Something durable came that speaks of calls by these names, or by these traces. */
  noteReports(tenant: string, keys: Iterable<string>, traceIds: Iterable<string>): void {
    const names = this.#unresolved.get(tenant) ?? { keys: new Set(), traceIds: new Set() };
    this.#unresolved.set(tenant, names);
    for (const key of keys) names.keys.add(key);
    for (const traceId of traceIds) names.traceIds.add(traceId);
  }

  /** Resolves when nothing that came so far waits to be joined. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** One round of joining; while one is under way it is the one that is waited for. */
  cycle(): Promise<void> {
    this.#cycle ??= this.#run().finally(() => (this.#cycle = null));
    return this.#cycle;
  }

  async #run(): Promise<void> {
    try {
      await this.#resolve();
      const taken = this.#dirty.take(this.#options.nowMs(), CALLS_A_CYCLE);
      const calls = taken.flatMap((key) => this.#known.get(key) ?? []);
      if (calls.length > 0) await this.#join(calls);
      for (const key of taken) if (!this.#known.has(key)) this.#askFor(key);
    } catch (error) {
      this.#options.onFailure({ call: 'several calls', error: error as Error });
    }
    this.#forgetDone();
    if (this.#dirty.waiting > 0 || this.#unresolved.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  async #resolve(): Promise<void> {
    const unresolved = this.#unresolved;
    this.#unresolved = new Map();
    for (const [tenant, { keys, traceIds }] of unresolved) {
      const found = await this.#options.reader.callsOf(tenant, [...keys], [...traceIds]).catch((error: unknown) => {
        this.noteReports(tenant, keys, traceIds);
        throw error;
      });
      for (const call of found) {
        this.#known.set(keyOf(call), call);
        this.#reported.add(keyOf(call));
        this.#dirty.touch(keyOf(call), this.#options.nowMs());
      }
    }
  }

  async #join(calls: readonly KnownCall[]): Promise<void> {
    const startedMs = performance.now();
    const inputs = await this.#options.reader.read(calls).catch((error: unknown) => {
      for (const call of calls) this.#dirty.touch(keyOf(call), this.#options.nowMs());
      throw error;
    });
    for (const known of inputs) {
      try {
        await this.#joinOne(known);
      } catch (error) {
        this.#dirty.touch(keyOf(known.call), this.#options.nowMs());
        this.#options.onFailure({ call: known.call.callId, error: error as Error });
      }
    }
    this.#options.onJoin?.({ calls: inputs.length, tookMs: performance.now() - startedMs });
  }

  async #joinOne(known: CallInputs): Promise<void> {
    const { call, facts, scores } = known;
    const requests = requestsOfCall(known.spans, new Set(call.keys), known.otherKeys, this.#options.prices);
    if (known.events.length + requests.length + scores.length === 0) return;
    const events = known.events.map((event) => this.#options.texts.withText(event));
    const input = joinInputOf(known, { events, requests });
    const startedMs = performance.now();
    const joined = this.#options.join(input);
    this.#dirty.joined(keyOf(call), performance.now() - startedMs);
    // Grows with all that is known and with nothing else, so that a later join always wins over an earlier one.
    const revision =
      facts.reduce((sum, fact) => sum + 1 + fact.revision, 0) + events.length + requests.length + scores.length;
    const clock = wallClock(input.anchors);
    const told = joined.findings.map((finding) => factOf(finding, call, clock, revision));
    const wallMsOf = (sample: number): number => clock.originMs + clock.wallAt(sample);
    const joinedCall = { ...call, wallMsOf };
    const kept = new Map(known.events.map((event) => [event.id, event]));
    const items: Item[] = [
      ...told.map((fact): Item => ({ id: fact.id, fact, row: { table: 'facts', row: factRow(fact, call) } })),
      ...joined.events.map((aligned) => ({
        id: `event ${aligned.event.id}`,
        // What is written is the event as the text policy left it.
        row: callEventRow({ ...aligned, event: kept.get(aligned.event.id) ?? aligned.event }, joinedCall, revision),
      })),
      ...joined.requests.map((aligned) => ({
        id: `request ${aligned.request.traceId} ${aligned.request.spanId}`,
        row: callRequestRow(aligned, joinedCall, revision),
      })),
      ...joined.scores.map((aligned) => ({
        id: `score ${aligned.score.id}`,
        row: callScoreRow(aligned, joinedCall, revision),
      })),
    ];
    await this.#writeChanged(keyOf(call), items);
  }

  async #writeChanged(key: string, items: readonly Item[]): Promise<void> {
    const written = this.#written.get(key) ?? new Map<string, string>();
    const contents = items.map((item) => ({ ...item, content: JSON.stringify({ ...item.row.row, revision: 0 }) }));
    const changed = contents.filter(({ id, content }) => written.get(id) !== content);
    await this.#options.write(changed.map(({ row }) => row));
    for (const { id, content, fact } of changed) {
      written.set(id, content);
      if (fact !== undefined) this.#options.tell(fact);
    }
    this.#written.set(key, written);
  }

  /** A call of which this process knows no more than its name. */
  #askFor(key: string): void {
    const [tenant, callId] = key.split('\u0000');
    this.#dirty.forget(key);
    this.noteReports(tenant, [callId], []);
  }

  #forgetDone(): void {
    const nowMs = this.#options.nowMs();
    for (const [key, { tenant, keys }] of this.#known) {
      if (!this.#dirty.isDone(key, nowMs)) continue;
      this.#known.delete(key);
      this.#written.delete(key);
      this.#reported.delete(key);
      this.#dirty.forget(key);
      this.#options.texts.forget(tenant, keys);
    }
  }
}

function factOf(finding: Finding, { tenant, callId }: KnownCall, clock: WallClock, revision: number): RowFact {
  const told = { ...finding, revision };
  return {
    ...told,
    id: factId(tenant, callId, told),
    tenant,
    callId,
    startWallMs: clock.originMs + clock.wallAt(finding.startSample),
    // Joining never tells of frames.
  } as RowFact;
}

const keyOf = ({ tenant, callId }: { readonly tenant: string; readonly callId: string }): string =>
  `${tenant}\u0000${callId}`;
