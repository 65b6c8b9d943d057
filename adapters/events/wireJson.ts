/**
 * The JSON form of an event: that of protobuf (lowerCamelCase or snake_case, RFC 3339), and what people write by hand besides:
 * types and roles in lower case without their prefix, Unix milliseconds, media times with fractions.
 */
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { Role } from '#protos/earshot/v1/audio_pb.js';
import { EventType, SpeechEventSchema } from '#protos/earshot/v1/events_pb.js';
import { EVENT_TYPES, type ReportedEvent } from '../../core/events/speechEvent.ts';
import { describe } from '../../core/units/describe.ts';
import { boundedList, LIMITS, isObject, objectOf, refused, valueAt, wallMs, wellFormed, type Json } from './json.ts';
import { reportedOf, wallMsWithin } from './wireMessage.ts';

const EXPECTED = 'an event: an object with type and callId';

/** Fields that are read here, in place of protobuf's own reading. */
const READ_HERE = ['type', 'role', 'occurredAt', 'occurred_at', 'observedAt', 'observed_at', 'words'];
const TIMES = ['startMs', 'start_ms', 'endMs', 'end_ms'];

export function eventOfJson(value: unknown, callKey: string): ReportedEvent {
  const json = objectOf(value, EXPECTED);
  const rest = Object.entries(json).filter(([name]) => !READ_HERE.includes(name));
  const plain = {
    ...Object.fromEntries(rest.map(([name, field]) => [name, fieldOf(name, field)])),
    type: named(json.type, 'type', EventType, 'EVENT_TYPE_'),
    role: named(json.role, 'role', Role, 'ROLE_'),
    words: wordsOf(valueAt(json, 'words')),
  };
  const occurredAtMs = timeAt(json, 'occurredAt', 'occurred_at') ?? timeAt(json, 'observedAt', 'observed_at');
  const event = reportedOf(messageOf(plain), callKey);
  return occurredAtMs === undefined ? event : { ...event, occurredAtMs };
}

function messageOf(plain: Json): ReturnType<typeof fromJson<typeof SpeechEventSchema>> {
  try {
    return fromJson(SpeechEventSchema, plain as JsonValue, { ignoreUnknownFields: true });
  } catch (error) {
    throw refused('an event as events.proto has it', describe(error instanceof Error ? error.message : String(error)));
  }
}

type Enum = Readonly<Record<string, string | number>>;

/** stt_final, STT_FINAL, EVENT_TYPE_STT_FINAL and 11 are one. */
function named(value: unknown, field: string, values: Enum, prefix: string): number {
  if (value === undefined || value === null || value === '') return 0;
  if (typeof value === 'number' && Object.hasOwn(values, value)) return value;
  const name = typeof value === 'string' ? value.toUpperCase().replace(prefix, '') : '';
  const number = /^[A-Z_]+$/.test(name) && Object.hasOwn(values, name) ? values[name] : undefined;
  if (typeof number === 'number') return number;
  throw refused(`${field}: ${field === 'type' ? EVENT_TYPES.join(', ') : 'caller or agent'}`, describe(value));
}

function timeAt(json: Json, ...names: readonly string[]): number | undefined {
  const value = valueAt(json, ...names);
  if (value === undefined) return undefined;
  const ms = typeof value === 'number' ? value : wallMs(value);
  if (ms === undefined) throw refused(`${names[0]} in Unix ms or RFC 3339`, describe(value));
  return wallMsWithin(names[0], ms);
}

function wordsOf(words: unknown): readonly unknown[] {
  if (words === undefined) return [];
  if (Array.isArray(words)) return boundedList(words, 'words', LIMITS.words).map(wordOf);
  throw refused('words: a list', describe(words));
}

function wordOf(word: unknown): unknown {
  if (!isObject(word)) return word;
  return Object.fromEntries(Object.entries(word).map(([name, field]) => [name, fieldOf(name, field)]));
}

function fieldOf(name: string, value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (TIMES.includes(name)) return typeof value === 'number' ? Math.round(value) : value;
  if (name !== 'attributes' || !isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, fieldOf('', text)]));
}
