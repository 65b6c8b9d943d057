/**
 * Joins what others report of a call with what was heard of it: their clocks with Earshot's, each wait with the stages that
 * made it, each interruption with the decision to stop. A pure function of a set: nothing depends on what came first.
 */
import type { Finding } from '../facts/facts.ts';
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { Request } from '../spans/request.ts';
import { agentTexts } from './agentText.ts';
import { clockFindings, clocksOf } from './clocks.ts';
import { eventsOnce, requestsOnce, scoresOnce } from './eachOnce.ts';
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

/** What was sent twice is one, and all of it is in an order of its own. */
function inOrder(input: JoinInput): JoinInput {
  return {
    ...input,
    speech: [...input.speech].sort((a, b) => a.startSample - b.startSample || (a.channel < b.channel ? -1 : 1)),
    turns: [...input.turns].sort((a, b) => a.startSample - b.startSample || a.turnIndex - b.turnIndex),
    events: eventsOnce(input.events),
    requests: requestsOnce(input.requests),
    scores: scoresOnce(input.scores),
  };
}
