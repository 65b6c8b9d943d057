/** Rows of the store read back into what joining takes: facts, events, spans and scores, as they were written. */
import type { Score } from '../../core/events/score.ts';
import type { EventType, SpeechEvent } from '../../core/events/speechEvent.ts';
import type { InterruptionOutcome } from '../../core/facts/facts.ts';
import type { Span } from '../../core/spans/span.ts';
import type { Channel } from '../../core/units/channel.ts';

/** Times are Unix microseconds as text where a number would not hold them. */
export interface FactRow {
  readonly tenant: string;
  readonly call_id: string;
  readonly kind: 'speech' | 'turn' | 'response' | 'interruption' | 'call_started' | 'call_ended';
  readonly channel: Channel | '';
  readonly status: 'provisional' | 'final';
  readonly revision: number;
  readonly start_sample: number;
  readonly end_sample: number | null;
  readonly outcome: InterruptionOutcome | '';
  readonly turn_index: number | null;
  readonly ts_ms: number;
}

export const FACT_FIELDS = `tenant, call_id, kind, channel, status, revision, start_sample, end_sample, outcome, turn_index,
  toUnixTimestamp64Milli(ts) AS ts_ms`;

export interface EventRow {
  readonly tenant: string;
  readonly call_key: string;
  readonly id: string;
  readonly type: EventType;
  readonly role: Channel | '';
  readonly source: string;
  readonly clock: string;
  readonly occurred_us: string | null;
  readonly received_us: string;
  readonly stream_id: string;
  readonly start_ms: number | null;
  readonly end_ms: number | null;
  readonly text: string;
  readonly confidence: number | null;
  readonly language: string;
  readonly word_texts: readonly string[];
  readonly word_starts_ms: readonly number[];
  readonly word_ends_ms: readonly number[];
  readonly word_confidences: readonly (number | null)[];
  readonly turn_id: string;
  readonly turn_index: number | null;
  readonly segment_id: string;
  readonly request_id: string;
  readonly item_id: string;
  readonly provider: string;
  readonly model: string;
  readonly voice: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly cancelled: boolean;
  readonly metrics: Readonly<Record<string, number>>;
  readonly attributes: Readonly<Record<string, string>>;
}

export const EVENT_FIELDS = `* EXCEPT (version, occurred_at, received_at, stored_at),
  toString(toUnixTimestamp64Micro(occurred_at)) AS occurred_us, toString(toUnixTimestamp64Micro(received_at)) AS received_us`;

export const eventOfRow = (row: EventRow): SpeechEvent => ({
  id: row.id,
  tenant: row.tenant,
  callKey: row.call_key,
  type: row.type,
  role: row.role,
  source: row.source,
  clock: row.clock,
  occurredAtMs: row.occurred_us === null ? null : Number(row.occurred_us) / 1_000,
  receivedAtMs: Number(row.received_us) / 1_000,
  streamId: row.stream_id,
  startMs: row.start_ms,
  endMs: row.end_ms,
  text: row.text,
  confidence: row.confidence,
  language: row.language,
  words: row.word_texts.map((text, index) => ({
    text,
    startMs: row.word_starts_ms[index],
    endMs: row.word_ends_ms[index],
    confidence: row.word_confidences[index],
  })),
  turnId: row.turn_id,
  turnIndex: row.turn_index,
  segmentId: row.segment_id,
  requestId: row.request_id,
  itemId: row.item_id,
  provider: row.provider,
  model: row.model,
  voice: row.voice,
  traceId: row.trace_id,
  spanId: row.span_id,
  isCancelled: row.cancelled,
  metrics: row.metrics,
  attributes: row.attributes,
});

export interface SpanRow {
  readonly TraceId: string;
  readonly SpanId: string;
  readonly ParentSpanId: string;
  readonly TraceState: string;
  readonly SpanName: string;
  readonly SpanKind: string;
  readonly ServiceName: string;
  readonly ResourceAttributes: Readonly<Record<string, string>>;
  readonly ScopeName: string;
  readonly ScopeVersion: string;
  readonly SpanAttributes: Readonly<Record<string, string>>;
  readonly StatusCode: string;
  readonly StatusMessage: string;
  readonly start_ns: string;
  readonly duration_ns: string;
  readonly event_ns: readonly string[];
  readonly event_names: readonly string[];
  readonly event_attributes: readonly Readonly<Record<string, string>>[];
}

export const SPAN_FIELDS = `TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ResourceAttributes,
  ScopeName, ScopeVersion, SpanAttributes, StatusCode, StatusMessage, toString(toUnixTimestamp64Nano(Timestamp)) AS start_ns,
  toString(Duration) AS duration_ns, arrayMap(at -> toString(toUnixTimestamp64Nano(at)), Events.Timestamp) AS event_ns,
  Events.Name AS event_names, Events.Attributes AS event_attributes`;

/** Older exporters wrote SPAN_KIND_CLIENT and STATUS_CODE_ERROR. */
const wordOf = (text: string): string => {
  const word = text.replace(/^(SPAN_KIND|STATUS_CODE)_/, '').toLowerCase();
  return word.charAt(0).toUpperCase() + word.slice(1);
};

export const spanOfRow = (row: SpanRow): Span => ({
  tenant: tenantOfSpan(row.ResourceAttributes),
  traceId: row.TraceId,
  spanId: row.SpanId,
  parentSpanId: row.ParentSpanId,
  traceState: row.TraceState,
  name: row.SpanName,
  kind: wordOf(row.SpanKind) as Span['kind'],
  serviceName: row.ServiceName,
  resourceAttributes: row.ResourceAttributes,
  scopeName: row.ScopeName,
  scopeVersion: row.ScopeVersion,
  attributes: row.SpanAttributes,
  startNs: BigInt(row.start_ns),
  durationNs: BigInt(row.duration_ns),
  statusCode: wordOf(row.StatusCode) as Span['statusCode'],
  statusMessage: row.StatusMessage,
  events: row.event_names.map((name, index) => ({
    timeNs: BigInt(row.event_ns[index]),
    name,
    attributes: row.event_attributes[index],
  })),
  links: [],
});

/** Spans that a Collector wrote beside us name no tenant. */
export const tenantOfSpan = (resourceAttributes: Readonly<Record<string, string>>): string =>
  resourceAttributes['earshot.tenant'] ?? 'default';

export interface ScoreRow {
  readonly tenant: string;
  readonly call_key: string;
  readonly trace_id: string;
  readonly id: string;
  readonly name: string;
  readonly value: number | null;
  readonly label: string;
  readonly explanation: string;
  readonly source: string;
  readonly span_id: string;
  readonly turn_id: string;
  readonly turn_index: number | null;
  readonly media_ms: number | null;
  readonly received_us: string;
}

export const SCORE_FIELDS =
  '* EXCEPT (version, received_at, stored_at), toString(toUnixTimestamp64Micro(received_at)) AS received_us';

export const scoreOfRow = (row: ScoreRow): Score => ({
  id: row.id,
  tenant: row.tenant,
  callKey: row.call_key,
  name: row.name,
  value: row.value,
  label: row.label,
  explanation: row.explanation,
  source: row.source,
  traceId: row.trace_id,
  spanId: row.span_id,
  turnId: row.turn_id,
  turnIndex: row.turn_index,
  mediaMs: row.media_ms,
  receivedAtMs: Number(row.received_us) / 1_000,
});
