/**
 * Runs one call: takes its log entry by entry, waits for the speech model's scores, hands facts on, and every few seconds
 * of audio saves the call's state behind its rows. Only then is the log committed: what is committed is durable.
 */
import type { LogEntry } from '../../adapters/bus/bus.ts';
import { CALL_STATE_VERSION, createCall, type Call, type Ending } from '../../core/call/call.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { ModelBatcher } from '../../core/inference/windowModel.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { samplesFromMs } from '../../core/units/time.ts';
import { createMeasuring, type Measuring } from './measuring.ts';

export interface SavedCall {
  readonly seq: number;
  readonly stateVersion: number;
  readonly ended: boolean;
  readonly state: unknown;
}

export interface FoundCall extends Omit<SavedCall, 'state'> {
  /** Throws InvalidInput `state_unreadable`. */
  open(): unknown;
}

/** What a runner needs of the world around it. */
export interface RunnerPorts {
  readonly batcher: ModelBatcher;
  load(call: OpenCall): Promise<FoundCall | null>;
  /** Resolves when the facts' rows are durable. */
  store(facts: readonly Fact[], call: OpenCall): Promise<void>;
  /** Resolves when what the sender reported is durable. */
  record(events: readonly SpeechEvent[], call: OpenCall): Promise<void>;
  /** Resolves when the state is durable; called after the rows before it are. */
  save(call: OpenCall, saved: SavedCall): Promise<void>;
  commit(call: OpenCall, seq: number): void;
  tell(fact: Fact): void;
  report(failure: { call: OpenCall; error: Error }): void;
  /** The call's saved state cannot be read; it begins anew. */
  reportLost(loss: { call: OpenCall; error: InvalidInput }): void;
}

export interface CallRunner {
  take(entry: LogEntry): void;
  /** Resolves when everything taken has been worked off. */
  idle(): Promise<void>;
  /** Saves the state now, so that another process can go on from here. */
  park(): Promise<void>;
  readonly waitingEntries: number;
}

/** Resolves `onEnded` once the call has ended and everything of it is durable. */
export function createCallRunner(
  open: OpenCall,
  ports: RunnerPorts,
  stateEveryMs: number,
  onEnded: () => void,
): CallRunner {
  const stateEverySamples = samplesFromMs(stateEveryMs);
  let call: Call | null = null;
  let measuring: Measuring | null = null;
  let queue: LogEntry[] = [];
  let working: Promise<void> | null = null;
  let lastSeq = -2;
  let savedSamples = 0;
  let ended = false;
  let fresh: Fact[] = [];
  /** The last of the chain rows -> state -> commit. */
  let durable: Promise<void> = Promise.resolve();

  const emit = (fact: Fact): void => {
    fresh.push(fact);
    ports.tell(fact);
  };

  async function work(): Promise<void> {
    while (queue.length > 0) {
      const entries = queue;
      queue = [];
      for (const entry of entries) await takeEntry(entry);
      if (!ended) await score();
      measuring?.start();
      storeFresh();
      if (!ended && call !== null && call.heardSamples - savedSamples >= stateEverySamples) checkpoint(call);
    }
  }

  async function takeEntry(entry: LogEntry): Promise<void> {
    const isRepeat = !entry.own && entry.seq <= lastSeq;
    if (ended || isRepeat) {
      if (ended) durable = durable.then(() => ports.commit(open, entry.seq));
      return;
    }
    lastSeq = entry.seq;
    try {
      if (entry.message.type === 'open') await begin();
      else if (entry.message.type === 'close') await finish(entry.message);
      else if (entry.message.type === 'report') chain(ports.record(entry.message.events, open));
      else call?.push(entry.message, emit);
    } catch (error) {
      await fail(error as Error);
    }
  }

  async function begin(): Promise<void> {
    const found = await ports.load(open);
    // What is durable is never taken again, be its state readable or not.
    if (found !== null) lastSeq = found.seq;
    if (found?.ended === true) {
      ended = true;
      durable = durable.then(onEnded);
      return;
    }
    call = createCall(open, ports.batcher.formats);
    measuring = createMeasuring(call, ports.batcher, emit, storeFresh);
    if (found === null) call.start(emit);
    else goOn(call, found);
  }

  function goOn(begun: Call, found: FoundCall): void {
    try {
      begun.load(stateOf(found));
      savedSamples = begun.heardSamples;
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      ports.reportLost({ call: open, error });
      begun.startAnew(emit);
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
    const { reason, errorCode, errorText } = ending;
    call?.end({ reason, errorCode, errorText }, emit);
    close();
  }

  /** A broken contract ends the call as the sender's fault, a bug as ours; no other call notices either. */
  async function fail(error: Error): Promise<void> {
    const isInput = error instanceof InvalidInput;
    if (!isInput) ports.report({ call: open, error });
    const errorCode = isInput ? error.code : 'call_failed';
    try {
      await finish({ reason: isInput ? 'invalid_input' : 'failed', errorCode, errorText: error.message });
    } catch (second) {
      ports.report({ call: open, error: second as Error });
      close();
    }
  }

  function close(): void {
    ended = true;
    call = null;
    measuring = null;
    storeFresh();
    const seq = lastSeq;
    save({ seq, stateVersion: CALL_STATE_VERSION, ended: true, state: null });
    durable = durable.then(onEnded);
  }

  function storeFresh(): void {
    if (fresh.length === 0) return;
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
    savedSamples = running.heardSamples;
    save({ seq: lastSeq, stateVersion: CALL_STATE_VERSION, ended: false, state: running.save() });
  }

  function save(saved: SavedCall): void {
    durable = durable
      .then(() => ports.save(open, saved))
      .then(() => ports.commit(open, saved.seq))
      .catch((error: Error) => ports.report({ call: open, error }));
  }

  return {
    take(entry) {
      queue.push(entry);
      working ??= work()
        .catch((error: Error) => ports.report({ call: open, error }))
        .finally(() => (working = null));
    },
    async idle() {
      while (working !== null) await working;
      await durable;
    },
    async park() {
      while (working !== null) await working;
      if (call !== null && !ended) checkpoint(call);
      await durable;
    },
    get waitingEntries() {
      return queue.length;
    },
  };
}

function stateOf(found: FoundCall): unknown {
  if (found.stateVersion === CALL_STATE_VERSION) return found.open();
  throw new InvalidInput('state_unreadable', {
    expected: `a state of version ${CALL_STATE_VERSION}`,
    got: `version ${found.stateVersion}`,
  });
}
