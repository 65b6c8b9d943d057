/** The analyze role: takes this process's share of the calls' logs from the bus and runs each call on its own runner. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bus, CallName, TakenEntry } from '../../adapters/bus/bus.ts';
import { whenTaken } from '../../adapters/bus/waiting.ts';
import type { CallState, CallStates, FoundState } from '../../adapters/clickhouse/callStates.ts';
import { RowRefused, type RowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import { callKeyOf } from '../../core/facts/callKey.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { ModelBatcher } from '../../core/inference/windowModel.ts';
import { factRows } from '../../core/rows/factRows.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import type { InvalidInput } from '../../core/units/errors.ts';
import { everyInterval, type Every } from '../every.ts';
import { createCallRunner, type CallRunner } from './callRunner.ts';
import type { Begun, RunnerPorts } from './runnerPorts.ts';

export interface AnalyzerOptions {
  readonly bus: Bus;
  readonly batcher: ModelBatcher;
  readonly writer: Pick<RowWriter, 'append'>;
  readonly states: CallStates;
  /** A call's state is saved after so much of its audio. */
  readonly stateEveryMs: number;
  readonly hooks?: AnalyzerHooks;
  /** The only timer of its own; `setInterval` unless a test drives it. */
  readonly every?: Every;
}

export interface AnalyzerHooks {
  readonly onTaken?: (entry: TakenEntry) => void;
  /** A call's state is durable, and so many bytes long. */
  readonly onSaved?: (saved: { call: CallName; bytes: number; tookMs: number }) => void;
  readonly onFact?: (fact: Fact) => void;
  readonly onFailure?: (failure: { call: CallName; error: Error }) => void;
  readonly onLostState?: (loss: { call: CallName; error: InvalidInput }) => void;
  /** A call came here; `loadMs`: how long its saved state was looked for. */
  readonly onBegun?: (begun: { call: CallName; how: Begun; loadMs: number }) => void;
  /** What was saved of a call could not be asked for; it is asked again. */
  readonly onLoadRetry?: (retry: { call: CallName; error: Error }) => void;
  /** These calls are another process's now. */
  readonly onRevoked?: (calls: readonly CallName[]) => void;
}

export interface Analyzer {
  readonly activeCalls: number;
  /**
   * Saves the states of the running calls and stops; their clients go on with whoever starts next. What the store does not
   * take within `drainMsMax` is left to be analysed again.
   */
  close(drainMsMax?: number): Promise<void>;
}

/** A call that stands still is saved when it was found so twice, so that what holds the log back is short-lived. */
const SWEEP_EVERY_MS = 2_500;
const LOAD_PAUSE_MS = 250;
const DRAIN_MS_MAX = 10_000;

export function createAnalyzer(options: AnalyzerOptions): Analyzer {
  const { bus, batcher, writer, states, hooks = {} } = options;
  const runners = new Map<string, CallRunner>();
  const stopping = new AbortController();
  const stopped = new AbortController();
  const startedLoadingMs = new Map<string, number>();

  const ports: RunnerPorts = {
    batcher,
    load: loadPatiently,
    store: (facts, call) => appendPatiently(facts.flatMap((fact) => factRows(fact, call))),
    record: recordOrTell,
    save: saveTimed,
    commit: ({ tenant, callId }, position) => bus.commit(tenant, callId, position),
    tell(fact, time) {
      bus.publishFact(fact);
      if (time === 'first') hooks.onFact?.(fact);
    },
    begun(call, how) {
      const loadMs = performance.now() - (startedLoadingMs.get(callKeyOf(call)) ?? performance.now());
      startedLoadingMs.delete(callKeyOf(call));
      hooks.onBegun?.({ call, how, loadMs });
    },
    report(failure) {
      // What is left at the end was not committed: whoever goes on has it again.
      if (failure.error !== stopping.signal.reason && !stopped.signal.aborted) hooks.onFailure?.(failure);
    },
    reportLost: (loss) => hooks.onLostState?.(loss),
  };

  /** Without knowing what is saved, nothing can be said of a call: its log waits until the store answers. */
  async function loadPatiently(call: CallName): Promise<FoundState | null> {
    startedLoadingMs.set(callKeyOf(call), performance.now());
    for (;;) {
      stopping.signal.throwIfAborted();
      try {
        return await states.load(call.tenant, call.callId);
      } catch (error) {
        stopping.signal.throwIfAborted();
        hooks.onLoadRetry?.({ call, error: error as Error });
        await pause(LOAD_PAUSE_MS);
      }
    }
  }

  async function saveTimed(call: CallName, saved: CallState): Promise<void> {
    const startedMs = performance.now();
    const row = states.row(call.tenant, call.callId, saved);
    await appendPatiently([row]);
    const bytes = row.table === 'call_states' ? row.row.state.length : 0;
    hooks.onSaved?.({ call, bytes, tookMs: performance.now() - startedMs });
  }

  /** What cannot be kept of a report, at whatever time, costs the report: told of, and never the call. */
  async function recordOrTell(events: readonly SpeechEvent[], call: CallName): Promise<void> {
    try {
      await patiently(() => bus.publishReports({ tenant: call.tenant, events, spans: [], scores: [] }));
    } catch (error) {
      ports.report({ call, error: error as Error });
    }
  }

  /** A full writer holds commits back, and with them, through the bus, whoever sends. */
  async function appendPatiently(rows: readonly TableRow[]): Promise<void> {
    try {
      await patiently(() => writer.append(rows));
    } catch (error) {
      // One bad row holds up neither its call nor, on a shared log, the others'. The writer has told of it.
      if (!(error instanceof RowRefused)) throw error;
    }
  }

  /** What nobody takes any more is not waited for, or the process would not end. */
  const patiently = (write: () => Promise<void>): Promise<void> => whenTaken(write, () => !stopped.signal.aborted);

  function take(entry: TakenEntry): void {
    // Not committed, so it comes again to whoever goes on.
    if (stopping.signal.aborted) return;
    hooks.onTaken?.(entry);
    const key = callKeyOf(entry);
    const runner = runners.get(key) ?? createRunner(entry, key);
    runner.take(entry);
  }

  function createRunner({ tenant, callId }: CallName, key: string): CallRunner {
    const isOver = (): void => {
      if (runners.get(key) === runner) runners.delete(key);
    };
    const runner = createCallRunner({ tenant, callId }, ports, options.stateEveryMs, isOver);
    runners.set(key, runner);
    return runner;
  }

  function revoked(calls: readonly CallName[]): void {
    const known = calls.filter((call) => runners.has(callKeyOf(call)));
    for (const call of known) {
      const key = callKeyOf(call);
      runners.get(key)?.drop();
      runners.delete(key);
      startedLoadingMs.delete(key);
    }
    hooks.onRevoked?.(known);
  }

  bus.consume({ take, revoked });
  const stopSweeping = (options.every ?? everyInterval)(SWEEP_EVERY_MS, () => {
    for (const runner of runners.values()) runner.sweep();
  });
  return {
    get activeCalls() {
      let count = 0;
      for (const runner of runners.values()) if (runner.isRunning) count += 1;
      return count;
    },
    async close(drainMsMax = DRAIN_MS_MAX) {
      stopSweeping();
      stopping.abort();
      const parked = Promise.all([...runners.values()].map((runner) => runner.park()));
      const tooLate = new AbortController();
      await Promise.race([parked, pause(drainMsMax, undefined, { signal: tooLate.signal }).catch(() => undefined)]);
      tooLate.abort();
      for (const runner of runners.values()) runner.drop();
      stopped.abort();
    },
  };
}
