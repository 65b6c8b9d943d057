/** The text that an event or a span tells: itself where it was kept, and how much of it there was where it was not. */
import type { SpeechEvent, Word } from '../events/speechEvent.ts';
import { CHARACTER_COUNT_ATTRIBUTE, SPOKEN_LETTERS_ATTRIBUTE, WORD_COUNT_ATTRIBUTE } from '../events/textPolicy.ts';
import { isHashed } from '../events/wordHash.ts';
import { charactersOf, oneWordEach, spokenLettersOf, wordsOf } from '../events/words.ts';
import type { Request } from '../spans/request.ts';

export interface ToldText {
  /** '' where it was not kept. */
  readonly text: string;
  readonly words: number | null;
  readonly characters: number | null;
  /** How long it takes to say (spokenLettersOf); null where only counts are left that do not tell. */
  readonly spokenLetters: number | null;
  /** On the clock of its own audio. */
  readonly timedWords: readonly Word[];
}

export const NO_TEXT: ToldText = { text: '', words: 0, characters: 0, spokenLetters: 0, timedWords: [] };

/** Speech markup is not spoken. Bounded, so that a lone bracket costs nothing. */
const withoutMarkup = (text: string): string => text.replace(/<\/?[a-zA-Z][^<>]{0,200}>/g, ' ');

/** Null where the event tells no text at all. */
export function toldBy(event: SpeechEvent): ToldText | null {
  const timedWords = oneWordEach(event.words);
  const text = withoutMarkup(
    event.text.trim() === '' ? event.words.map((word) => word.text).join(' ') : event.text,
  ).trim();
  const counted = countIn(event, WORD_COUNT_ATTRIBUTE);
  if (text === '' && counted === null && timedWords.length === 0) return null;
  const own = measured(text);
  return {
    text,
    words: counted ?? own.words ?? timedWords.length,
    characters: countIn(event, CHARACTER_COUNT_ATTRIBUTE) ?? own.characters,
    spokenLetters: countIn(event, SPOKEN_LETTERS_ATTRIBUTE) ?? own.spokenLetters,
    timedWords,
  };
}

export function toldBySpan(request: Request): ToldText | null {
  const text = withoutMarkup(request.outputText).trim();
  if (text === '' && request.characters === null) return null;
  const own = measured(text);
  return { text, ...own, characters: own.characters ?? request.characters, timedWords: [] };
}

function measured(text: string): Pick<ToldText, 'words' | 'characters' | 'spokenLetters'> {
  if (text === '') return { words: null, characters: null, spokenLetters: null };
  const words = wordsOf(text).length;
  if (isHashed(text)) return { words, characters: null, spokenLetters: null };
  return { words, characters: charactersOf(text), spokenLetters: spokenLettersOf(text) };
}

function countIn({ attributes }: SpeechEvent, name: string): number | null {
  const count = Number(attributes[name] ?? NaN);
  return Number.isSafeInteger(count) && count >= 0 ? count : null;
}

/** One after another. Text of which a part was not kept is not kept. */
export function joinTexts(parts: readonly ToldText[]): ToldText {
  if (parts.length === 1) return parts[0];
  const isWhole = parts.every(({ text }) => text !== '');
  return {
    text: isWhole ? parts.map(({ text }) => text).join(' ') : '',
    words: sumOf(parts.map(({ words }) => words)),
    characters: sumOf(
      parts.map(({ characters }) => characters),
      parts.length - 1,
    ),
    spokenLetters: sumOf(
      parts.map(({ spokenLetters }) => spokenLetters),
      parts.length - 1,
    ),
    timedWords: parts.flatMap(({ timedWords }) => timedWords),
  };
}

/** With what stands between them; null where one is not known. */
function sumOf(counts: readonly (number | null)[], between = 0): number | null {
  return counts.reduce<number | null>(
    (sum, count) => (sum === null || count === null ? null : sum + count),
    Math.max(0, between),
  );
}
