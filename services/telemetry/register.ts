/**
 * The register of metrics: each once, with its kind, name, meaning and labels. Names follow the conventions of Prometheus: base
 * units, `_total` on counters, label values that are bounded, so never a call id or a tenant. docs/metrics.md is checked
 * against it, and so are the alerts. Counted per message or per batch, never per frame.
 */
import { END_REASONS, FACT_KINDS, GAP_REASONS } from '../../core/facts/facts.ts';
import { TABLES } from '../../core/rows/tables.ts';
import { ERROR_CODES } from '../../core/units/errors.ts';

/** Values that are known begin at 0, so that the first of a kind is seen as an increase; null: bounded, but not known here. */
export type LabelValues = readonly string[] | null;

export interface Spec<Kind extends 'counter' | 'gauge' | 'histogram', Label extends string> {
  readonly kind: Kind;
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<Label, LabelValues>>;
  /** Of a histogram, in the unit of its name. */
  readonly buckets: readonly number[];
}

type Labels<Label extends string> = Readonly<Record<Label, LabelValues>>;

const counter = <Label extends string = never>(
  name: string,
  help: string,
  labels = {} as Labels<Label>,
): Spec<'counter', Label> => ({ kind: 'counter', name: `earshot_${name}`, help, labels, buckets: [] });
const gauge = (name: string, help: string): Spec<'gauge', never> => ({
  kind: 'gauge',
  name: `earshot_${name}`,
  help,
  labels: {},
  buckets: [],
});
const histogram = <Label extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  labels = {} as Labels<Label>,
): Spec<'histogram', Label> => ({ kind: 'histogram', name: `earshot_${name}`, help, labels, buckets });

/** Conversational latencies lie between 0.2 and 3 s; the buckets are densest there. */
const LATENCY_BUCKETS_S = [0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 8];
const WORK_BUCKETS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
/** From a calm bus to an outage that a log survives. */
const DELAY_BUCKETS_S = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800];

/** Why a call, a socket or a request was not let in. */
export const REFUSALS = ['calls_full', 'sockets_full', 'overloaded', 'directory_away', 'bus_full', 'stopping'] as const;
export type Refusal = (typeof REFUSALS)[number];
/** How a session of ingest began: of a new call, or of one that another process, or this one before, had taken in. */
export const SESSION_BEGINNINGS = ['new', 'resumed_here', 'resumed_elsewhere'] as const;
/** What a worker found of a call that came to it. */
export const BEGINNINGS = ['new', 'taken_over', 'anew', 'ended', 'orphan'] as const;
export const TOPICS = ['log', 'events', 'spans', 'scores', 'facts'] as const;

export const REGISTER = {
  messages: counter('ingest_messages_total', 'Messages taken from sockets', { protocol: ['earshot', 'twilio'] }),
  bytes: counter('ingest_bytes_total', 'Bytes taken from sockets', { protocol: ['earshot', 'twilio'] }),
  openSockets: gauge('ingest_open_sockets', 'Sockets that are open, whether a call is told over them or not'),
  activeCalls: gauge('active_calls', 'Calls being taken in, those included whose clients may come back'),
  callsLimit: gauge('ingest_calls_limit', 'Calls that are taken at once, EARSHOT_CALLS_MAX'),
  sessions: counter('ingest_sessions_total', 'Sessions of calls that began, by how', { how: SESSION_BEGINNINGS }),
  refusals: counter('ingest_refusals_total', 'Calls, sockets and requests that were not let in, by reason', {
    reason: REFUSALS,
  }),
  reports: counter('reports_total', 'Events, spans and scores that were taken', { kind: ['event', 'span', 'score'] }),
  errors: counter('errors_total', 'Errors told to senders or met inside, by code', {
    code: Object.keys(ERROR_CODES),
  }),

  busPublished: counter('bus_entries_published_total', 'Log entries that cannot be lost any more'),
  busHandedOut: counter('bus_entries_handed_out_total', 'Log entries given to the analysis, repeats included'),
  busPendingBytes: gauge(
    'bus_pending_bytes',
    'Bytes taken in and not yet with the brokers; without Kafka, not yet durable',
  ),
  busPendingLimitBytes: gauge('bus_pending_limit_bytes', 'What those may be at most; beyond it sockets are paused'),
  busUncommittedBytes: gauge('bus_uncommitted_bytes', 'Bytes of log handed out and not yet durable'),
  busLagEntries: gauge('bus_lag_entries', "Entries of this process's partitions that were not handed out yet"),
  busAssignments: counter('bus_assignments_total', 'Times that this process was given its share of the partitions'),
  busAssignedPartitions: gauge('bus_assigned_partitions', 'Partitions of the log that this process has'),
  busDeadLetters: counter('bus_dead_letters_total', 'Records that could not be read and were put aside, by topic', {
    topic: TOPICS,
  }),
  busHoles: counter('bus_holes_total', 'Stretches of log that the brokers no longer had when they were to be read'),
  busHoleEntries: counter('bus_hole_entries_total', 'Entries in those stretches'),
  busStuckClients: counter('bus_stuck_clients_total', 'Kafka clients that stood still and were replaced'),
  busTroubles: counter('bus_troubles_total', 'Errors that the Kafka client reported or that were met around it'),
  busDroppedFacts: counter('bus_dropped_facts_total', 'Facts that the feed had no room for; their rows are written'),

  analysedCalls: gauge('analysed_calls', 'Calls being analysed'),
  analysisDelay: histogram(
    'analysis_delay_seconds',
    'From the arrival of an audio message at ingest to its being given to the analysis, by the clocks of both',
    DELAY_BUCKETS_S,
  ),
  callsBegun: counter('analysis_calls_begun_total', 'Calls that came to this worker, by what was found of them', {
    how: BEGINNINGS,
  }),
  callsRevoked: counter('analysis_calls_revoked_total', 'Calls that were let go because they are now others'),
  stateLoadDuration: histogram(
    'state_load_duration_seconds',
    'Looking for the saved state of a call, retries included',
    DELAY_BUCKETS_S,
  ),
  stateLoadRetries: counter(
    'state_load_retries_total',
    'Saved states that could not be asked for and were asked again',
  ),
  replayedSeconds: counter(
    'takeover_replayed_audio_seconds_total',
    'Audio that had arrived before its call was taken over and was analysed after: again, or late',
  ),
  stateSaveDuration: histogram(
    'state_save_duration_seconds',
    'Saving a state of a call, from its making to its being durable; the count is that of states saved',
    DELAY_BUCKETS_S,
  ),
  stateSavedBytes: counter('state_saved_bytes_total', 'Bytes of saved states, sealed'),
  facts: counter('facts_total', 'Facts told, provisional ones included', { kind: FACT_KINDS }),
  gapSeconds: counter('audio_gap_seconds_total', 'Audio that never came, came too late or was not analysed', {
    reason: GAP_REASONS,
  }),
  callsEnded: counter('calls_ended_total', 'Calls that ended, by reason', { reason: END_REASONS }),
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
    { kind: ['speech', 'windows'] },
  ),
  queueDelay: histogram('inference_queue_delay_seconds', 'Wait of the first row of a batch', WORK_BUCKETS_S, {
    kind: ['speech', 'windows'],
  }),
  queueDelayNow: gauge('inference_queue_delay_now_seconds', 'Wait of the oldest row now'),
  runSeconds: counter('inference_run_seconds_total', 'Time that workers ran models: speech models, windows', {
    kind: ['speech', 'windows'],
  }),
  shedWindows: counter('inference_shed_windows_total', 'Windows that overload left without a model', { model: null }),

  joinDuration: histogram('join_duration_seconds', 'One round of joining calls with their reports', WORK_BUCKETS_S),
  joinedCalls: counter('joined_calls_total', 'Calls joined with their reports, each time anew'),
  joinFailures: counter('join_failures_total', 'Calls that could not be joined and are tried again'),
  unjoinedCalls: gauge('unjoined_calls', 'Calls that something came of and that are not joined yet'),
  heldTextBytes: gauge('held_text_bytes', 'Texts of running calls in memory'),

  insertDuration: histogram('store_insert_duration_seconds', 'One insert', WORK_BUCKETS_S, {
    table: Object.keys(TABLES),
  }),
  rowsWritten: counter('store_rows_written_total', 'Rows that are durable', { table: Object.keys(TABLES) }),
  insertRetries: counter('store_insert_retries_total', 'Inserts that failed and were tried again'),
  badRows: counter('store_bad_rows_total', 'Rows that the store refused for their content', {
    table: Object.keys(TABLES),
  }),
  pendingRows: gauge('store_pending_rows', 'Rows that wait for the store'),
  pendingRowsLimit: gauge('store_pending_rows_limit', 'What those may be at most; beyond it commits are held back'),
  pendingRowBytes: gauge('store_pending_bytes', 'Bytes of rows that wait for the store'),
  storeHealthy: gauge('store_healthy', '1: the store took what it was given last; 0: it did not'),
  outageSeconds: counter('store_outage_seconds_total', 'Time from a first failed insert to the next that went through'),
  catchUpDuration: histogram(
    'store_catch_up_duration_seconds',
    'From the first insert after an outage to what waits fitting into one batch',
    DELAY_BUCKETS_S,
  ),

  clockSeconds: gauge('clock_seconds', 'Wall clock of this process at the scrape, Unix time'),
  memoryLimitBytes: gauge('memory_limit_bytes', "Memory that this process may have: its container's, or the machine's"),
  tracedSpans: counter('traces_spans_total', "Earshot's own spans, by what became of them", {
    outcome: ['sent', 'dropped', 'refused'],
  }),
} as const;
