/** The analyze role: takes the log of all calls from the bus and runs each call on its own runner. */
import type { Bus, LogEntry } from '../../adapters/bus/bus.ts';
import type { CallStates } from '../../adapters/clickhouse/callStates.ts';
import type { RowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { ModelBatcher } from '../../core/inference/windowModel.ts';
import { factRows } from '../../core/rows/factRows.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { Busy, type InvalidInput } from '../../core/units/errors.ts';
import { createCallRunner, type CallRunner, type RunnerPorts } from './callRunner.ts';

export interface AnalyzerOptions {
  readonly bus: Bus;
  readonly batcher: ModelBatcher;
  readonly writer: RowWriter;
  readonly states: CallStates;
  /** A call's state is saved after so much of its audio. */
  readonly stateEveryMs: number;
  readonly onFact?: (fact: Fact) => void;
  readonly onFailure?: (failure: { call: OpenCall; error: Error }) => void;
  readonly onLostState?: (loss: { call: OpenCall; error: InvalidInput }) => void;
}

export interface Analyzer {
  readonly activeCalls: number;
  /** Saves the states of the running calls and stops; their clients go on with whoever starts next. */
  close(): Promise<void>;
}

export function createAnalyzer(options: AnalyzerOptions): Analyzer {
  const { bus, batcher, writer, states } = options;
  const runners = new Map<string, CallRunner>();
  let isStopping = false;

  const ports: RunnerPorts = {
    batcher,
    load: (call) => states.load(call.tenant, call.callId),
    store: (facts, call) => appendPatiently(facts.flatMap((fact) => factRows(fact, call))),
    record: (events, { tenant }) => patiently(() => bus.publishReports({ tenant, events, spans: [], scores: [] })),
    save: (call, saved) => appendPatiently([states.row(call.tenant, call.callId, saved)]),
    commit: (call, seq) => bus.commit(call.tenant, call.callId, seq),
    tell(fact) {
      bus.publishFact(fact);
      options.onFact?.(fact);
    },
    report: (failure) => options.onFailure?.(failure),
    reportLost: (loss) => options.onLostState?.(loss),
  };

  /** A full writer holds commits back, and with them, through the bus, whoever sends. */
  const appendPatiently = (rows: readonly TableRow[]): Promise<void> => patiently(() => writer.append(rows));

  async function patiently(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof Busy)) throw error;
        const { retryAfterMs } = error;
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
      }
    }
  }

  function take(entry: LogEntry): void {
    // Not acknowledged, so its sender brings it again to whoever goes on.
    if (isStopping) return;
    const key = `${entry.tenant}\u0000${entry.callId}`;
    if (entry.message.type === 'open' && !runners.has(key)) {
      const runner = createCallRunner(entry.message.call, ports, options.stateEveryMs, () => runners.delete(key));
      runners.set(key, runner);
    }
    const runner = runners.get(key);
    // Ingest opens every call it speaks of; what comes after its end is repeats.
    if (runner === undefined) bus.commit(entry.tenant, entry.callId, entry.seq);
    else runner.take(entry);
  }

  bus.consume({ take });
  return {
    get activeCalls() {
      return runners.size;
    },
    async close() {
      isStopping = true;
      await Promise.all([...runners.values()].map((runner) => runner.park()));
    },
  };
}
