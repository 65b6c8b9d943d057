/** What joining gives, as rows: events, requests and scores in their place on the timeline of their call. */
import type { AlignedEvent, AlignedRequest, AlignedScore, Place } from '../join/joined.ts';
import type { SampleIndex } from '../units/time.ts';
import type { TableRow } from './tables.ts';
import { utc, utcMicros } from './utc.ts';

/** The call that the rows belong to. */
export interface JoinedCall {
  readonly tenant: string;
  readonly callId: string;
  readonly startedAtMs: number;
  readonly wallMsOf: (sample: SampleIndex) => number;
}

export const callEventRow = (aligned: AlignedEvent, call: JoinedCall, revision: number): TableRow => {
  const { event } = aligned;
  return {
    table: 'call_events',
    row: {
      ...callColumns(call),
      id: event.id,
      revision,
      type: event.type,
      role: event.role,
      source: event.source,
      clock: event.clock,
      ...placeColumns(aligned, call, event.receivedAtMs),
      occurred_at: event.occurredAtMs === null ? null : utcMicros(event.occurredAtMs),
      received_at: utcMicros(event.receivedAtMs),
      text: event.text,
      confidence: event.confidence,
      turn_id: event.turnId,
      segment_id: event.segmentId,
      request_id: event.requestId,
      provider: event.provider,
      model: event.model,
      voice: event.voice,
      trace_id: event.traceId,
      span_id: event.spanId,
      cancelled: event.isCancelled,
      metrics: event.metrics,
      attributes: event.attributes,
    },
  };
};

export const callRequestRow = (aligned: AlignedRequest, call: JoinedCall, revision: number): TableRow => {
  const { request } = aligned;
  return {
    table: 'call_requests',
    row: {
      ...callColumns(call),
      trace_id: request.traceId,
      span_id: request.spanId,
      parent_span_id: request.parentSpanId,
      revision,
      kind: request.kind,
      name: request.name,
      service_name: request.serviceName,
      clock: request.clock,
      ...placeColumns(aligned, call, request.startMs),
      started_at: utcMicros(request.startMs),
      duration_ms: request.durationMs,
      provider: request.provider,
      model: request.model,
      voice: request.voice,
      tool: request.tool,
      role: request.role,
      input_tokens: request.inputTokens,
      output_tokens: request.outputTokens,
      cached_tokens: request.cachedTokens,
      input_audio_tokens: request.inputAudioTokens,
      output_audio_tokens: request.outputAudioTokens,
      characters: request.characters,
      audio_ms: request.audioMs,
      cost_usd: request.costUsd,
      time_to_first_ms: request.timeToFirstMs,
      cancelled: request.isCancelled,
      failed: request.isError,
      error_type: request.errorType,
      turn_id: request.turnId,
      metrics: request.metrics,
    },
  };
};

export const callScoreRow = (aligned: AlignedScore, call: JoinedCall, revision: number): TableRow => {
  const { score, startSample, endSample, turnIndex } = aligned;
  return {
    table: 'call_scores',
    row: {
      ...callColumns(call),
      id: score.id,
      revision,
      name: score.name,
      value: score.value,
      label: score.label,
      explanation: score.explanation,
      source: score.source,
      ts: utc(startSample === null ? score.receivedAtMs : call.wallMsOf(startSample)),
      start_sample: startSample,
      end_sample: endSample,
      turn_index: turnIndex,
      turn_id: score.turnId,
      trace_id: score.traceId,
      span_id: score.spanId,
      received_at: utcMicros(score.receivedAtMs),
    },
  };
};

const callColumns = ({ tenant, callId, startedAtMs }: JoinedCall) => ({
  tenant,
  call_id: callId,
  call_started_at: utc(startedAtMs),
});

/** `toldMs` stands for the wall time of what has no place. */
const placeColumns = (place: Place, { wallMsOf }: JoinedCall, toldMs: number) => ({
  ts: utc(place.startSample === null ? toldMs : wallMsOf(place.startSample)),
  start_sample: place.startSample,
  end_sample: place.endSample,
  correction_ms: place.correctionMs,
  placed_by: place.placedBy,
});
