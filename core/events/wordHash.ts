/** Words as keyed hashes: who holds the key can count and compare words and ask for one that he knows, nobody can read them. */
import { createHmac } from 'node:crypto';
import { wordsOf } from './words.ts';

const HASH_HEX_DIGITS = 16;
/** Speech repeats its words; with this many kept, most hashes are looked up. */
const KEPT_MAX = 20_000;
const HASHED = /^[0-9a-f]{16}(?: [0-9a-f]{16})*$/;

export type WordHash = (word: string) => string;

/**
 * HMAC-SHA256 of the normalised word, its first 16 hex digits: 64 bits, so that two of a million words share one with a chance
 * of 3 in 100 million. The key is a tenant's own: with it, short lists of words can be tried.
 */
export function createWordHash(key: Uint8Array): WordHash {
  let kept = new Map<string, string>();
  return (word) => {
    const normalised = wordsOf(word).join(' ');
    const known = kept.get(normalised);
    if (known !== undefined) return known;
    const hash = createHmac('sha256', key).update(normalised).digest('hex').slice(0, HASH_HEX_DIGITS);
    if (kept.size >= KEPT_MAX) kept = new Map();
    kept.set(normalised, hash);
    return hash;
  };
}

/** Text of which only hashes are left. */
export const isHashed = (text: string): boolean => HASHED.test(text);
