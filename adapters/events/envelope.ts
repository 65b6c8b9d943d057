/**
 * An envelope that a sender may put around any service's message: {"occurredAtMs": ..., "message": {...}}. Most messages do not
 * say when they came to be, and when they came here is later and, in a batch, the same for all.
 */
import type { EventMapper } from './mapper.ts';
import { isObject, refused, wallMs } from './json.ts';
import { describe } from '../../core/units/describe.ts';

/** What a message tells of its own time goes before what the envelope does. */
export function enveloped(mapper: EventMapper): EventMapper {
  return {
    map(message, context) {
      if (!isObject(message) || !Object.hasOwn(message, 'occurredAtMs')) return mapper.map(message, context);
      const occurredAtMs = wallMs(message.occurredAtMs);
      if (occurredAtMs === undefined) {
        throw refused('occurredAtMs in Unix ms', describe(message.occurredAtMs));
      }
      return mapper.map(message.message, { ...context, occurredAtMs }).map((event) => ({ occurredAtMs, ...event }));
    },
  };
}
