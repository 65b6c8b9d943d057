/**
 * Text as words that can be counted and compared. Case and punctuation do not count; numbers stay as they are written, so
 * "5" and "five" are two words. Scripts that put no spaces between words count by the character, as recognisers' error rates
 * do for them.
 */
import type { Word } from './speechEvent.ts';

/**
 * Letters and digits, apostrophes between letters (it's), points, commas and colons between digits (3.5, 10:30). Each branch
 * begins with characters that the others do not have, so the time is linear.
 */
const WITHOUT_SPACES = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar']
  .map((script) => `\\p{Script=${script}}`)
  .join('');
const WORD = new RegExp(
  `[${WITHOUT_SPACES}]\\p{M}*|(?:(?![${WITHOUT_SPACES}])[\\p{L}\\p{M}\\p{N}]|(?<=\\p{L})'(?=\\p{L})|(?<=\\p{N})[.,:](?=\\p{N}))+`,
  'gu',
);

const plainOf = (text: string): string => text.normalize('NFKC').replace(/[’ʼ`]/g, "'");

export const wordsOf = (text: string): string[] => plainOf(text).toLowerCase().match(WORD) ?? [];

/** The text up to the end of so many words. */
export function firstWords(text: string, count: number): string {
  const plain = plainOf(text);
  let end = 0;
  let left = count;
  for (const match of plain.matchAll(WORD)) {
    if (left-- <= 0) break;
    end = match.index + match[0].length;
  }
  return plain.slice(0, end);
}

/** Without the white space around it; what a reader would count. */
export const charactersOf = (text: string): number => [...text.trim().replace(/\s+/g, ' ')].length;

/**
 * One entry a word: services also time "twenty-one" or "New York," as one, and full stops as some. A piece of n words is cut
 * into n of equal length; what holds no word at all is left out. Withheld words ('') are one word each.
 */
export function oneWordEach(words: readonly Word[]): Word[] {
  return words.flatMap((word) => {
    if (word.text === '') return [word];
    const parts = wordsOf(word.text);
    if (parts.length <= 1) return parts.length === 0 ? [] : [word];
    const stepMs = (word.endMs - word.startMs) / parts.length;
    return parts.map((text, part) => ({
      ...word,
      text,
      startMs: word.startMs + part * stepMs,
      endMs: word.startMs + (part + 1) * stepMs,
    }));
  });
}

/** Letters that a sign stands for when it is read aloud: "seven ", "at ", "dollars "; a character of a script without spaces. */
const DIGIT_LETTERS = 5;
const SYMBOL_LETTERS = 6;
const CHARACTER_LETTERS = 3;
const ABBREVIATION_LETTERS = 2.5;
const SPOKEN = new RegExp(
  `(?<digit>\\p{N})|(?<symbol>[\\p{Sc}%&@+=#/])|(?<character>[${WITHOUT_SPACES}])|(?<abbreviation>\\b\\p{Lu}{2,5}\\b)|(?<letter>[\\p{L}\\p{M}])|(?<space>\\s+)`,
  'gu',
);

/** How much there is to say, in letters of written-out English: what speech takes its time by, better than by words. */
export function spokenLettersOf(text: string): number {
  let letters = 0;
  for (const { groups } of text.trim().matchAll(SPOKEN)) {
    if (groups?.digit !== undefined) letters += DIGIT_LETTERS;
    else if (groups?.symbol !== undefined) letters += SYMBOL_LETTERS;
    else if (groups?.character !== undefined) letters += CHARACTER_LETTERS;
    else if (groups?.abbreviation !== undefined) letters += ABBREVIATION_LETTERS * groups.abbreviation.length;
    else letters += 1;
  }
  return Math.round(letters);
}

/** How many words have their middle within the first part of the text, a share of its characters. */
export function wordsWithin(text: string, share: number): number {
  const plain = plainOf(text);
  const end = share * plain.length;
  return [...plain.matchAll(WORD)].filter((match) => match.index + match[0].length / 2 < end).length;
}
