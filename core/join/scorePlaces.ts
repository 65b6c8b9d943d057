/** Finds the agent's turn that a score is about: by what it names of turn, moment, request or trace. */
import type { Score } from '../events/score.ts';
import type { Request } from '../spans/request.ts';
import { asSampleIndex, samplesFromMs } from '../units/time.ts';
import { mostOf } from './extremes.ts';
import { LATE_SAMPLES } from './exchanges.ts';
import type { AlignedScore, Place } from './joined.ts';
import type { HeardTurn, JoinInput } from './joinInput.ts';
import { endOf } from './moments.ts';
import { NOWHERE, type Placing } from './placing.ts';
import type { ResponseJoined } from './responseBreakdown.ts';

/** What a model gives is heard this soon, or not at all. */
const HEARD_WITHIN_SAMPLES = samplesFromMs(10_000);

interface About {
  readonly turn: HeardTurn | null;
  readonly place: Place;
}

export function alignedScores(
  input: JoinInput,
  responses: readonly ResponseJoined[],
  placing: Placing,
): AlignedScore[] {
  const turns = input.turns.filter(({ channel }) => channel === 'agent').sort((a, b) => a.startSample - b.startSample);
  const turnOf = requestTurns(turns, responses, placing);
  return input.scores.map((score) => {
    const { turn, place } = aboutOf(score, input, turns, responses, turnOf, placing);
    return { score, ...place, turnIndex: score.turnIndex ?? turn?.turnIndex ?? null };
  });
}

function aboutOf(
  score: Score,
  input: JoinInput,
  turns: readonly HeardTurn[],
  responses: readonly ResponseJoined[],
  turnOf: (request: Request) => HeardTurn | null,
  placing: Placing,
): About {
  const byIndex = turns.find(({ turnIndex }) => turnIndex === score.turnIndex) ?? null;
  if (score.mediaMs !== null) {
    const startSample = asSampleIndex(samplesFromMs(score.mediaMs));
    return {
      turn: byIndex ?? turnAt(turns, startSample),
      place: { startSample, endSample: null, correctionMs: 0, placedBy: 'media' },
    };
  }
  if (score.turnIndex !== null) return { turn: byIndex, place: placeOf(byIndex) };
  const request = input.requests.find(
    ({ traceId, spanId }) => spanId !== '' && spanId === score.spanId && ['', traceId].includes(score.traceId),
  );
  if (request !== undefined) return { turn: turnOf(request), place: placing.ofRequest(request) };
  const turn = turnNamed(score.turnId, input, turns, responses, turnOf, placing) ?? turnOfTrace(score, input, turnOf);
  return { turn, place: placeOf(turn) };
}

const placeOf = (turn: HeardTurn | null): Place =>
  turn === null ? NOWHERE : { ...NOWHERE, startSample: turn.startSample, endSample: turn.endSample };

/** The turn that covers a moment, else the last one before it: what was judged had been said. */
function turnAt(turns: readonly HeardTurn[], sample: number): HeardTurn | null {
  return turns.findLast(({ startSample }) => startSample <= sample) ?? null;
}

function turnNamed(
  turnId: string,
  { events, requests }: JoinInput,
  turns: readonly HeardTurn[],
  responses: readonly ResponseJoined[],
  turnOf: (request: Request) => HeardTurn | null,
  placing: Placing,
): HeardTurn | null {
  if (turnId === '') return null;
  const response = responses.find(({ finding }) => finding.turnId === turnId);
  if (response !== undefined) return turnAt(turns, response.exchange.onset + LATE_SAMPLES);
  const request = requests.find((one) => one.turnId === turnId && turnOf(one) !== null);
  if (request !== undefined) return turnOf(request);
  const told = events.flatMap((event) => (event.turnId === turnId ? (placing.told(event) ?? []) : []));
  return told.length === 0 ? null : turnAt(turns, mostOf(told.map(({ sample }) => sample)));
}

/** A trace of one reply is about its turn; a trace of the whole call is about none of them. */
function turnOfTrace(
  { traceId, spanId, turnId }: Score,
  { requests }: JoinInput,
  turnOf: (request: Request) => HeardTurn | null,
): HeardTurn | null {
  if (traceId === '' || spanId !== '' || turnId !== '') return null;
  const found = new Set(requests.flatMap((request) => (request.traceId === traceId ? (turnOf(request) ?? []) : [])));
  return found.size === 1 ? [...found][0] : null;
}

/** The agent's turn in which a request's output was heard. */
function requestTurns(
  turns: readonly HeardTurn[],
  responses: readonly ResponseJoined[],
  placing: Placing,
): (request: Request) => HeardTurn | null {
  return (request) => {
    const start = placing.at(request, request.startMs);
    const end = placing.at(request, endOf(request));
    const output = placing.at(request, request.startMs + (request.timeToFirstMs ?? request.durationMs));
    if (start === null || end === null || output === null || request.kind === 'session') return null;
    if (request.kind === 'turn' || request.kind === 'speaking') return mostCovered(turns, start, end);
    const response = responses.find(({ exchange }) => output >= exchange.from && output <= exchange.to);
    if (response !== undefined) return turnAt(turns, response.exchange.onset + LATE_SAMPLES);
    const next = turns.find(({ endSample }) => endSample === null || endSample > output);
    return next !== undefined && next.startSample - output <= HEARD_WITHIN_SAMPLES ? next : null;
  };
}

function mostCovered(turns: readonly HeardTurn[], start: number, end: number): HeardTurn | null {
  let best: HeardTurn | null = null;
  let most = 0;
  for (const turn of turns) {
    const covered = Math.min(turn.endSample ?? Infinity, end) - Math.max(turn.startSample, start);
    if (covered <= most) continue;
    best = turn;
    most = covered;
  }
  return best;
}
