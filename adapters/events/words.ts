/** Words with their times, from a list of objects or from lists side by side. A word whose times make no sense is left out. */
import type { Word } from '../../core/events/speechEvent.ts';
import { bounded, boundedList, LIMITS, mediaMs, objectsAt, shareAt, textAt, valueAt, type Json } from './json.ts';

export interface WordNames {
  readonly text: readonly string[];
  readonly start: string;
  readonly end: string;
  /** What one unit of the times is, in ms. */
  readonly unitMs: 1 | 1_000;
}

export function wordsAt(json: Json | undefined, field: string, names: WordNames): readonly Word[] {
  const items = boundedList(objectsAt(json, field), 'words', LIMITS.words);
  return items.flatMap((item) => {
    const text = textAt(item, ...names.text);
    const [start, end] = [valueAt(item, names.start), valueAt(item, names.end)];
    return wordOf(text, inMs(start, names.unitMs), inMs(end, names.unitMs), shareAt(item, 'confidence') ?? null);
  });
}

/** Texts, starts and ends as three lists of one length. */
export function wordsBesides(
  texts: readonly unknown[],
  starts: readonly unknown[],
  ends: readonly unknown[],
  unitMs: 1 | 1_000,
): readonly Word[] {
  return boundedList(texts, 'words', LIMITS.words).flatMap((text, index) =>
    wordOf(typeof text === 'string' ? text.trim() : '', inMs(starts[index], unitMs), inMs(ends[index], unitMs), null),
  );
}

const inMs = (value: unknown, unitMs: number): number | undefined =>
  typeof value === 'number' ? mediaMs(value * unitMs) : undefined;

function wordOf(text: string, startMs?: number, endMs?: number, confidence: number | null = null): Word[] {
  if (text === '' || startMs === undefined || endMs === undefined || endMs < startMs) return [];
  return [{ text: bounded(text, 'a word', LIMITS.wordLength), startMs, endMs, confidence }];
}

export const textOf = (words: readonly Word[]): string =>
  bounded(words.map(({ text }) => text).join(' '), 'words', LIMITS.textLength);

/** From the first word's start to the last one's end, so far as they are in order. */
export function spanOf(words: readonly Word[]): { readonly startMs?: number; readonly endMs?: number } {
  const [first, last] = [words.at(0), words.at(-1)];
  return first === undefined || last === undefined || last.endMs < first.startMs
    ? {}
    : { startMs: first.startMs, endMs: last.endMs };
}

export function meanConfidence(words: readonly Word[]): number | undefined {
  const told = words.flatMap(({ confidence }) => confidence ?? []);
  return told.length === 0 ? undefined : told.reduce((sum, share) => sum + share, 0) / told.length;
}
