/** Reports to and from their records (protos/earshot/v1/reports.proto). What comes out is what went in, to the bit. */
import { create } from '@bufbuild/protobuf';
import { Role } from '#protos/earshot/v1/audio_pb.js';
import { EventType as WireType } from '#protos/earshot/v1/events_pb.js';
import {
  CallNoticeSchema,
  ReportedEventSchema,
  ReportedScoreSchema,
  ReportedSpanSchema,
} from '#protos/earshot/v1/reports_pb.js';
import type {
  CallNotice as WireNotice,
  ReportedEvent,
  ReportedScore,
  ReportedSpan,
} from '#protos/earshot/v1/reports_pb.js';
import type { Score } from '../../core/events/score.ts';
import { EVENT_TYPES, type EventType, type SpeechEvent, type Word } from '../../core/events/speechEvent.ts';
import type { Span } from '../../core/spans/span.ts';
import { describe } from '../../core/units/describe.ts';
import type { CallNotice } from './bus.ts';
import { channelOf, refused, roleOf, timestampOf, wallMsOf, wordOf } from './wireValues.ts';

const wireTypeOf = (type: EventType): WireType => WireType[type.toUpperCase() as keyof typeof WireType];
const TYPES = new Map(EVENT_TYPES.map((type) => [wireTypeOf(type), type]));
const SPAN_KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'] as const;
const STATUS_CODES = ['Unset', 'Ok', 'Error'] as const;

/** Whole milliseconds are what the event's own field holds exactly. */
const isWhole = (ms: number | null): boolean => ms === null || Number.isSafeInteger(ms);
const wholeOf = (ms: number | null): bigint | undefined => (ms === null ? undefined : BigInt(Math.round(ms)));
const isSingle = (share: number | null): boolean => share === null || Math.fround(share) === share;

export function wireOfEvent(event: SpeechEvent): ReportedEvent {
  const { startMs, endMs, confidence, words } = event;
  const areExact = words.every((word) => isWhole(word.startMs) && isWhole(word.endMs) && isSingle(word.confidence));
  return create(ReportedEventSchema, {
    tenant: event.tenant,
    receivedAt: timestampOf(event.receivedAtMs),
    event: {
      eventId: event.id,
      callId: event.callKey,
      streamId: event.streamId,
      role: event.role === '' ? Role.UNSPECIFIED : roleOf(event.role),
      type: wireTypeOf(event.type),
      occurredAt: event.occurredAtMs === null ? undefined : timestampOf(event.occurredAtMs),
      startMs: wholeOf(startMs),
      endMs: wholeOf(endMs),
      text: event.text,
      confidence: confidence ?? undefined,
      language: event.language,
      words: words.map((word) => ({
        text: word.text,
        startMs: wholeOf(word.startMs),
        endMs: wholeOf(word.endMs),
        confidence: word.confidence ?? undefined,
      })),
      turnId: event.turnId,
      turnIndex: event.turnIndex ?? undefined,
      segmentId: event.segmentId,
      requestId: event.requestId,
      itemId: event.itemId,
      provider: event.provider,
      model: event.model,
      voice: event.voice,
      source: event.source,
      clock: event.clock,
      traceId: event.traceId,
      spanId: event.spanId,
      metrics: { ...event.metrics },
      attributes: { ...event.attributes },
      cancelled: event.isCancelled,
    },
    startMs: isWhole(startMs) ? undefined : (startMs ?? undefined),
    endMs: isWhole(endMs) ? undefined : (endMs ?? undefined),
    confidence: isSingle(confidence) ? undefined : (confidence ?? undefined),
    wordTimes: areExact ? [] : words.map((word) => ({ ...word, confidence: word.confidence ?? undefined })),
  });
}

/** Throws InvalidInput where the record is not an event. */
export function eventOfWire({ tenant, receivedAt, event, ...exact }: ReportedEvent): SpeechEvent {
  if (event === undefined) throw refused('an event', 'none');
  const type = TYPES.get(event.type);
  if (type === undefined) throw refused('type: what kind of event it is', describe(event.type));
  if (event.eventId === '') throw refused('event_id', 'none');
  const { wordTimes } = exact;
  if (wordTimes.length > 0 && wordTimes.length !== event.words.length) {
    throw refused(`${event.words.length} word_times, one a word`, String(wordTimes.length));
  }
  const numberOf = (whole: bigint | undefined): number | null => (whole === undefined ? null : Number(whole));
  return {
    id: event.eventId,
    tenant,
    callKey: event.callId,
    type,
    role: event.role === Role.UNSPECIFIED ? '' : channelOf(event.role),
    source: event.source,
    clock: event.clock,
    occurredAtMs: event.occurredAt === undefined ? null : wallMsOf('occurred_at', event.occurredAt),
    receivedAtMs: wallMsOf('received_at', receivedAt),
    streamId: event.streamId,
    startMs: exact.startMs ?? numberOf(event.startMs),
    endMs: exact.endMs ?? numberOf(event.endMs),
    text: event.text,
    confidence: exact.confidence ?? event.confidence ?? null,
    language: event.language,
    words: event.words.map(({ text, startMs, endMs, confidence }, index): Word => {
      if (wordTimes.length > 0) {
        const times = wordTimes[index];
        return { text, startMs: times.startMs, endMs: times.endMs, confidence: times.confidence ?? null };
      }
      return { text, startMs: Number(startMs), endMs: Number(endMs), confidence: confidence ?? null };
    }),
    turnId: event.turnId,
    turnIndex: event.turnIndex ?? null,
    segmentId: event.segmentId,
    requestId: event.requestId,
    itemId: event.itemId,
    provider: event.provider,
    model: event.model,
    voice: event.voice,
    traceId: event.traceId,
    spanId: event.spanId,
    isCancelled: event.cancelled,
    metrics: event.metrics,
    attributes: event.attributes,
  };
}

export const wireOfSpan = (span: Span): ReportedSpan =>
  create(ReportedSpanSchema, {
    tenant: span.tenant,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    traceState: span.traceState,
    name: span.name,
    kind: span.kind,
    serviceName: span.serviceName,
    resourceAttributes: { ...span.resourceAttributes },
    scopeName: span.scopeName,
    scopeVersion: span.scopeVersion,
    attributes: { ...span.attributes },
    startUnixNs: span.startNs,
    durationNs: span.durationNs,
    statusCode: span.statusCode,
    statusMessage: span.statusMessage,
    events: span.events.map(({ timeNs, name, attributes }) => ({
      timeUnixNs: timeNs,
      name,
      attributes: { ...attributes },
    })),
    links: span.links.map((link) => ({ ...link, attributes: { ...link.attributes } })),
  });

/** Throws InvalidInput where the record is not a span. */
export function spanOfWire(wire: ReportedSpan): Span {
  if (wire.traceId === '' || wire.spanId === '') throw refused('trace_id and span_id', 'none');
  return {
    tenant: wire.tenant,
    traceId: wire.traceId,
    spanId: wire.spanId,
    parentSpanId: wire.parentSpanId,
    traceState: wire.traceState,
    name: wire.name,
    kind: wordOf('kind', SPAN_KINDS, wire.kind),
    serviceName: wire.serviceName,
    resourceAttributes: wire.resourceAttributes,
    scopeName: wire.scopeName,
    scopeVersion: wire.scopeVersion,
    attributes: wire.attributes,
    startNs: wire.startUnixNs,
    durationNs: wire.durationNs,
    statusCode: wordOf('status_code', STATUS_CODES, wire.statusCode),
    statusMessage: wire.statusMessage,
    events: wire.events.map(({ timeUnixNs, name, attributes }) => ({ timeNs: timeUnixNs, name, attributes })),
    links: wire.links.map(({ traceId, spanId, traceState, attributes }) => ({
      traceId,
      spanId,
      traceState,
      attributes,
    })),
  };
}

export const wireOfScore = (score: Score): ReportedScore =>
  create(ReportedScoreSchema, {
    id: score.id,
    tenant: score.tenant,
    callId: score.callKey,
    name: score.name,
    value: score.value ?? undefined,
    label: score.label,
    explanation: score.explanation,
    source: score.source,
    traceId: score.traceId,
    spanId: score.spanId,
    turnId: score.turnId,
    turnIndex: score.turnIndex ?? undefined,
    mediaMs: score.mediaMs ?? undefined,
    receivedAt: timestampOf(score.receivedAtMs),
  });

/** Throws InvalidInput where the record is not a score. */
export function scoreOfWire(wire: ReportedScore): Score {
  if (wire.id === '') throw refused('id', 'none');
  return {
    id: wire.id,
    tenant: wire.tenant,
    callKey: wire.callId,
    name: wire.name,
    value: wire.value ?? null,
    label: wire.label,
    explanation: wire.explanation,
    source: wire.source,
    traceId: wire.traceId,
    spanId: wire.spanId,
    turnId: wire.turnId,
    turnIndex: wire.turnIndex ?? null,
    mediaMs: wire.mediaMs ?? null,
    receivedAtMs: wallMsOf('received_at', wire.receivedAt),
  };
}

export const wireOfNotice = ({ tenant, callId, texts }: CallNotice): WireNotice =>
  create(CallNoticeSchema, {
    tenant,
    callId,
    texts: texts.map(({ callKey, eventId, text, words }) => ({
      callKey,
      eventId,
      text,
      words: words.map((word) => ({ ...word, confidence: word.confidence ?? undefined })),
    })),
  });

/** Throws InvalidInput where the record is not a notice. */
export function noticeOfWire({ tenant, callId, texts }: WireNotice): CallNotice {
  if (callId === '') throw refused('call_id', 'none');
  return {
    tenant,
    callId,
    texts: texts.map(({ callKey, eventId, text, words }) => ({
      tenant,
      callKey,
      eventId,
      text,
      words: words.map((word) => ({
        text: word.text,
        startMs: word.startMs,
        endMs: word.endMs,
        confidence: word.confidence ?? null,
      })),
    })),
  };
}
