/**
 * Runs one call: takes its log entry by entry, waits for the speech model's scores, hands facts on, and every few seconds
 * of audio saves the call's state behind its rows. Only then is the log committed: what is committed is durable.
 *
 * It may begin anywhere in the log: what was saved says how far the call is, and what comes again of before changes nothing.
 */
import type { CallName, TakenEntry } from '../../adapters/bus/bus.ts';
import type { CallState, FoundState } from '../../adapters/clickhouse/callStates.ts';
import { CALL_STATE_VERSION, createCall, type Call, type Ending } from '../../core/call/call.ts';
import { upgradeState } from '../../core/call/upgradeState.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { samplesFromMs } from '../../core/units/time.ts';
import { counts, openedBy } from './logOrder.ts';
import { lossOf } from './lossOf.ts';
import { createMeasuring, type Measuring } from './measuring.ts';
import type { Begun, RunnerPorts } from './runnerPorts.ts';

export interface CallRunner {
  take(entry: TakenEntry): void;
  /** Resolves when everything taken has been worked off. */
  idle(): Promise<void>;
  /** Saves the state now, so that another process can go on from here. */
  park(): Promise<void>;
  /** Called every few seconds: a call that stands still is saved, one that was over before it came here is let go. */
  sweep(): void;
  /** The call is another's: forgets all and tells, writes and commits nothing more. */
  drop(): void;
  readonly isRunning: boolean;
}

type Stage = 'new' | 'running' | 'over' | 'dropped';

const NOT_BEGUN = -2;
const UNSAVED_MAX = 2;

/** `saved` is let go of where a newer one says more. */
interface Unsaved {
  saved: CallState | null;
  readonly position: number;
}

/** Calls `onOver` once the call has ended and everything of it is durable, or nothing more is to be done for it here. */
export function createCallRunner(
  name: CallName,
  ports: RunnerPorts,
  stateEveryMs: number,
  onOver: () => void,
): CallRunner {
  const stateEverySamples = samplesFromMs(stateEveryMs);
  let stage: Stage = 'new';
  let open: OpenCall | null = null;
  let session = '';
  let connectedAtMs = 0;
  let call: Call | null = null;
  let measuring: Measuring | null = null;
  let queue: TakenEntry[] = [];
  let working: Promise<void> | null = null;
  let lastSeq = NOT_BEGUN;
  let taken = 0;
  let lastPosition = -1;
  let savedPosition = -1;
  let sweptPosition = -1;
  let savedSamples = 0;
  let fresh: Fact[] = [];
  let ended: Fact | null = null;
  /** States that wait for their rows, a few hundred kilobytes each. */
  const unsaved: Unsaved[] = [];
  /** The last of the chain rows -> state -> commit. */
  let durable: Promise<void> = Promise.resolve();

  /** A function, since the compiler takes a variable for what it was before the wait. */
  const is = (wanted: Stage): boolean => stage === wanted;

  const emit = (fact: Fact): void => {
    if (is('dropped')) return;
    fresh.push(fact);
    if (fact.kind === 'call_ended') ended = fact;
    ports.tell(fact, 'first');
  };

  async function work(): Promise<void> {
    while (queue.length > 0) {
      const entries = queue;
      queue = [];
      for (const entry of entries) await takeEntry(entry);
      await score().catch(fail);
      measuring?.start();
      storeFresh();
      if (call !== null && call.heardSamples - savedSamples >= stateEverySamples) checkpoint(call);
    }
  }

  async function takeEntry(entry: TakenEntry): Promise<void> {
    if (is('new')) await begin(entry);
    lastPosition = entry.position;
    // Its sender may be with a process that took it in before the end was stored, and has not heard of it.
    if (is('over') && entry.message.type === 'open' && ended !== null) ports.tell(ended, 'again');
    if (is('over')) durable = durable.then(() => commit(entry.position));
    if (!is('running')) return;
    const isNews = counts(entry, { session, connectedAtMs, lastSeq, taken });
    taken += 1;
    if (!isNews) return;
    lastSeq = Math.max(lastSeq, entry.seq);
    const { message } = entry;
    try {
      if (message.type === 'open') ({ session, connectedAtMs } = openedBy(entry, message));
      else if (message.type === 'close') await finish(message);
      else if (message.type === 'report') chain(ports.record(message.events, name));
      else call?.push(message, emit);
    } catch (error) {
      await fail(error as Error);
    }
  }

  async function begin(entry: TakenEntry): Promise<void> {
    const found = await ports.load(name);
    if (is('dropped')) return;
    // What is durable is never taken again, be its state readable or not.
    if (found !== null) ({ seq: lastSeq, taken } = found);
    const opened = found?.opened ?? (entry.message.type === 'open' ? openedBy(entry, entry.message) : null);
    if (found?.ended === true || opened === null) {
      stage = 'over';
      ports.begun(name, found === null ? 'orphan' : 'ended');
      return;
    }
    stage = 'running';
    ({ call: open, session, connectedAtMs } = opened);
    try {
      if (found === null) create(open).start(emit);
      ports.begun(open, found === null ? 'new' : goOn(open, found));
    } catch (error) {
      await fail(error as Error);
    }
  }

  function create(opened: OpenCall): Call {
    call = createCall(opened, ports.batcher.formats);
    measuring = createMeasuring(call, ports.batcher, emit, storeFresh);
    return call;
  }

  function goOn(opened: OpenCall, found: FoundState): Begun {
    try {
      const begun = create(opened);
      begun.load(upgradeState(found));
      savedSamples = begun.heardSamples;
      return 'taken over';
    } catch (error) {
      ports.reportLost({ call: name, error: lossOf(error as Error) });
      // A new one: it may have been loaded in part.
      create(opened).startAnew(emit);
      return 'anew';
    }
  }

  /** Scores what waits, window after window, until nothing does. */
  async function score(): Promise<void> {
    for (;;) {
      const rows = call?.rows() ?? [];
      if (rows.length === 0) return;
      const scores = await Promise.all(rows.map(({ row }) => ports.batcher.score(row)));
      rows.forEach(({ channel }, index) => call?.scored(channel, scores[index], emit));
    }
  }

  async function finish(ending: Ending): Promise<void> {
    await score();
    call?.finishHearing(emit);
    await score();
    call?.finishJudging(emit);
    measuring?.start();
    await measuring?.done();
    end(ending);
  }

  function end({ reason, errorCode, errorText }: Ending): void {
    try {
      call?.end({ reason, errorCode, errorText }, emit);
    } finally {
      close();
    }
  }

  /** A broken contract ends the call as the sender's fault, a bug as ours; no other call notices either. */
  async function fail(error: Error): Promise<void> {
    if (is('dropped')) return;
    const isInput = error instanceof InvalidInput;
    if (!isInput) ports.report({ call: name, error });
    const reason = isInput ? 'invalid_input' : 'failed';
    const ending: Ending = { reason, errorCode: isInput ? error.code : 'call_failed', errorText: error.message };
    try {
      await finish(ending);
    } catch (second) {
      ports.report({ call: name, error: second as Error });
      end(ending);
    }
  }

  function close(): void {
    if (!is('running')) return;
    stage = 'over';
    call = null;
    measuring = null;
    storeFresh();
    save({ ...place(), ended: true, opened: null, state: null });
    durable = durable.then(onOver);
  }

  function storeFresh(): void {
    if (fresh.length === 0 || open === null) return;
    const facts = fresh;
    fresh = [];
    chain(ports.store(facts, open));
  }

  /** What is saved and committed after this is so only when this is durable. */
  function chain(stored: Promise<void>): void {
    // Awaited in the chain; this keeps an early rejection from counting as unhandled.
    stored.catch(() => undefined);
    durable = durable.then(() => stored);
  }

  function checkpoint(running: Call): void {
    if (open === null) return;
    savedSamples = running.heardSamples;
    save({ ...place(), ended: false, opened: { call: open, session, connectedAtMs }, state: running.save() });
  }

  const place = (): Pick<CallState, 'seq' | 'taken' | 'stateVersion'> => ({
    seq: lastSeq,
    taken,
    stateVersion: CALL_STATE_VERSION,
  });

  function save(saved: CallState): void {
    savedPosition = lastPosition;
    const kept: Unsaved = { saved, position: lastPosition };
    unsaved.push(kept);
    // While the store is away, the first that waits (it may be under way) and the newest say all that is to be said.
    if (unsaved.length > UNSAVED_MAX) unsaved.splice(1, 1)[0].saved = null;
    durable = durable
      .then(() => saveKept(kept))
      .catch((error: Error) => ports.report({ call: name, error }))
      .finally(() => {
        if (unsaved[0] === kept) unsaved.shift();
      });
  }

  async function saveKept({ saved, position }: Unsaved): Promise<void> {
    if (saved === null || is('dropped')) return;
    await ports.save(open ?? name, saved);
    commit(position);
  }

  function commit(position: number): void {
    if (!is('dropped')) ports.commit(name, position);
  }

  return {
    take(entry) {
      queue.push(entry);
      working ??= work()
        .catch((error: Error) => {
          if (!is('dropped')) ports.report({ call: name, error });
        })
        .finally(() => (working = null));
    },
    async idle() {
      while (working !== null) await working;
      await durable;
    },
    async park() {
      while (working !== null) await working;
      if (call !== null && is('running')) checkpoint(call);
      await durable;
    },
    sweep() {
      if (working !== null) return;
      const hasStoodStill = lastPosition === sweptPosition;
      sweptPosition = lastPosition;
      if (!hasStoodStill) return;
      if (is('over')) onOver();
      else if (call !== null && lastPosition !== savedPosition) checkpoint(call);
    },
    drop() {
      stage = 'dropped';
      queue = [];
      call = null;
      measuring = null;
      fresh = [];
    },
    get isRunning() {
      return stage === 'new' || stage === 'running';
    },
  };
}
