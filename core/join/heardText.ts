/**
 * How much of a turn's text was heard. The words' times count in their own audio; that audio is put where the agent was heard to
 * begin, so a word was heard if its middle lies before the agent fell silent.
 */
import { firstWords, charactersOf, wordsWithin } from '../events/words.ts';
import { isHashed } from '../events/wordHash.ts';
import { SAMPLES_PER_MS, samplesFromMs } from '../units/time.ts';
import type { AgentTurn } from './agentTurns.ts';
import { samplesOf, within, type Stretch } from './speechWithin.ts';
import type { Synthesis } from './syntheses.ts';
import { joinTexts, NO_TEXT, type ToldText } from './toldText.ts';

/** Playback that is told this much later than the turn began is not what began it: something without a text was said first. */
const OTHER_BEGINNING_SAMPLES_MIN = samplesFromMs(700);
/** Clocks are aligned to tens of milliseconds; sound comes after its playback was told. */
const ONSET_EARLY_SAMPLES_MAX = samplesFromMs(150);
const ONSET_LATE_SAMPLES_MAX = samplesFromMs(1_000);
/** Playback told so long before the audio ahead of it is through: it was queued. */
const QUEUED_SAMPLES_MIN = samplesFromMs(500);
/** Times of words that go on where those of the synthesis before ended count in the same audio. */
const SAME_CLOCK_MS = 50;
/** Words' times and the edges of speech are each good for some 50 ms. */
const EDGE_SAMPLES = samplesFromMs(120);
const SILENT_SHARE_MIN = 0.8;

export interface Limit {
  /** Where the agent fell silent, or how far it has been heard. */
  readonly sample: number;
  /** Not all may have been heard: it was cut, or goes on. */
  readonly isPart: boolean;
}

export interface HeardText {
  readonly words: number | null;
  readonly characters: number | null;
  /** As far as it was kept and heard; null where that is not known. */
  readonly text: string | null;
  /** Null where words have no times. */
  readonly silentWords: number | null;
  readonly silentSamples: number;
}

export function heardOf(
  texts: readonly Synthesis[],
  turn: AgentTurn,
  limit: Limit,
  speech: readonly Stretch[],
): HeardText {
  const zeros = zerosOf(texts, turn, speech);
  const parts = texts.map((text, index) => partOf(text, zeros[index], zeros[index + 1] ?? null, limit));
  const known = parts.filter((part) => part !== null);
  const silent = silentOf(texts, zeros, { startSample: turn.startSample, endSample: limit.sample }, speech);
  if (known.length < parts.length) return { words: null, characters: null, text: null, ...silent };
  const heard = known.filter(({ words }) => words !== 0);
  const whole = heard.length === 0 ? NO_TEXT : joinTexts(heard);
  return { words: whole.words, characters: whole.characters, text: whole.text, ...silent };
}

/** Where on the timeline the audio of each begins; null where that cannot be told. */
function zerosOf(texts: readonly Synthesis[], turn: AgentTurn, speech: readonly Stretch[]): (number | null)[] {
  const zeros: (number | null)[] = [];
  const [first] = texts;
  const firstOnset = firstOnsetOf(first, turn, speech);
  const playoutSamples = first.playedSample === null ? 0 : firstOnset - first.playedSample;
  for (const [index, text] of texts.entries()) {
    const leadIn = (text.timedWords[0]?.startMs ?? 0) * SAMPLES_PER_MS;
    if (index === 0) zeros.push(firstOnset - leadIn);
    else zeros.push(laterZero(text, texts[index - 1], zeros[index - 1], playoutSamples, leadIn, speech));
  }
  return zeros;
}

function firstOnsetOf({ playedSample }: Synthesis, { startSample }: AgentTurn, speech: readonly Stretch[]): number {
  if (playedSample === null || playedSample - startSample < OTHER_BEGINNING_SAMPLES_MIN) return startSample;
  return onsetNear(playedSample, speech) ?? playedSample;
}

/** The first onset of speech that may be what was played at that moment. */
function onsetNear(sample: number, speech: readonly Stretch[]): number | null {
  const onset = speech.find(({ startSample }) => startSample >= sample - ONSET_EARLY_SAMPLES_MAX)?.startSample;
  return onset === undefined || onset - sample > ONSET_LATE_SAMPLES_MAX ? null : onset;
}

function laterZero(
  text: Synthesis,
  before: Synthesis,
  zeroBefore: number | null,
  playoutSamples: number,
  leadIn: number,
  speech: readonly Stretch[],
): number | null {
  const durationMs = durationMsOf(before);
  const endBefore = zeroBefore === null || durationMs === null ? null : zeroBefore + durationMs * SAMPLES_PER_MS;
  if (text.playedSample !== null) {
    const expected = text.playedSample + playoutSamples;
    const isQueued = endBefore !== null && expected < endBefore - QUEUED_SAMPLES_MIN;
    if (!isQueued) return (onsetNear(expected, speech) ?? expected) - leadIn;
  }
  const firstWord = text.timedWords.at(0);
  const lastBefore = before.timedWords.at(-1);
  const goesOn =
    firstWord !== undefined && lastBefore !== undefined && firstWord.startMs >= lastBefore.endMs - SAME_CLOCK_MS;
  return goesOn ? zeroBefore : endBefore;
}

const durationMsOf = ({ audioMs, timedWords }: Synthesis): number | null => audioMs ?? timedWords.at(-1)?.endMs ?? null;

/** What was heard of one synthesis; null where that cannot be told. */
function partOf(text: Synthesis, zero: number | null, nextZero: number | null, limit: Limit): ToldText | null {
  if (!limit.isPart) return text;
  const toLimitMs = zero === null ? Infinity : (limit.sample - zero) / SAMPLES_PER_MS;
  if (toLimitMs <= 0) return NO_TEXT;
  const playedMs = Math.min(toLimitMs, text.playedMs ?? Infinity);
  const total = text.words;
  if (total === null) return null;
  if (text.timedWords.length > 0 && playedMs < Infinity) return firstOf(text, timedWordsBefore(text, total, playedMs));
  if (playedMs * SAMPLES_PER_MS < EDGE_SAMPLES) return NO_TEXT;
  // Of a synthesis that was given up, the audio that there is says nothing of how long the whole would be.
  const durationMs = text.isCancelled ? null : durationMsOf(text);
  if (durationMs !== null && durationMs > 0 && playedMs < Infinity) {
    const share = Math.min(1, playedMs / durationMs);
    return firstOf(text, text.text === '' ? Math.round(total * share) : wordsWithin(text.text, share));
  }
  const isThrough = nextZero !== null && nextZero <= limit.sample && text.playedMs === null;
  return isThrough || total <= 1 ? text : null;
}

/** Services may time more words than the text has (numbers written out), or, cut themselves, fewer. */
function timedWordsBefore({ timedWords }: Synthesis, total: number, playedMs: number): number {
  const heard = timedWords.filter(({ startMs, endMs }) => (startMs + endMs) / 2 < playedMs).length;
  return timedWords.length > total ? Math.round((heard * total) / timedWords.length) : heard;
}

function firstOf(text: ToldText, heard: number): ToldText {
  const total = text.words ?? 0;
  if (heard >= total) return text;
  if (heard === 0) return NO_TEXT;
  const first = text.text === '' ? '' : firstWords(text.text, heard);
  const isLegible = first !== '' && !isHashed(first);
  const share = (count: number | null): number | null => (count === null ? null : Math.round((count * heard) / total));
  return {
    text: first,
    words: heard,
    characters: isLegible ? charactersOf(first) : share(text.characters),
    spokenLetters: share(text.spokenLetters),
    timedWords: text.timedWords.slice(0, heard),
  };
}

/** Words that were to be said within the turn where the agent is silent. */
function silentOf(
  texts: readonly Synthesis[],
  zeros: readonly (number | null)[],
  turn: Stretch,
  speech: readonly Stretch[],
): { silentWords: number | null; silentSamples: number } {
  const timed = texts.flatMap(({ timedWords }, index) => {
    const zero = zeros[index];
    if (zero === null) return [];
    return timedWords.map(({ startMs, endMs }) => ({
      startSample: zero + startMs * SAMPLES_PER_MS,
      endSample: zero + endMs * SAMPLES_PER_MS,
    }));
  });
  if (timed.length === 0) return { silentWords: null, silentSamples: 0 };
  const silent = timed.filter((word) => {
    if (word.startSample < turn.startSample || word.endSample > turn.endSample) return false;
    const middle = (word.startSample + word.endSample) / 2;
    const around = { startSample: middle - EDGE_SAMPLES, endSample: middle + EDGE_SAMPLES };
    const spoken = samplesOf(within(speech, word)) / Math.max(1, word.endSample - word.startSample);
    return within(speech, around).length === 0 && spoken <= 1 - SILENT_SHARE_MIN;
  });
  return { silentWords: silent.length, silentSamples: samplesOf(silent) };
}
