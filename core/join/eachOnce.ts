/** What was sent twice is one, and in the order of names: nothing depends on the order in which they are listed. */
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { Score } from '../events/score.ts';
import type { Request } from '../spans/request.ts';

/** The one that came first. */
export const eventsOnce = (events: readonly SpeechEvent[]): SpeechEvent[] =>
  once(
    events,
    ({ id }) => id,
    (a, b) => a.receivedAtMs - b.receivedAtMs,
  );

/** The longer: a span may be exported before it is through. */
export const requestsOnce = (requests: readonly Request[]): Request[] =>
  once(
    requests,
    ({ traceId, spanId }) => `${traceId} ${spanId}`,
    (a, b) => b.durationMs - a.durationMs,
  );

/** The last: verdicts are revised. */
export const scoresOnce = (scores: readonly Score[]): Score[] =>
  once(
    scores,
    ({ id }) => id,
    (a, b) => b.receivedAtMs - a.receivedAtMs,
  );

function once<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  compare: (a: Item, b: Item) => number,
): Item[] {
  const kept = new Map<string, Item>();
  for (const item of items) {
    const name = nameOf(item);
    const known = kept.get(name);
    if (known === undefined || goesBefore(item, known, compare)) kept.set(name, item);
  }
  return [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

function goesBefore<Item>(item: Item, known: Item, compare: (a: Item, b: Item) => number): boolean {
  const order = compare(item, known);
  return order < 0 || (order === 0 && item !== known && JSON.stringify(item) < JSON.stringify(known));
}
