/**
 * The register of metrics: each name once, with kind, unit and meaning. Names follow Prometheus convention; label values
 * are bounded, so never a call id. Counted per message or per batch, never per frame.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Conversational latencies lie between 0.2 and 3 s; the buckets are densest there. */
const LATENCY_BUCKETS_S = [0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 8];
const WORK_BUCKETS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

export interface Metrics {
  readonly registry: Registry;
  readonly messages: Counter<'protocol'>;
  readonly bytes: Counter<'protocol'>;
  readonly errors: Counter<'code'>;
  readonly facts: Counter<'kind'>;
  readonly gapSeconds: Counter<'reason'>;
  readonly callsEnded: Counter<'reason'>;
  readonly responseLatency: Histogram<string>;
  readonly interruptionLatency: Histogram<string>;
  readonly batchRows: Histogram<'kind'>;
  readonly queueDelay: Histogram<'kind'>;
  readonly runSeconds: Counter<'kind'>;
  readonly shedWindows: Counter<'model'>;
  readonly reports: Counter<'kind'>;
  readonly joinDuration: Histogram<string>;
  readonly insertDuration: Histogram<'table'>;
  readonly rowsWritten: Counter<'table'>;
  readonly insertRetries: Counter<string>;
  readonly badRows: Counter<'table'>;
  /** Reads a value whenever the metrics are scraped. */
  gauge(name: string, help: string, read: () => number): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'earshot_' });
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
    new Counter({ name: `earshot_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: Label[] = [],
  ): Histogram<Label> => new Histogram({ name: `earshot_${name}`, help, buckets, labelNames, registers });

  return {
    registry,
    messages: counter('ingest_messages_total', 'Messages taken from sockets', ['protocol']),
    bytes: counter('ingest_bytes_total', 'Bytes taken from sockets', ['protocol']),
    errors: counter('errors_total', 'Errors told to senders or met inside, by code', ['code']),
    facts: counter('facts_total', 'Facts told, provisional ones included', ['kind']),
    gapSeconds: counter('audio_gap_seconds_total', 'Audio that never came or came too late', ['reason']),
    callsEnded: counter('calls_ended_total', 'Calls that ended, by reason', ['reason']),
    responseLatency: histogram(
      'response_latency_seconds',
      "Caller's end of speech to the agent's onset",
      LATENCY_BUCKETS_S,
    ),
    interruptionLatency: histogram(
      'interruption_latency_seconds',
      "Caller's onset to the agent's silence, where the agent yielded",
      LATENCY_BUCKETS_S,
    ),
    batchRows: histogram(
      'inference_batch_rows',
      'Rows of different calls in one model run',
      [1, 2, 4, 8, 16, 32, 64, 128],
      ['kind'],
    ),
    queueDelay: histogram('inference_queue_delay_seconds', 'Wait of the first row of a batch', WORK_BUCKETS_S, [
      'kind',
    ]),
    runSeconds: counter('inference_run_seconds_total', 'Time that workers ran models: speech models, windows', [
      'kind',
    ]),
    shedWindows: counter('inference_shed_windows_total', 'Windows that overload left without a model', ['model']),
    reports: counter('reports_total', 'Events, spans and scores that were taken', ['kind']),
    joinDuration: histogram('join_duration_seconds', 'One round of joining calls with their reports', WORK_BUCKETS_S),
    insertDuration: histogram('store_insert_duration_seconds', 'One insert', WORK_BUCKETS_S, ['table']),
    rowsWritten: counter('store_rows_written_total', 'Rows that are durable', ['table']),
    insertRetries: counter('store_insert_retries_total', 'Inserts that failed and were tried again', []),
    badRows: counter('store_bad_rows_total', 'Rows that the store refused for their content', ['table']),
    gauge(name, help, read) {
      new Gauge({
        name: `earshot_${name}`,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
  };
}
