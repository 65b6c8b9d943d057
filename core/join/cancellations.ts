/** Requests that were given up: by an event of their own, or by a later one that names the same request or segment. */
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { Placing } from './placing.ts';

/** When the request that an event is about was given up; null if it was not. */
export function cancellationsOf(
  events: readonly SpeechEvent[],
  placing: Placing,
): (event: SpeechEvent) => number | null {
  const cancelledAt = new Map<string, number>();
  for (const event of events) {
    const told = event.isCancelled ? placing.told(event) : null;
    if (told === null) continue;
    for (const key of [event.id, ...requestKeys(event)]) {
      cancelledAt.set(key, Math.min(told.sample, cancelledAt.get(key) ?? Infinity));
    }
  }
  return (event) => {
    const times = [event.id, ...requestKeys(event)].flatMap((key) => cancelledAt.get(key) ?? []);
    return times.length === 0 ? null : Math.min(...times);
  };
}

/** Model and synthesis may share a segment, but not their fate. */
function requestKeys({ source, type, requestId, segmentId, metrics }: SpeechEvent): string[] {
  const stage = ['llm', 'tts', 'stt'].find(
    (name) => type.startsWith(name) || Object.keys(metrics).some((key) => key.startsWith(`${name}.`)),
  );
  return [`request ${requestId}`, `segment ${segmentId}`]
    .filter((_, index) => [requestId, segmentId][index] !== '')
    .map((name) => JSON.stringify([source, stage ?? '', name]));
}
