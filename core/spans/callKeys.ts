/**
 * Which call a span names, in the order in which the names are to be believed. Most spans name none: theirs is found by their
 * trace.
 */
import type { Span } from './span.ts';

export interface CallKey {
  /** The attribute that said it. */
  readonly source: string;
  readonly key: string;
}

/** deploy/clickhouse fills earshot.trace_calls by the same names; a test compares. */
export const CALL_ATTRIBUTES = [
  'call.id',
  'gen_ai.conversation.id',
  'session.id',
  'langfuse.session.id',
  'conversation.id',
  'voice.conversation.id',
  'traceloop.association.properties.call_id',
  'traceloop.association.properties.session_id',
  'ai.telemetry.metadata.sessionId',
  // Of a caller by telephone: the carrier's id, and that of the SIP call.
  'lk.sip.twilio.callSid',
  'lk.sip.callID',
  'lk.pii.room_name',
  'lk.room_name',
  'lk.room_sid',
  'room_id',
  'lk.job_id',
  'job_id',
] as const;

/** All hits, the best first; a span's own word goes before its resource's. */
export function callKeysOf(span: Span): CallKey[] {
  return CALL_ATTRIBUTES.flatMap((source) =>
    [span.attributes[source], span.resourceAttributes[source]]
      .filter((key): key is string => key !== undefined && key !== '')
      .filter((key, index, keys) => keys.indexOf(key) === index)
      .map((key) => ({ source, key })),
  );
}
