/** What every mapper is: messages of one service in, one at a time and in the order of their stream, reported events out. */
import type { EventType, ReportedEvent } from '../../core/events/speechEvent.ts';
import type { Channel } from '../../core/units/channel.ts';

/** What is known of a message beside itself. */
export interface MapperContext {
  /** Whose audio the service hears or makes, if the sender says so; '' leaves it to what the service is for. */
  readonly role: Channel | '';
  readonly receivedAtMs: number;
  /** When the sender saw it, if its envelope says so. */
  readonly occurredAtMs?: number;
  /** The call as the sender names it; '' where only the message can tell. */
  readonly callKey: string;
  /** The sender's name of the service's media stream, for services that count time from a stream's start. */
  readonly streamId?: string;
}

/**
 * One a stream of a source: some keep a little of what they saw. A message that says nothing of use gives no events; one that
 * is not the source's gives InvalidInput. Wall time is left out where the service tells none: then it is when it came.
 */
export interface EventMapper {
  map(message: unknown, context: MapperContext): ReportedEvent[];
}

/** The best that is known of when a message that tells no time came to be: for durations between two messages. */
export const seenAtMs = ({ occurredAtMs, receivedAtMs }: MapperContext): number => occurredAtMs ?? receivedAtMs;

type Fields = Omit<ReportedEvent, 'type'>;

/**
 * An event with what is known of it: fields that are undefined, empty texts and empty maps say nothing and are left out; so is an
 * end before its start.
 */
export function event(type: EventType, fields: Fields = {}): ReportedEvent {
  const { startMs, endMs } = fields;
  const isBackward =
    startMs !== undefined && endMs !== undefined && startMs !== null && endMs !== null && endMs < startMs;
  const sound = isBackward ? { ...fields, endMs: undefined } : fields;
  return {
    type,
    ...(Object.fromEntries(Object.entries(sound).filter(([, value]) => saysSomething(value))) as Fields),
  };
}

function saysSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** A moment of media time. */
export const at = (ms: number | undefined): Fields => ({ startMs: ms, endMs: ms });

/** Numbers and texts by name, without those that are not known. */
export const known = <Value extends number | string>(
  values: Readonly<Record<string, Value | undefined>>,
): Readonly<Record<string, Value>> =>
  Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, Value] => entry[1] !== undefined && entry[1] !== ''),
  );

export interface Memory<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
}

/** More than are ever open at once in one call. */
const REMEMBERED_MAX = 1_000;

/** What a mapper keeps by id; the oldest goes when there are too many. */
export function createMemory<Value>(): Memory<Value> {
  const values = new Map<string, Value>();
  return {
    get: (key) => values.get(key),
    set(key, value) {
      values.delete(key);
      values.set(key, value);
      if (values.size > REMEMBERED_MAX) for (const oldest of values.keys()) return void values.delete(oldest);
    },
  };
}
