/**
 * Joins what others report of a call with what was heard of it: their clocks with Earshot's, each wait with the stages that
 * made it, each interruption with the decision to stop. A pure function of a set: nothing depends on what came first.
 */
import type { Finding } from '../facts/facts.ts';
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { Request } from '../spans/request.ts';
import { agentTexts } from './agentText.ts';
import { clockFindings, clocksOf } from './clocks.ts';
import { interruptionBreakdowns } from './interruptionBreakdown.ts';
import type { Joined } from './joined.ts';
import type { JoinInput } from './joinInput.ts';
import { placing } from './placing.ts';
import { reportsOf } from './reports.ts';
import { responseBreakdowns } from './responseBreakdown.ts';
import { alignedScores } from './scorePlaces.ts';
import { silenceOf } from './silence.ts';
import { wallClock } from './wallClock.ts';

export function join(given: JoinInput): Joined {
  const input = inOrder(given);
  const wall = wallClock(input.anchors);
  const clocks = clocksOf(input, wall);
  const places = placing(input, wall, clocks);
  const reports = reportsOf(input, places);
  const responses = responseBreakdowns(input, reports, silenceOf(input, reports, clocks), places);
  const placeEvent = (event: SpeechEvent) => places.ofEvent(event);
  const placeRequest = (request: Request) => places.ofRequest(request);
  const findings: Finding[] = [
    ...clockFindings(clocks, input),
    ...responses.map(({ finding }) => finding),
    ...interruptionBreakdowns(input, places, clocks),
    ...agentTexts(input, placeEvent, placeRequest),
  ];
  return {
    findings,
    events: input.events.map((event) => ({ event, ...places.ofEvent(event) })),
    requests: input.requests.map((request) => ({ request, ...places.ofRequest(request) })),
    scores: alignedScores(input, responses, places),
  };
}

/** What was sent twice is one, and the rest is in an order of its own: by ids, of equal ids the first that came. */
function inOrder(input: JoinInput): JoinInput {
  return {
    ...input,
    speech: [...input.speech].sort((a, b) => a.startSample - b.startSample || (a.channel < b.channel ? -1 : 1)),
    turns: [...input.turns].sort((a, b) => a.startSample - b.startSample || a.turnIndex - b.turnIndex),
    events: once(input.events, ({ id }) => id, byArrival),
    requests: once(input.requests, ({ traceId, spanId }) => `${traceId} ${spanId}`, byText),
    scores: once(input.scores, ({ id }) => id, byText),
  };
}

function once<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  firstOf: (a: Item, b: Item) => number,
): Item[] {
  const byKey = new Map<string, Item>();
  for (const item of items) {
    const known = byKey.get(keyOf(item));
    if (known === undefined || firstOf(item, known) < 0) byKey.set(keyOf(item), item);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

const byArrival = (a: SpeechEvent, b: SpeechEvent): number => a.receivedAtMs - b.receivedAtMs || byText(a, b);
