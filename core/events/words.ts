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
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])[\p{L}\p{M}\p{N}]|(?<=\p{L})'(?=\p{L})|(?<=\p{N})[.,:](?=\p{N}))+/gu;

export function wordsOf(text: string): string[] {
  return text.normalize('NFKC').replace(/[’ʼ`]/g, "'").toLowerCase().match(WORD) ?? [];
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
