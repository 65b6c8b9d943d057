/** What an STT of the agent's channel understood of each of its turns. One recogniser is believed a turn: who heard most. */
import type { SpeechEvent } from '../events/speechEvent.ts';
import { samplesFromMs } from '../units/time.ts';
import { addTo, meanOf, noMean } from '../units/weightedMean.ts';
import type { AgentTurn } from './agentTurns.ts';
import { gather } from './gather.ts';
import type { PlaceEvent } from './syntheses.ts';
import { joinTexts, toldBy, type ToldText } from './toldText.ts';

/** A final that has no media time is told when it is through, after the speech that it is about. */
const TOLD_AFTER_SAMPLES_MAX = samplesFromMs(3_000);
/** Recognisers' times are good for some hundreds of milliseconds. */
const EDGE_SAMPLES = samplesFromMs(300);

export interface Recognised extends ToldText {
  readonly confidence: number | null;
}

interface Final {
  readonly event: SpeechEvent;
  readonly told: ToldText;
  readonly startSample: number;
  readonly endSample: number;
}

export function recognisedIn(
  events: readonly SpeechEvent[],
  turns: readonly AgentTurn[],
  place: PlaceEvent,
): Map<number, Recognised> {
  const byTurn = new Map<number, Final[]>();
  for (const event of events) {
    if (event.type !== 'stt_final' || event.role !== 'agent') continue;
    const told = toldBy(event);
    const final = told === null ? null : placedFinal(event, told, place);
    const turn = final === null ? null : turnOf(final, turns);
    if (final === null || turn === null) continue;
    gather(byTurn, turn.turnIndex, final);
  }
  return new Map([...byTurn].map(([turnIndex, all]) => [turnIndex, recognisedOf(all)]));
}

/** Where its own media time says that it lies; told by the clock, it is a moment, and about what was said before. */
function placedFinal(event: SpeechEvent, told: ToldText, place: PlaceEvent): Final | null {
  const { startSample, endSample, placedBy } = place(event);
  if (startSample === null) return null;
  return { event, told, startSample, endSample: placedBy === 'media' ? (endSample ?? startSample) : startSample };
}

function turnOf({ startSample, endSample }: Final, turns: readonly AgentTurn[]): AgentTurn | null {
  if (endSample <= startSample) {
    const last = turns.findLast((turn) => turn.startSample <= startSample);
    return last !== undefined && startSample - last.endSample <= TOLD_AFTER_SAMPLES_MAX ? last : null;
  }
  const shared = (turn: AgentTurn): number =>
    Math.min(endSample, turn.endSample + EDGE_SAMPLES) - Math.max(startSample, turn.startSample - EDGE_SAMPLES);
  const [best] = [...turns].sort((a, b) => shared(b) - shared(a) || a.startSample - b.startSample);
  return best !== undefined && shared(best) * 2 >= endSample - startSample ? best : null;
}

function recognisedOf(finals: readonly Final[]): Recognised {
  const sources = [...new Set(finals.map(({ event }) => event.source))].sort();
  const bySource = sources.map((source) => finals.filter(({ event }) => event.source === source));
  const wordsIn = (each: readonly Final[]): number => each.reduce((sum, { told }) => sum + (told.words ?? 0), 0);
  const believed = bySource
    .reduce((most, each) => (wordsIn(each) > wordsIn(most) ? each : most))
    .sort((a, b) => a.startSample - b.startSample || (a.event.id < b.event.id ? -1 : 1));
  const confidence = noMean();
  for (const { event, told } of believed) addTo(confidence, confidenceOf(event), Math.max(1, told.words ?? 1));
  return { ...joinTexts(believed.map(({ told }) => told)), confidence: meanOf(confidence) };
}

function confidenceOf({ confidence, words }: SpeechEvent): number | null {
  if (confidence !== null) return confidence;
  const mean = noMean();
  for (const word of words) addTo(mean, word.confidence, 1);
  return meanOf(mean);
}
