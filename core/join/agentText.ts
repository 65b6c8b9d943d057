/**
 * Text beside sound: what was generated for each turn of the agent, and what of it was heard; how it fits the audio's length; and
 * what an STT of the agent's channel understood of it. Tells also of text that was to be said and of which nothing was heard.
 */
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { FindingOf } from '../facts/facts.ts';
import type { AgentText } from '../facts/reported.ts';
import { asSampleIndex, msFromSamples, samplesFromMs, SAMPLES_PER_MS } from '../units/time.ts';
import { rounded } from '../units/weightedMean.ts';
import { agentTurnsOf, assignTexts, leadOf, startOf, type AgentTurn } from './agentTurns.ts';
import { eventsOnce, requestsOnce } from './eachOnce.ts';
import { errorRatesOf, type ErrorRates } from './errorRates.ts';
import { heardOf, type HeardText } from './heardText.ts';
import type { JoinInput } from './joinInput.ts';
import { lengthVerdict, paceFor, type SpokenTurn } from './speakingPace.ts';
import { recognisedIn, type Recognised } from './recognisedText.ts';
import { samplesOf, speechOf, within, type Stretch } from './speechWithin.ts';
import { synthesesOf, type PlaceEvent, type PlaceRequest, type Synthesis } from './syntheses.ts';
import { joinTexts, type ToldText } from './toldText.ts';

/** The length of one or two words depends on which they are. */
const WORDS_MIN = 3;
/** One short word in a pause may be a timing that is off; two are not, nor is a long one. */
const SILENT_WORDS_MIN = 2;
const SILENT_SAMPLES_MIN = samplesFromMs(400);
/** Speech of the agent in its turn after it had yielded: it went on, so it was not cut there. */
const WENT_ON_SAMPLES = samplesFromMs(200);
/** Truncation is told when the client has stopped, which may be a little after the silence. */
const TRUNCATION_SAMPLES_MAX = samplesFromMs(1_000);
/** Texts without sound that are told this close to one another are one failure. */
const SAME_FAILURE_SAMPLES_MAX = samplesFromMs(5_000);

type Finding = FindingOf<'agent_text'>;

interface Told {
  readonly turn: AgentTurn;
  /** Of the one source that is believed. */
  readonly texts: readonly Synthesis[];
  readonly whole: ToldText | null;
  readonly cutSample: number | null;
  /** Of the agent, within the turn. */
  readonly speech: readonly Stretch[];
}

export function agentTexts(input: JoinInput, place: PlaceEvent, placeRequest: PlaceRequest): Finding[] {
  const speech = speechOf(input.speech, 'agent');
  const turns = agentTurnsOf(input.turns, input.endSample);
  const events = eventsOnce(input.events);
  const syntheses = synthesesOf(events, requestsOnce(input.requests), place, placeRequest);
  const recognised = recognisedIn(events, turns, place);
  if (syntheses.length === 0 && recognised.size === 0) return [];
  const { byTurn, unheard } = assignTexts(syntheses, turns);
  const truncations = truncationsIn(events, place);
  const told = turns.map((turn): Told => {
    const texts = believedOf(byTurn.get(turn.turnIndex) ?? []);
    const ownSpeech = within(speech, turn);
    const cutSample = turn.isOpen ? null : cutOf(input, turn, texts, ownSpeech, truncations);
    return { turn, texts, whole: texts.length === 0 ? null : joinTexts(texts), cutSample, speech: ownSpeech };
  });
  const spoken = told.flatMap((each) => spokenOf(each) ?? []);
  const state = { isLive: input.state === 'live', hasTexts: syntheses.length > 0, spoken, speech };
  return [
    ...told.map((each) => ofTurn(each, recognised.get(each.turn.turnIndex) ?? null, state)),
    ...soundless(unheard, speech, input),
  ].sort((a, b) => a.startSample - b.startSample);
}

/** Several may tell the same text: who times words goes first, then who has most to say. In the order of their audio. */
function believedOf(texts: readonly Synthesis[]): Synthesis[] {
  const sources = [...new Set(texts.map(({ source }) => source))].sort();
  const bySource = sources.map((source) => texts.filter((text) => text.source === source));
  const sumOf = (each: readonly Synthesis[], count: (text: Synthesis) => number): number =>
    each.reduce((sum, text) => sum + count(text), 0);
  const timed = (each: readonly Synthesis[]): number =>
    Math.min(
      1,
      sumOf(each, ({ timedWords }) => timedWords.length),
    );
  const words = (each: readonly Synthesis[]): number => sumOf(each, (text) => text.words ?? 0);
  const best = bySource.sort((a, b) => timed(b) - timed(a) || words(b) - words(a)).at(0) ?? [];
  const order = (text: Synthesis): number => startOf(text) ?? Infinity;
  return best.sort(
    (a, b) => compare(order(a), order(b)) || compare(firstMsOf(a), firstMsOf(b)) || compare(a.key, b.key),
  );
}

const firstMsOf = ({ timedWords }: Synthesis): number => timedWords[0]?.startMs ?? 0;
const compare = <Value extends number | string>(a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0);

function truncationsIn(events: readonly SpeechEvent[], place: PlaceEvent): number[] {
  return events
    .filter(({ type, role }) => type === 'playback_truncated' && role !== 'caller')
    .map(place)
    .flatMap(({ startSample, placedBy }) => (startSample === null || placedBy === 'media' ? [] : [startSample]));
}

/** Where the agent fell silent before it was through; null where nothing says that it was cut. */
function cutOf(
  { interruptions }: JoinInput,
  turn: AgentTurn,
  texts: readonly Synthesis[],
  speech: readonly Stretch[],
  truncations: readonly number[],
): number | null {
  const { startSample, endSample } = turn;
  const stops = interruptions
    .filter(
      ({ by, outcome, onsetSample }) =>
        by === 'caller' && outcome === 'yielded' && onsetSample >= startSample && onsetSample <= endSample,
    )
    .flatMap(({ stopSample }) => stopSample ?? [])
    .filter((stop) => !speech.some((each) => each.endSample > stop + WENT_ON_SAMPLES));
  if (stops.length > 0) return Math.min(endSample, ...stops);
  const isTruncated = truncations.some((at) => at > startSample && at <= endSample + TRUNCATION_SAMPLES_MAX);
  return isTruncated || texts.some((text) => text.isTruncated || text.isCancelled) ? endSample : null;
}

/** What its length can be judged by: said whole, and long enough. */
function spokenOf({ turn, texts, whole, cutSample, speech }: Told): SpokenTurn | null {
  if (whole === null || turn.isOpen || cutSample !== null) return null;
  if (whole.spokenLetters === null || (whole.words ?? 0) < WORDS_MIN) return null;
  const speechMs = msFromSamples(samplesOf(speech));
  return { turnIndex: turn.turnIndex, voice: texts[0].voice, letters: whole.spokenLetters, speechMs };
}

interface State {
  readonly isLive: boolean;
  readonly hasTexts: boolean;
  readonly spoken: readonly SpokenTurn[];
}

function ofTurn(told: Told, recognised: Recognised | null, { isLive, hasTexts, spoken }: State): Finding {
  const { turn, texts, whole, cutSample, speech } = told;
  const span = {
    kind: 'agent_text',
    status: isLive || turn.isOpen ? 'provisional' : 'final',
    revision: 0,
    channel: 'agent',
    startSample: asSampleIndex(turn.startSample),
    endSample: turn.isOpen ? null : asSampleIndex(turn.endSample),
  } as const;
  const sttConfidence = rounded(recognised?.confidence ?? null, 1e4);
  if (whole === null)
    return {
      ...span,
      ...NOTHING,
      verdict: hasTexts && !turn.isOpen ? 'no_text' : 'unknown',
      sttConfidence,
      unknown: 'no_report',
    };
  const limit = { sample: cutSample ?? turn.endSample, isPart: turn.isOpen || cutSample !== null };
  const heard = heardOf(texts, turn, limit, speech);
  const isAllHeard = heard.words !== null && whole.words !== null && heard.words >= whole.words;
  return {
    ...span,
    verdict: verdictOf(heard, spoken.find(({ turnIndex }) => turnIndex === turn.turnIndex) ?? null, spoken),
    isCut: cutSample !== null && !isAllHeard,
    generatedWords: whole.words,
    heardWords: heard.words,
    generatedCharacters: whole.characters,
    heardCharacters: isAllHeard ? whole.characters : heard.characters,
    wordsPerMinute: wordsPerMinuteOf(heard, speech, limit.sample),
    silentWords: heard.silentWords,
    ...ratesOf(heard, recognised),
    sttConfidence,
    unknown: heard.words === null && whole.words !== null ? 'no_timing' : whole.text === '' ? 'text_not_kept' : '',
  };
}

const NOTHING = {
  isCut: false,
  generatedWords: null,
  heardWords: null,
  generatedCharacters: null,
  heardCharacters: null,
  wordsPerMinute: null,
  silentWords: null,
  wordErrorRate: null,
  characterErrorRate: null,
} as const;

function verdictOf(heard: HeardText, own: SpokenTurn | null, spoken: readonly SpokenTurn[]): AgentText['verdict'] {
  const isSilent = (heard.silentWords ?? 0) >= SILENT_WORDS_MIN || heard.silentSamples >= SILENT_SAMPLES_MIN;
  if (isSilent) return 'silent_words';
  return own === null ? 'unknown' : lengthVerdict(own, paceFor(own, spoken));
}

function wordsPerMinuteOf({ words }: HeardText, speech: readonly Stretch[], limitSample: number): number | null {
  const first = speech.at(0);
  const last = speech.at(-1);
  if (words === null || words < WORDS_MIN || first === undefined || last === undefined) return null;
  const spanSamples = Math.min(last.endSample, limitSample) - first.startSample;
  return spanSamples <= 0 ? null : rounded((words * 60_000 * SAMPLES_PER_MS) / spanSamples, 10);
}

function ratesOf({ text }: HeardText, recognised: Recognised | null): ErrorRates {
  if (text === null || text === '' || recognised === null || recognised.text === '')
    return { wordErrorRate: null, characterErrorRate: null };
  return errorRatesOf(text, recognised.text);
}

/** Text that was to be said where the agent was silent, as long as there was time for it to be heard. */
function soundless(
  unheard: readonly Synthesis[],
  speech: readonly Stretch[],
  { state, endSample }: JoinInput,
): Finding[] {
  const texts = unheard
    .map((text) => ({ text, at: startOf(text) ?? 0 }))
    .filter(({ text, at }) => at >= 0 && at + leadOf(text) < endSample && text.words !== 0)
    .filter(({ text, at }) => within(speech, { startSample: at, endSample: at + leadOf(text) }).length === 0)
    .sort((a, b) => a.at - b.at || compare(a.text.key, b.text.key));
  const failures: (typeof texts)[] = [];
  for (const each of texts) {
    const last = failures.at(-1);
    if (last !== undefined && each.at - last[last.length - 1].at <= SAME_FAILURE_SAMPLES_MAX) last.push(each);
    else failures.push([each]);
  }
  return failures.map((failure) => {
    const believed = believedOf(failure.map(({ text }) => text));
    const whole = joinTexts(believed);
    return {
      kind: 'agent_text',
      status: state === 'live' ? 'provisional' : 'final',
      revision: 0,
      channel: 'agent',
      startSample: asSampleIndex(Math.round(failure[0].at)),
      endSample: null,
      ...NOTHING,
      verdict: 'no_audio',
      generatedWords: whole.words,
      heardWords: 0,
      generatedCharacters: whole.characters,
      heardCharacters: 0,
      sttConfidence: null,
      unknown: whole.text === '' ? 'text_not_kept' : '',
    };
  });
}
