/**
 * Joins what others report with what was heard: for each call where something changed it reads all that is known from the
 * store, joins it (core/join), and writes what came out different. It keeps nothing that the store does not know better, so a
 * restart, a late span or a second joiner do no harm.
 */
import { hash } from 'node:crypto';
import { setImmediate as otherWork } from 'node:timers/promises';
import type { JoinReader, KnownCall, CallInputs } from '../../adapters/clickhouse/joinReader.ts';
import type { Fact, Finding } from '../../core/facts/facts.ts';
import { factId } from '../../core/facts/factId.ts';
import type { AlignedRequest, Joined } from '../../core/join/joined.ts';
import type { JoinInput } from '../../core/join/joinInput.ts';
import { NOWHERE } from '../../core/join/placing.ts';
import { wallClock, type WallClock } from '../../core/join/wallClock.ts';
import { factRow, type RowFact } from '../../core/rows/factRow.ts';
import { callEventRow, callRequestRow, callScoreRow } from '../../core/rows/joinedRows.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { uncounted } from '../../core/spans/countedOnce.ts';
import { readRequest } from '../../core/spans/readRequest.ts';
import type { Request } from '../../core/spans/request.ts';
import { requestsOfCall } from '../../core/spans/requestsOfCall.ts';
import type { PriceTable } from '../../core/spans/prices.ts';
import { DirtyCalls, JOIN_PAUSES, type JoinPauses } from './dirtyCalls.ts';
import type { HeldTexts } from './heldTexts.ts';
import { joinInputOf } from './joinInputOf.ts';
import { ReportedNames } from './reportedNames.ts';

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
/** Asked for at once. After a failure it is one at a time, so that what cannot be read holds up nothing else, and then more again. */
const CALLS_MAX = 50;
const NAMES_MAX = 500;
/** After a failure. */
const REST_MS = 1_000;
/** All joins together take at most a fifth of the process: who speaks is never late because of what is reported. */
const RESTS_A_JOIN = 4;
/** How far back a start looks for calls that it may have left unjoined. */
const LOOK_BACK_MS = 15 * 60_000;

export class Joiner {
  readonly #options: JoinerOptions;
  readonly #dirty: DirtyCalls;
  readonly #known = new Map<string, KnownCall>();
  /** Reports of calls that are not known by that name yet in this process. */
  readonly #unresolved = new ReportedNames();
  /** Calls that something was reported of: the others have nothing to be joined while they run. */
  readonly #reported = new Set<string>();
  /** What was written last, by row, as a hash: only what is different is written again. */
  readonly #written = new Map<string, Map<string, string>>();
  #hasLookedBack = false;
  #callsAtOnce = CALLS_MAX;
  #namesAtOnce = NAMES_MAX;
  #restUntilMs = -Infinity;
  /** Time that joining has held the process in this round. */
  #busyMs = 0;
  #cycle: Promise<void> | null = null;
  #onIdle: (() => void)[] = [];

  constructor(options: JoinerOptions) {
    this.#options = options;
    this.#dirty = new DirtyCalls(options.pauses ?? JOIN_PAUSES);
  }

  get waitingCalls(): number {
    return this.#dirty.waiting;
  }

  noteFact(fact: Fact): void {
    if (fact.kind === 'call_started') {
      const { tenant, callId, startedAtMs, providerIds, traceId } = fact.call;
      const keys = [...new Set([callId, ...Object.values(providerIds)])].filter((key) => key !== '');
      this.#known.set(keyOf(fact.call), { tenant, callId, startedAtMs, keys, traceId });
      this.#dirty.started(keyOf(fact.call), this.#options.nowMs());
    }
    if (fact.status !== 'final' || !MOVING.has(fact.kind)) return;
    const key = keyOf(fact);
    if (fact.kind === 'call_ended') this.#dirty.ended(key, this.#options.nowMs());
    else if (this.#reported.has(key)) this.#dirty.touch(key, this.#options.nowMs());
  }

  /** Something durable came that speaks of calls by these names, or by these traces. */
  noteReports(tenant: string, keys: Iterable<string>, traceIds: Iterable<string>): void {
    this.#unresolved.add(tenant, keys, traceIds);
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
    if (this.#options.nowMs() < this.#restUntilMs) return;
    await this.#attempt('calls of before', () => this.#lookBack());
    await this.#attempt('reported calls', () => this.#resolve());
    await this.#attempt('several calls', () => this.#joinDue());
    this.#forgetDone();
    if (!this.#hasLookedBack || this.#dirty.waiting > 0 || this.#unresolved.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  async #attempt(call: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#restUntilMs = this.#options.nowMs() + REST_MS;
      this.#options.onFailure({ call, error: error as Error });
    }
  }

  /** Once: calls that ran when the process before this one stopped may have reports that were never joined. */
  async #lookBack(): Promise<void> {
    if (this.#hasLookedBack) return;
    const nowMs = this.#options.nowMs();
    const found = await this.#options.reader.callsSince(nowMs - LOOK_BACK_MS);
    this.#hasLookedBack = true;
    for (const call of found) {
      if (this.#known.has(keyOf(call))) continue;
      this.#known.set(keyOf(call), call);
      this.#dirty.ended(keyOf(call), nowMs);
    }
  }

  async #resolve(): Promise<void> {
    // What comes meanwhile is for the next round.
    for (let left = this.#unresolved.size; left > 0;) {
      const names = this.#unresolved.take(Math.min(left, this.#namesAtOnce));
      if (names === null) return;
      const { tenant, keys, traceIds } = names;
      left -= keys.length + traceIds.length;
      const found = await this.#options.reader.callsOf(tenant, keys, traceIds).catch((error: unknown) => {
        this.#unresolved.add(tenant, keys, traceIds);
        this.#namesAtOnce = 1;
        throw error;
      });
      this.#namesAtOnce = Math.min(NAMES_MAX, 2 * this.#namesAtOnce);
      for (const call of found) {
        this.#known.set(keyOf(call), call);
        this.#dirty.touch(keyOf(call), this.#options.nowMs());
      }
    }
  }

  async #joinDue(): Promise<void> {
    const taken = this.#dirty.take(this.#options.nowMs(), this.#callsAtOnce);
    for (const key of taken) if (!this.#known.has(key)) this.#askFor(key);
    const calls = taken.flatMap((key) => this.#known.get(key) ?? []);
    if (calls.length === 0) return;
    const startedMs = performance.now();
    const inputs = await this.#options.reader.read(calls).catch((error: unknown) => {
      for (const call of calls) this.#dirty.touch(keyOf(call), this.#options.nowMs());
      this.#callsAtOnce = 1;
      throw error;
    });
    this.#callsAtOnce = Math.min(CALLS_MAX, 2 * this.#callsAtOnce);
    // Written together: an insert costs more than its rows.
    const writes: Promise<void>[] = [];
    for (const known of inputs) {
      const { callId } = known.call;
      // Not tried again: it is a function of what is known, so only something new can change what comes out.
      writes.push(this.#joinOne(known).catch((error: Error) => this.#options.onFailure({ call: callId, error })));
      await otherWork();
    }
    await Promise.all(writes);
    this.#restUntilMs = Math.max(this.#restUntilMs, this.#options.nowMs() + RESTS_A_JOIN * this.#busyMs);
    this.#busyMs = 0;
    this.#options.onJoin?.({ calls: inputs.length, tookMs: performance.now() - startedMs });
  }

  async #joinOne(known: CallInputs): Promise<void> {
    const { call, facts, scores } = known;
    const requests = requestsOfCall(known.spans, new Set(call.keys), known.otherKeys, this.#options.prices);
    if (known.events.length + requests.length + scores.length === 0 && !this.#written.has(keyOf(call))) return;
    this.#reported.add(keyOf(call));
    const { texts } = this.#options;
    const events = known.events.map((event) => texts.withText(event));
    const input = joinInputOf(known, { events, requests });
    const startedMs = performance.now();
    const joined = this.#options.join(input);
    // Grows with all that is known and with nothing else, so that a later join always wins over an earlier one: even one that
    // knows of another call on the trace, and takes fewer of its spans for this one's.
    const revision =
      facts.reduce((sum, fact) => sum + 1 + fact.revision, 0) +
      events.length +
      known.spans.length +
      known.otherKeys.size +
      scores.length;
    const clock = wallClock(input.anchors);
    // What was found out while the texts were here is not given up for what their counts alone tell.
    const hasTexts = known.events.every((event) => texts.isWhole(event));
    const told = joined.findings
      .filter(({ kind, startSample }) => hasTexts || kind !== 'agent_text' || !known.textStarts.has(startSample))
      .map((finding) => factOf(finding, call, clock, revision));
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
      ...[...joined.requests, ...this.#given(known, requests)].map((aligned) => ({
        id: requestId(aligned.request),
        row: callRequestRow(aligned, joinedCall, revision),
      })),
      ...joined.scores.map((aligned) => ({
        id: `score ${aligned.score.id}`,
        row: callScoreRow(aligned, joinedCall, revision),
      })),
    ];
    const changed = this.#changed(keyOf(call), items);
    const tookMs = performance.now() - startedMs;
    this.#busyMs += tookMs;
    this.#dirty.joined(keyOf(call), tookMs);
    await this.#options.write(changed.map(({ row }) => row));
    for (const { fact } of changed) if (fact !== undefined) this.#options.tell(fact);
  }

  /** Spans that were taken for the call's until their trace named another: they stay in its trace, and count for nothing. */
  #given({ call, spans }: CallInputs, requests: readonly Request[]): AlignedRequest[] {
    const written = this.#written.get(keyOf(call));
    const own = new Set(requests.map(requestId));
    return spans
      .filter((span) => written?.has(requestId(span)) === true && !own.has(requestId(span)))
      .map((span) => ({ request: uncounted(readRequest(span, this.#options.prices)), ...NOWHERE }));
  }

  /** Those that differ from what was written last; they count as written from now on, since the writer gives up no good row. */
  #changed(key: string, items: readonly Item[]): Item[] {
    const written = this.#written.get(key) ?? new Map<string, string>();
    this.#written.set(key, written);
    return items.filter(({ id, row }) => {
      const content = hash('sha1', JSON.stringify({ ...row.row, revision: 0 }), 'base64');
      if (written.get(id) === content) return false;
      written.set(id, content);
      return true;
    });
  }

  /** A call of which this process knows no more than its name. */
  #askFor(key: string): void {
    const [tenant, callId] = key.split('\u0000');
    this.noteReports(tenant, [callId], []);
  }

  #forgetDone(): void {
    for (const key of this.#dirty.takeDone(this.#options.nowMs())) {
      const call = this.#known.get(key);
      if (call !== undefined) this.#options.texts.forget(call.tenant, call.keys);
      this.#known.delete(key);
      this.#written.delete(key);
      this.#reported.delete(key);
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

const requestId = ({ traceId, spanId }: Pick<Request, 'traceId' | 'spanId'>): string => `request ${traceId} ${spanId}`;

const keyOf = ({ tenant, callId }: { readonly tenant: string; readonly callId: string }): string =>
  `${tenant}\u0000${callId}`;
