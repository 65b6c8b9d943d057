/**
 * Joins what others report with what was heard: for each call where something changed it reads all that is known from the
 * store, joins it (core/join), and writes what came out different. It keeps nothing that the store does not know better, so a
 * restart, a late span or a second joiner do no harm. Of several processes each joins the calls that are its own; what they share
 * is divided by the bus.
 */
import { setImmediate as otherWork } from 'node:timers/promises';
import { ALL_MINE, type CallNotice, type IsMine } from '../../adapters/bus/bus.ts';
import type { JoinReader, KnownCall, CallInputs } from '../../adapters/clickhouse/joinReader.ts';
import { callKeyOf, callOfKey } from '../../core/facts/callKey.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { DirtyCalls, JOIN_PAUSES, type JoinPauses } from './dirtyCalls.ts';
import { joinCall, type JoinCallOptions } from './joinCall.ts';
import { Notices } from './notices.ts';
import { ReportedNames } from './reportedNames.ts';
import { WrittenRows } from './writtenRows.ts';

export interface JoinerOptions extends JoinCallOptions {
  readonly reader: JoinReader;
  /** Resolves when the rows are durable. */
  readonly write: (rows: readonly TableRow[]) => Promise<void>;
  readonly tell: (fact: Fact) => void;
  /** Resolves when the notices cannot be lost any more. */
  readonly notify: (notices: readonly CallNotice[]) => Promise<void>;
  readonly nowMs: () => number;
  readonly onFailure: (failure: { call: string; error: Error }) => void;
  readonly onJoin?: (joined: { calls: number; tookMs: number }) => void;
  readonly pauses?: JoinPauses;
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
/** How far back is looked for ended calls that may have been left unjoined. */
const LOOK_BACK_MS = 15 * 60_000;
/** After a change of shares, for what was told while nobody took the call for its own, and was not in the store yet. */
const LOOK_AGAIN_MS = 5_000;
/** A name that cannot be asked for holds up the reports that came with it no longer than this. */
const RECORDED_MS_MAX = 10_000;

export class Joiner {
  readonly #options: JoinerOptions;
  readonly #dirty: DirtyCalls;
  readonly #known = new Map<string, KnownCall>();
  /** Reports of calls that are not known by that name yet in this process. */
  readonly #unresolved = new ReportedNames();
  /** Calls that something was reported of: the others have nothing to be joined while they run. */
  readonly #reported = new Set<string>();
  readonly #written = new WrittenRows();
  readonly #notices: Notices;
  #isMine: IsMine = () => false;
  #looksBackAtMs: readonly number[] = [];
  /** Recorded reports whose calls' processes do not know of them yet. */
  #untold: { readonly sinceMs: number; readonly resolve: () => void }[] = [];
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
    this.#notices = new Notices({ ...options, isMine: (tenant, callKey) => this.#isMine(tenant, callKey) });
  }

  get waitingCalls(): number {
    return this.#dirty.waiting;
  }

  /** These are the calls that this process joins from now on; none before it is told. */
  own(isMine: IsMine): void {
    const nowMs = this.#options.nowMs();
    this.#isMine = isMine;
    this.#looksBackAtMs = isMine === ALL_MINE ? [nowMs] : [nowMs, nowMs + LOOK_AGAIN_MS];
    this.#letGo();
    for (const { tenant, callId } of this.#notices.takeMine()) this.#unresolved.add(tenant, [callId], []);
  }

  /** All that is held and waits goes to whoever has the calls next. */
  async leave(): Promise<void> {
    if (this.#isMine === ALL_MINE) return;
    await this.#cycle;
    this.own(() => false);
    await this.#notices.send();
  }

  noteFact(fact: Fact): void {
    // Most facts are other processes' business, so the cheapest question comes first.
    const isStart = fact.kind === 'call_started';
    if (!isStart && (fact.status !== 'final' || !MOVING.has(fact.kind))) return;
    const isMine = this.#isMine(fact.tenant, fact.callId);
    if (isStart) {
      const { tenant, callId, startedAtMs, providerIds, traceId } = fact.call;
      const keys = [...new Set([callId, ...Object.values(providerIds)])].filter((key) => key !== '');
      const call = { tenant, callId, startedAtMs, keys, traceId };
      if (isMine) {
        this.#known.set(callKeyOf(call), call);
        this.#dirty.started(callKeyOf(call), this.#options.nowMs());
      } else if (keys.some((key) => this.#options.texts.has(tenant, key))) this.#notices.add(call);
    }
    if (!isMine) return;
    const key = callKeyOf(fact);
    if (fact.kind === 'call_ended') this.#dirty.ended(key, this.#options.nowMs());
    else if (this.#reported.has(key)) this.#dirty.touch(key, this.#options.nowMs());
  }

  /** Something durable came that speaks of calls by these names, or by these traces. Resolves when who joins them knows it. */
  noteReports(tenant: string, keys: Iterable<string>, traceIds: Iterable<string>): Promise<void> {
    this.#unresolved.add(tenant, keys, traceIds);
    if (this.#isMine === ALL_MINE) return Promise.resolve();
    return new Promise((resolve) => this.#untold.push({ sinceMs: this.#options.nowMs(), resolve }));
  }

  /** Another process recorded something of a call, or had it before. */
  noteNotice({ tenant, callId, texts }: CallNotice): void {
    for (const text of texts) this.#options.texts.holdText(text);
    this.#unresolved.add(tenant, [callId], []);
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
    const told = this.#untold.splice(0);
    const isTold = await this.#attempt('reported calls', async () => {
      await this.#resolve();
      await this.#notices.send();
    });
    const patientSinceMs = this.#options.nowMs() - RECORDED_MS_MAX;
    for (const recorded of told) {
      if (isTold || recorded.sinceMs < patientSinceMs) recorded.resolve();
      else this.#untold.push(recorded);
    }
    await this.#attempt('several calls', () => this.#joinDue());
    this.#forgetDone();
    const nowMs = this.#options.nowMs();
    if (this.#looksBackAtMs.some((ms) => ms <= nowMs) || this.#dirty.waiting > 0) return;
    if (this.#unresolved.size > 0 || this.#notices.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Whether it went well. */
  async #attempt(call: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#restUntilMs = this.#options.nowMs() + REST_MS;
      this.#options.onFailure({ call, error: error as Error });
      return false;
    }
  }

  /** Of calls that ran when the process before this one stopped, reports may never have been joined. */
  async #lookBack(): Promise<void> {
    const nowMs = this.#options.nowMs();
    if (!this.#looksBackAtMs.some((ms) => ms <= nowMs)) return;
    const found = await this.#options.reader.callsSince(nowMs - LOOK_BACK_MS);
    this.#looksBackAtMs = this.#looksBackAtMs.filter((ms) => ms > nowMs);
    for (const call of found) {
      if (this.#known.has(callKeyOf(call)) || !this.#isMine(call.tenant, call.callId)) continue;
      this.#known.set(callKeyOf(call), call);
      this.#dirty.ended(callKeyOf(call), nowMs);
    }
  }

  /** What is not this process's any more, and who has to know what of it. */
  #letGo(): void {
    const isMine = this.#isMine;
    const { texts } = this.#options;
    const named = new Set(
      [...this.#known.values()].flatMap(({ tenant, keys }) => keys.map((key) => callKeyOf({ tenant, callId: key }))),
    );
    for (const key of new Set([...this.#known.keys(), ...this.#dirty.keys])) {
      const { tenant, callId } = callOfKey(key);
      if (isMine(tenant, callId)) continue;
      const keys = this.#known.get(key)?.keys ?? [callId];
      const hasTexts = keys.some((name) => texts.has(tenant, name));
      if (hasTexts || this.#dirty.isWaiting(key)) this.#notices.add({ tenant, callId, keys });
      this.#forget(key);
    }
    // Texts whose call is not known here go to whoever has the name that they came under.
    for (const { tenant, callKey: callId } of texts.names) {
      if (named.has(callKeyOf({ tenant, callId })) || isMine(tenant, callId)) continue;
      this.#notices.add({ tenant, callId, keys: [callId] });
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
        if (this.#isMine(call.tenant, call.callId)) {
          this.#known.set(callKeyOf(call), call);
          this.#dirty.touch(callKeyOf(call), this.#options.nowMs());
        } else this.#notices.add(call);
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
      for (const call of calls) this.#dirty.touch(callKeyOf(call), this.#options.nowMs());
      this.#callsAtOnce = 1;
      throw error;
    });
    this.#callsAtOnce = Math.min(CALLS_MAX, 2 * this.#callsAtOnce);
    // Written together: an insert costs more than its rows.
    const writes: Promise<void>[] = [];
    for (const known of inputs) {
      const { tenant, callId } = known.call;
      if (!this.#isMine(tenant, callId)) continue;
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
    const key = callKeyOf(known.call);
    const startedMs = performance.now();
    const changed = joinCall(key, known, this.#options, this.#written);
    if (changed === null) return;
    this.#reported.add(key);
    const tookMs = performance.now() - startedMs;
    this.#busyMs += tookMs;
    this.#dirty.joined(key, tookMs);
    await this.#options.write(changed.map(({ row }) => row));
    for (const { fact } of changed) if (fact !== undefined) this.#options.tell(fact);
  }

  /** A call of which this process knows no more than its name. */
  #askFor(key: string): void {
    const { tenant, callId } = callOfKey(key);
    this.#unresolved.add(tenant, [callId], []);
  }

  #forgetDone(): void {
    for (const key of this.#dirty.takeDone(this.#options.nowMs())) {
      const call = this.#known.get(key);
      if (call !== undefined) this.#options.texts.forget(call.tenant, call.keys);
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#known.delete(key);
    this.#dirty.forget(key);
    this.#written.forget(key);
    this.#reported.delete(key);
  }
}
