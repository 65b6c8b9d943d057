/** An event's wire message (protos/earshot/v1/events.proto) to and from what Earshot works with; here it is held to its limits. */
import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { Role } from '#protos/earshot/v1/audio_pb.js';
import { EventType as WireType, SpeechEventSchema } from '#protos/earshot/v1/events_pb.js';
import type { SpeechEvent as WireEvent, Word as WireWord } from '#protos/earshot/v1/events_pb.js';
import { EVENT_TYPES, type EventType, type ReportedEvent, type SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Word } from '../../core/events/speechEvent.ts';
import type { Channel } from '../../core/units/channel.ts';
import { describe } from '../../core/units/describe.ts';
import { bounded, boundedList, LIMITS, refused, WALL_MS } from './json.ts';
import { event } from './mapper.ts';

const wireTypeOf = (type: EventType): WireType => WireType[type.toUpperCase() as keyof typeof WireType];
const TYPES = new Map(EVENT_TYPES.map((type) => [wireTypeOf(type), type]));
const ROLES = new Map<Role, Channel | ''>([
  [Role.UNSPECIFIED, ''],
  [Role.CALLER, 'caller'],
  [Role.AGENT, 'agent'],
]);

type TextField = { [Name in keyof WireEvent]: WireEvent[Name] extends string ? Name : never }[keyof WireEvent] & string;

const ATTRIBUTE_LENGTH_MAX = 1_000;

/** `callKey` is the call of an event that names none. Throws InvalidInput where the event breaks the contract. */
export function reportedOf(wire: WireEvent, callKey: string): ReportedEvent {
  const type = TYPES.get(wire.type);
  if (type === undefined) throw refused('type: what kind of event it is', describe(wire.type));
  const id = (name: TextField): string => bounded(wire[name], name, LIMITS.idLength);
  const key = id('callId') || callKey;
  if (key === '') throw refused('callId: the call that the event is of', 'none');
  const [startMs, endMs] = [mediaMsOf('startMs', wire.startMs), mediaMsOf('endMs', wire.endMs)];
  if (startMs !== undefined && endMs !== undefined && endMs < startMs) {
    throw refused('endMs not before startMs', `${startMs} to ${endMs}`);
  }
  return event(type, {
    id: id('eventId'),
    callKey: key,
    role: roleOf(wire.role),
    source: id('source'),
    clock: id('clock'),
    occurredAtMs: wallMsOf('occurredAt', wire.occurredAt) ?? wallMsOf('observedAt', wire.observedAt),
    streamId: id('streamId'),
    startMs,
    endMs,
    text: bounded(wire.text, 'text', LIMITS.textLength),
    confidence: shareOf(wire.confidence),
    language: id('language'),
    words: boundedList(wire.words, 'words', LIMITS.words).map(wordOf),
    turnId: id('turnId'),
    turnIndex: wire.turnIndex,
    segmentId: id('segmentId'),
    requestId: id('requestId'),
    itemId: id('itemId'),
    provider: id('provider'),
    model: id('model'),
    voice: id('voice'),
    traceId: hexOf('traceId', wire.traceId, 32),
    spanId: hexOf('spanId', wire.spanId, 16),
    isCancelled: wire.cancelled ? true : undefined,
    metrics: metricsOf(wire.metrics),
    attributes: attributesOf(wire.attributes),
  });
}

export function wireOf(speech: SpeechEvent): WireEvent {
  return create(SpeechEventSchema, {
    eventId: speech.id,
    callId: speech.callKey,
    streamId: speech.streamId,
    role: speech.role === '' ? Role.UNSPECIFIED : speech.role === 'caller' ? Role.CALLER : Role.AGENT,
    type: wireTypeOf(speech.type),
    occurredAt: speech.occurredAtMs === null ? undefined : timestampOf(speech.occurredAtMs),
    observedAt: timestampOf(speech.receivedAtMs),
    startMs: int64Of(speech.startMs),
    endMs: int64Of(speech.endMs),
    text: speech.text,
    confidence: speech.confidence ?? undefined,
    language: speech.language,
    words: speech.words.map((word) => ({
      text: word.text,
      startMs: int64Of(word.startMs),
      endMs: int64Of(word.endMs),
      confidence: word.confidence ?? undefined,
    })),
    turnId: speech.turnId,
    turnIndex: speech.turnIndex ?? undefined,
    segmentId: speech.segmentId,
    requestId: speech.requestId,
    itemId: speech.itemId,
    provider: speech.provider,
    model: speech.model,
    voice: speech.voice,
    source: speech.source,
    clock: speech.clock,
    traceId: speech.traceId,
    spanId: speech.spanId,
    metrics: { ...speech.metrics },
    attributes: { ...speech.attributes },
    cancelled: speech.isCancelled,
  });
}

function roleOf(role: Role): Channel | '' {
  const known = ROLES.get(role);
  if (known !== undefined) return known;
  throw refused('role: caller or agent', describe(role));
}

function wordOf(word: WireWord): Word {
  const text = bounded(word.text, 'a word', LIMITS.wordLength);
  const [startMs, endMs] = [
    mediaMsOf("a word's startMs", word.startMs) ?? 0,
    mediaMsOf("a word's endMs", word.endMs) ?? 0,
  ];
  if (endMs < startMs) throw refused("a word's endMs not before its startMs", `${startMs} to ${endMs}`);
  return { text, startMs, endMs, confidence: shareOf(word.confidence) ?? null };
}

function mediaMsOf(name: string, value: bigint | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (value >= 0n && value <= BigInt(LIMITS.mediaMs)) return Number(value);
  throw refused(`${name} from 0 to ${LIMITS.mediaMs}`, String(value));
}

export function wallMsOf(name: string, time: Timestamp | undefined): number | undefined {
  return time === undefined ? undefined : wallMsWithin(name, Number(time.seconds) * 1_000 + time.nanos / 1e6);
}

export function wallMsWithin(name: string, ms: number): number {
  if (ms >= WALL_MS.min && ms <= WALL_MS.max) return ms;
  throw refused(`${name} between the years 2000 and 2100, in Unix ms or RFC 3339`, describe(ms));
}

function shareOf(share: number | undefined): number | undefined {
  if (share === undefined || (share >= 0 && share <= 1)) return share;
  throw refused('confidence from 0 to 1', describe(share));
}

function hexOf(name: string, text: string, length: number): string {
  if (text === '' || (text.length === length && /^[0-9a-fA-F]+$/.test(text))) return text.toLowerCase();
  throw refused(`${name} of ${length} hex digits`, describe(text));
}

function metricsOf(metrics: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const entries = boundedList(Object.entries(metrics), 'metrics', LIMITS.entries);
  for (const [name, value] of entries) {
    if (!Number.isFinite(value)) throw refused(`metrics.${describe(name)} to be a finite number`, String(value));
  }
  return Object.fromEntries(
    entries.map(([name, value]) => [bounded(name, 'a name of metrics', LIMITS.idLength), value]),
  );
}

function attributesOf(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = boundedList(Object.entries(attributes), 'attributes', LIMITS.entries);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      bounded(name, 'a name of attributes', LIMITS.idLength),
      bounded(value, 'an attribute', ATTRIBUTE_LENGTH_MAX),
    ]),
  );
}

const int64Of = (ms: number | null): bigint | undefined => (ms === null ? undefined : BigInt(Math.round(ms)));

function timestampOf(ms: number): { readonly seconds: bigint; readonly nanos: number } {
  const nanos = Math.round((ms - Math.floor(ms / 1_000) * 1_000) * 1e6);
  const carry = nanos === 1e9 ? 1 : 0;
  return { seconds: BigInt(Math.floor(ms / 1_000) + carry), nanos: carry === 1 ? 0 : nanos };
}
