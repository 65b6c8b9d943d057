/**
 * A text redacted as a whole, and its timed words in accord: a word stays where the redacted text still has it in its place. The
 * others keep their times and become the placeholder that stands there, or '' where none does.
 */
import type { Redactor } from './redact.ts';
import type { Word } from './speechEvent.ts';
import { wordsOf } from './words.ts';

/** Aligning costs words x words; of a longer utterance only the words' times are kept. */
const ALIGNED_MAX = 1_000;
/** What is put in a word's place: one bracketed word, or something without letters. */
const PLACEHOLDER = /\[[\p{L}_]+\]/u;

interface Spoken {
  readonly text: string;
  readonly words: readonly Word[];
}

export function redactWords({ text, words }: Spoken, redact: Redactor): Spoken {
  if (words.length === 0) return { text: redact(text), words };
  if (words.every((word) => word.text === '')) return { text: redact(text), words };
  const fromWords = redact(words.map((word) => word.text).join(' '));
  const isTold = text.trim() !== '';
  const kept = isTold ? redact(text) : text;
  // The words may be written out where the text has figures, or the other way round: both have to let a word pass.
  const shown = isTold ? [kept, fromWords] : [fromWords];
  return { text: kept, words: shown.reduce((passed, whole) => alignTo(passed, piecesOf(whole)), words) };
}

/** Words, normalised, and placeholders. */
const piecesOf = (text: string): string[] =>
  text.split(/\s+/).flatMap((piece) => PLACEHOLDER.exec(piece)?.slice(0, 1) ?? wordsOf(piece));

function alignTo(words: readonly Word[], pieces: readonly string[]): Word[] {
  const spoken = words.flatMap((word, index) =>
    isSettled(word) ? [] : piecesOf(word.text).map((piece) => ({ piece, index })),
  );
  if (spoken.length > ALIGNED_MAX || pieces.length > ALIGNED_MAX)
    return words.map((word) => (isSettled(word) ? word : { ...word, text: '' }));
  const partners = partnersIn(
    spoken.map(({ piece }) => piece),
    pieces,
  );
  const placeholders = new Map<number, string>();
  for (const [place, { index }] of spoken.entries())
    if (partners[place] === null && !placeholders.has(index))
      placeholders.set(index, standInFor(place, partners, pieces));
  return words.map((word, index) => ({ ...word, text: placeholders.get(index) ?? word.text }));
}

const isSettled = ({ text }: Word): boolean => text === '' || PLACEHOLDER.exec(text)?.[0] === text;

/** The first placeholder between the neighbours that have partners. */
function standInFor(place: number, partners: readonly (number | null)[], pieces: readonly string[]): string {
  const before = partners.slice(0, place).findLast((partner) => partner !== null) ?? -1;
  const after = partners.slice(place).find((partner) => partner !== null) ?? pieces.length;
  return pieces.slice(before + 1, after).find((piece) => PLACEHOLDER.test(piece)) ?? '';
}

/** By the longest common subsequence: where each spoken word stands among the pieces, or null. */
function partnersIn(spoken: readonly string[], pieces: readonly string[]): (number | null)[] {
  const lengths = Array.from({ length: spoken.length + 1 }, () => new Uint16Array(pieces.length + 1));
  for (let word = spoken.length - 1; word >= 0; word--)
    for (let piece = pieces.length - 1; piece >= 0; piece--)
      lengths[word][piece] =
        spoken[word] === pieces[piece]
          ? lengths[word + 1][piece + 1] + 1
          : Math.max(lengths[word + 1][piece], lengths[word][piece + 1]);
  const partners: (number | null)[] = spoken.map(() => null);
  for (let word = 0, piece = 0; word < spoken.length && piece < pieces.length;) {
    if (spoken[word] === pieces[piece]) partners[word++] = piece++;
    else if (lengths[word + 1][piece] >= lengths[word][piece + 1]) word += 1;
    else piece += 1;
  }
  return partners;
}
