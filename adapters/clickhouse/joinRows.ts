/** Rows of the store read back into what joining takes: facts, events and scores, as they were written. */
import type { Score } from '../../core/events/score.ts';
import type { EventType, SpeechEvent } from '../../core/events/speechEvent.ts';
import type { InterruptionOutcome } from '../../core/facts/facts.ts';
import type { Channel } from '../../core/units/channel.ts';

/** Times are Unix microseconds as text where a number would not hold them. */
export interface FactRow {
  readonly tenant: string;
  readonly call_id: string;
  readonly kind: 'speech' | 'turn' | 'response' | 'interruption' | 'agent_text' | 'call_started' | 'call_ended';
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
