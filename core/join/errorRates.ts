/** Word and character error rates between two texts: edits over the length of the text that was to be said. */
import { isHashed } from '../events/wordHash.ts';
import { wordsOf } from '../events/words.ts';

/** Time goes with the product: these keep a comparison under a tenth of a second. */
const WORDS_MAX = 2_000;
const CHARACTERS_MAX = 4_000;

export interface ErrorRates {
  readonly wordErrorRate: number | null;
  readonly characterErrorRate: number | null;
}

const UNKNOWN: ErrorRates = { wordErrorRate: null, characterErrorRate: null };

/** May exceed 1, where more was heard than was to be said. Hashes can be compared by the word only, and with hashes only. */
export function errorRatesOf(intended: string, recognised: string): ErrorRates {
  const [from, to] = [wordsOf(intended), wordsOf(recognised)];
  if (from.length === 0 || isHashed(intended) !== isHashed(recognised)) return UNKNOWN;
  const [fromText, toText] = [from.join(' '), to.join(' ')];
  return {
    wordErrorRate: rateOf(from, to, WORDS_MAX),
    characterErrorRate: isHashed(intended) ? null : rateOf([...fromText], [...toText], CHARACTERS_MAX),
  };
}

const rateOf = (from: readonly string[], to: readonly string[], sizeMax: number): number | null =>
  from.length > sizeMax || to.length > sizeMax ? null : Math.round((1e4 * editsBetween(from, to)) / from.length) / 1e4;

/** Levenshtein's distance, a row at a time. */
export function editsBetween(from: readonly string[], to: readonly string[]): number {
  let row = Uint32Array.from({ length: to.length + 1 }, (_, place) => place);
  let next = new Uint32Array(to.length + 1);
  for (let at = 0; at < from.length; at++) {
    next[0] = at + 1;
    for (let other = 0; other < to.length; other++)
      next[other + 1] = Math.min(row[other] + (from[at] === to[other] ? 0 : 1), row[other + 1] + 1, next[other] + 1);
    [row, next] = [next, row];
  }
  return row[to.length];
}
