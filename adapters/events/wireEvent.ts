/** Events on the wire: batches as they are posted, in protobuf or JSON, and single events as they lie on a bus. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { SpeechEventBatchSchema, SpeechEventSchema } from '#protos/earshot/v1/events_pb.js';
import type { SpeechEvent as WireEvent } from '#protos/earshot/v1/events_pb.js';
import { eventOf } from '../../core/events/eventOf.ts';
import type { ReportedEvent, SpeechEvent } from '../../core/events/speechEvent.ts';
import { describe } from '../../core/units/describe.ts';
import { InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import { isObject, refused } from './json.ts';
import { eventOfJson } from './wireJson.ts';
import { reportedOf, wallMsOf, wireOf } from './wireMessage.ts';

export type EventContentType = 'application/x-protobuf' | 'application/json';

/** One event that was not taken. */
export interface Rejection {
  /** Its place in the batch, from 0. */
  readonly index: number;
  readonly code: ErrorCode;
  readonly expected: string;
  readonly got: string;
}

export interface EventBatch {
  /** Each names its call. */
  readonly events: readonly (ReportedEvent & { readonly callKey: string })[];
  readonly rejected: readonly Rejection[];
}

export const BATCH_EVENTS_MAX = 10_000;

/**
 * An event that does not fit is rejected by itself. A body that cannot be read at all throws InvalidInput: nothing of it was
 * taken. `callKey` is the call of events that name none.
 */
export function parseEventBatch(body: Uint8Array, contentType: EventContentType, callKey = ''): EventBatch {
  switch (contentType) {
    case 'application/x-protobuf':
      return each(protobufEvents(body), (wire) => reportedOf(wire, callKey));
    case 'application/json':
      return each(jsonEvents(body), (value) => eventOfJson(value, callKey));
  }
}

/** One bus record. Media times are whole milliseconds there, confidences single precision; the tenant is not in it. */
export const encodeEvent = (event: SpeechEvent): Uint8Array => toBinary(SpeechEventSchema, wireOf(event));

export function decodeEvent(bytes: Uint8Array, tenant: string): SpeechEvent {
  const wire = readBinary('an event (earshot.v1.SpeechEvent)', () => fromBinary(SpeechEventSchema, bytes));
  const receivedAtMs = wallMsOf('observedAt', wire.observedAt);
  if (receivedAtMs === undefined) throw refused('observedAt: when the event was received', 'none');
  // observedAt is when it was received here, and says nothing of when it was.
  const reported = reportedOf({ ...wire, observedAt: undefined }, '');
  return eventOf(reported, { tenant, callKey: '', source: '', receivedAtMs });
}

function each<Item>(items: readonly Item[], read: (item: Item) => ReportedEvent): EventBatch {
  const events: (ReportedEvent & { readonly callKey: string })[] = [];
  const rejected: Rejection[] = [];
  for (const [index, item] of items.entries()) {
    try {
      const event = read(item);
      events.push({ ...event, callKey: event.callKey ?? '' });
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      rejected.push({ index, code: error.code, expected: error.expected, got: error.got });
    }
  }
  return { events, rejected };
}

function protobufEvents(body: Uint8Array): readonly WireEvent[] {
  const expected = 'a batch (earshot.v1.SpeechEventBatch)';
  return limited(readBinary(expected, () => fromBinary(SpeechEventBatchSchema, body)).events);
}

function readBinary<Message>(expected: string, read: () => Message): Message {
  try {
    return read();
  } catch (error) {
    throw refused(expected, describe(error instanceof Error ? error.message : String(error)));
  }
}

const TEXT = new TextDecoder('utf-8', { fatal: true });

/** {"events": [...]}, a bare list, or one event. */
function jsonEvents(body: Uint8Array): readonly unknown[] {
  const value = parseJson(body);
  if (Array.isArray(value)) return limited(value);
  if (!isObject(value)) throw refused('{"events": [...]}, a list of events, or one event', describe(value));
  if (!Object.hasOwn(value, 'events')) return [value];
  if (Array.isArray(value.events)) return limited(value.events);
  throw refused('events: a list', describe(value.events));
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(TEXT.decode(body)) as unknown;
  } catch (error) {
    throw refused('JSON', describe(error instanceof Error ? error.message : String(error)));
  }
}

function limited<Item>(items: readonly Item[]): readonly Item[] {
  if (items.length <= BATCH_EVENTS_MAX) return items;
  throw new InvalidInput('message_too_large', {
    expected: `at most ${BATCH_EVENTS_MAX} events a batch`,
    got: String(items.length),
  });
}
