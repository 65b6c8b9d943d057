/**
 * ElevenLabs' TTS WebSocket, (multi-)stream-input: audio, and when each character is said. Characters become words here. There
 * is no wall time. https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-stream-input
 */
import type { ReportedEvent, Word } from '../../core/events/speechEvent.ts';
import {
  boundedList,
  idAt,
  LIMITS,
  listAt,
  mediaMs,
  objectAt,
  objectOf,
  refused,
  textAt,
  valueAt,
  wellFormed,
} from './json.ts';
import type { Json } from './json.ts';
import { createMemory, event, known, type EventMapper } from './mapper.ts';
import { spanOf, textOf } from './words.ts';

const EXPECTED = 'a message of ElevenLabs, with audio, alignment, normalizedAlignment or isFinal';
const FIELDS = ['audio', 'alignment', 'normalizedAlignment', 'isFinal', 'is_final', 'error', 'message'];

/** Also bounds what is kept of text without any spaces. */
const WORD_LENGTH_MAX = 100;

type Fields = Omit<ReportedEvent, 'type'>;

interface Character {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** What one context, or one connection up to its final message, has synthesised so far. */
interface Synthesis {
  hasAudio: boolean;
  /** Where the characters so far end. */
  endMs: number;
  /** A word whose end has not come: chunks are cut anywhere. */
  open: Word | null;
}

const newSynthesis = (): Synthesis => ({ hasAudio: false, endMs: 0, open: null });

export function createElevenlabsMapper(): EventMapper {
  const syntheses = createMemory<Synthesis>();
  /** Connections without contexts say one thing after another. */
  let unnamedCount = 1;

  return {
    map(message, context) {
      const json = objectOf(message, EXPECTED);
      if (!FIELDS.some((field) => Object.hasOwn(json, field))) throw refused(EXPECTED, Object.keys(json).join(', '));
      const contextId = idAt(json, 'contextId', 'context_id');
      const segmentId = contextId || `utterance-${unnamedCount}`;
      const streamId = contextId || `${context.streamId || 'elevenlabs'}:${segmentId}`;
      const about: Fields = { role: context.role || 'agent', provider: 'elevenlabs', segmentId, streamId };
      if (textAt(json, 'error') !== '' || (valueAt(json, 'code') !== undefined && textAt(json, 'message') !== '')) {
        const attributes = known({ code: idAt(json, 'code') });
        return [event('error', { ...about, text: textAt(json, 'message', 'error'), attributes })];
      }
      const synthesis = syntheses.get(segmentId) ?? newSynthesis();
      const isFinal = valueAt(json, 'isFinal', 'is_final') === true;
      const events = [
        ...firstAudio(json, synthesis, about),
        ...spoken(json, synthesis, about, isFinal ? 'all' : 'whole'),
      ];
      syntheses.set(segmentId, isFinal ? newSynthesis() : synthesis);
      if (!isFinal) return events;
      if (contextId === '') unnamedCount += 1;
      return [...events, event('tts_ended', about)];
    },
  };
}

function firstAudio(json: Json, synthesis: Synthesis, about: Fields): ReportedEvent[] {
  const audio = valueAt(json, 'audio');
  if (synthesis.hasAudio || typeof audio !== 'string' || audio === '') return [];
  synthesis.hasAudio = true;
  return [event('tts_first_audio', about)];
}

/** Which words to tell: those whose end is certain, or all because nothing follows. */
function spoken(json: Json, synthesis: Synthesis, about: Fields, tell: 'whole' | 'all'): ReportedEvent[] {
  const words = wordsOf(placed(charactersOf(json), synthesis), synthesis);
  if (tell === 'all' && synthesis.open !== null) words.push(whole(synthesis.open));
  if (tell === 'all') synthesis.open = null;
  if (words.length === 0) return [];
  return [event('tts_words', { ...about, ...spanOf(words), text: textOf(words), words })];
}

/** `alignment` is of the text as it was sent, `normalizedAlignment` of the text as it is read out. Two spellings exist. */
function charactersOf(json: Json): readonly Character[] {
  const lists = objectAt(json, 'alignment', 'normalizedAlignment');
  const texts = boundedList(listAt(lists, 'chars', 'characters'), 'characters', LIMITS.textLength);
  const starts = listAt(lists, 'charStartTimesMs', 'charsStartTimesMs');
  const durations = listAt(lists, 'charDurationsMs', 'charsDurationsMs');
  return texts.flatMap((text, index) => {
    const [startMs, durationMs] = [mediaMs(starts[index]), mediaMs(durations[index])];
    if (typeof text !== 'string' || text.length > WORD_LENGTH_MAX) return [];
    if (startMs === undefined || durationMs === undefined) return [];
    return [{ text, startMs, endMs: startMs + durationMs }];
  });
}

/** Rounding may let a character seem to start before the one before it has ended. */
const ROUNDING_MS = 20;

/**
 * Times count from the start of each chunk's own audio, so what came before is added. Should a connection count on instead,
 * its chunk starts where the one before ended, and nothing is added.
 */
function placed(characters: readonly Character[], synthesis: Synthesis): readonly Character[] {
  const [first] = characters;
  if (first === undefined) return [];
  const offsetMs = first.startMs + ROUNDING_MS >= synthesis.endMs ? 0 : synthesis.endMs;
  return characters.map(({ text, startMs, endMs }) => ({
    text,
    startMs: startMs + offsetMs,
    endMs: endMs + offsetMs,
  }));
}

function wordsOf(characters: readonly Character[], synthesis: Synthesis): Word[] {
  const words: Word[] = [];
  for (const { text, startMs, endMs } of characters) {
    const { open } = synthesis;
    synthesis.endMs = Math.max(synthesis.endMs, endMs);
    const isBetween = text.trim() === '';
    if (open !== null && (isBetween || open.text.length >= WORD_LENGTH_MAX)) {
      words.push(whole(open));
      synthesis.open = null;
    }
    if (!isBetween) synthesis.open = extended(synthesis.open, text, startMs, endMs);
  }
  return words;
}

const extended = (open: Word | null, text: string, startMs: number, endMs: number): Word =>
  open === null
    ? { text, startMs, endMs: Math.max(startMs, endMs), confidence: null }
    : { ...open, text: open.text + text, endMs: Math.max(open.endMs, endMs) };

/** Only a whole word tells whether half a character is alone. */
const whole = (word: Word): Word => ({ ...word, text: wellFormed(word.text) });
