/** A reported event made whole: what it does not say gets its neutral value, and an id that is the same whenever it is sent. */
import { createHash } from 'node:crypto';
import type { ReportedEvent, SpeechEvent } from './speechEvent.ts';

/** What is known of an event by the way it came. */
export interface EventOrigin {
  readonly tenant: string;
  /** The call that was named beside the event; the event's own word goes before it. */
  readonly callKey: string;
  readonly source: string;
  readonly receivedAtMs: number;
}

export function eventOf(reported: ReportedEvent, origin: EventOrigin): SpeechEvent {
  const source = reported.source ?? origin.source;
  const whole = {
    tenant: origin.tenant,
    callKey: reported.callKey ?? origin.callKey,
    type: reported.type,
    role: reported.role ?? '',
    source,
    clock: reported.clock ?? source,
    occurredAtMs: reported.occurredAtMs ?? null,
    receivedAtMs: origin.receivedAtMs,
    streamId: reported.streamId ?? '',
    startMs: reported.startMs ?? null,
    endMs: reported.endMs ?? null,
    text: reported.text ?? '',
    confidence: reported.confidence ?? null,
    language: reported.language ?? '',
    words: reported.words ?? [],
    turnId: reported.turnId ?? '',
    turnIndex: reported.turnIndex ?? null,
    segmentId: reported.segmentId ?? '',
    requestId: reported.requestId ?? '',
    itemId: reported.itemId ?? '',
    provider: reported.provider ?? '',
    model: reported.model ?? '',
    voice: reported.voice ?? '',
    traceId: reported.traceId ?? '',
    spanId: reported.spanId ?? '',
    isCancelled: reported.isCancelled ?? false,
    metrics: reported.metrics ?? {},
    attributes: reported.attributes ?? {},
  } satisfies Omit<SpeechEvent, 'id'>;
  const id = reported.id ?? '';
  return { ...whole, id: id === '' ? eventId(whole) : id };
}

/**
 * All that tells two events apart, and nothing that changes when one is sent again; but of one that tells neither a time nor any
 * name, no more is known than when it came. Of text only the length counts: ids are kept where texts may not be.
 */
function eventId(event: Omit<SpeechEvent, 'id'>): string {
  const { tenant, callKey, type, role, source, streamId, occurredAtMs, startMs, endMs, text } = event;
  const { turnId, turnIndex, segmentId, requestId, itemId, spanId, metrics } = event;
  const isNameless = [turnId, segmentId, requestId, itemId, spanId].every((name) => name === '');
  const moment = occurredAtMs ?? startMs ?? endMs ?? (isNameless ? event.receivedAtMs : null);
  const about = [tenant, callKey, type, role, source, streamId, moment, startMs, endMs, text.length];
  about.push(turnId, turnIndex, segmentId, requestId, itemId, spanId, JSON.stringify(metrics));
  return createHash('sha256').update(about.join('\u0000')).digest('hex').slice(0, 32);
}
