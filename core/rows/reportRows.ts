/** What others report, as it came: rows of `reported_events` and `reported_scores`. Texts are under the tenant's policy by now. */
import type { Score } from '../events/score.ts';
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { TableRow } from './tables.ts';
import { utcMicros } from './utc.ts';

export const reportedEventRow = (event: SpeechEvent): TableRow => ({
  table: 'reported_events',
  row: {
    tenant: event.tenant,
    call_key: event.callKey,
    id: event.id,
    version: -Math.round(event.receivedAtMs * 1_000),
    type: event.type,
    role: event.role,
    source: event.source,
    clock: event.clock,
    occurred_at: event.occurredAtMs === null ? null : utcMicros(event.occurredAtMs),
    received_at: utcMicros(event.receivedAtMs),
    stream_id: event.streamId,
    start_ms: event.startMs,
    end_ms: event.endMs,
    text: event.text,
    confidence: event.confidence,
    language: event.language,
    word_texts: event.words.map(({ text }) => text),
    word_starts_ms: event.words.map(({ startMs }) => startMs),
    word_ends_ms: event.words.map(({ endMs }) => endMs),
    word_confidences: event.words.map(({ confidence }) => confidence),
    turn_id: event.turnId,
    turn_index: event.turnIndex,
    segment_id: event.segmentId,
    request_id: event.requestId,
    item_id: event.itemId,
    provider: event.provider,
    model: event.model,
    voice: event.voice,
    trace_id: event.traceId,
    span_id: event.spanId,
    cancelled: event.isCancelled,
    metrics: event.metrics,
    attributes: event.attributes,
  },
});

export const reportedScoreRow = (score: Score): TableRow => ({
  table: 'reported_scores',
  row: {
    tenant: score.tenant,
    call_key: score.callKey,
    trace_id: score.traceId,
    id: score.id,
    version: Math.round(score.receivedAtMs * 1_000),
    name: score.name,
    value: score.value,
    label: score.label,
    explanation: score.explanation,
    source: score.source,
    span_id: score.spanId,
    turn_id: score.turnId,
    turn_index: score.turnIndex,
    media_ms: score.mediaMs,
    received_at: utcMicros(score.receivedAtMs),
  },
});
