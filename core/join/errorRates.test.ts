/** Edits between texts: the laws of a distance, known edits, and limits that keep it quick. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createWordHash } from '../events/wordHash.ts';
import { editsBetween, errorRatesOf } from './errorRates.ts';

const word = fc.constantFrom('a', 'b', 'c', 'd');
const words = fc.array(word, { maxLength: 12 });

test('a distance: nothing to itself, the same both ways, no detour is shorter', () => {
  fc.assert(
    fc.property(words, words, words, (one, two, three) => {
      assert.equal(editsBetween(one, one), 0);
      assert.equal(editsBetween(one, two), editsBetween(two, one));
      assert.ok(editsBetween(one, three) <= editsBetween(one, two) + editsBetween(two, three));
      assert.ok(editsBetween(one, two) >= Math.abs(one.length - two.length));
      assert.ok(editsBetween(one, two) <= Math.max(one.length, two.length));
    }),
  );
});

test('as many edits as were made, to words that the text does not have', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: 99 }), { minLength: 1, maxLength: 30 }), fc.gen(), (numbers, gen) => {
      const intended = numbers.map((number) => `w${number}`);
      const changed = gen(fc.shuffledSubarray<string>, intended);
      const heard = intended.map((each) => (changed.includes(each) ? `x${each}` : each));
      assert.equal(editsBetween(intended, heard), changed.length);
      const { wordErrorRate } = errorRatesOf(intended.join(' '), heard.join(', ').toUpperCase());
      assert.equal(wordErrorRate, Math.round((1e4 * changed.length) / intended.length) / 1e4);
    }),
  );
});

test('hashes are compared by the word, with hashes only; nothing to say gives no rate', () => {
  const hash = createWordHash(new Uint8Array(32));
  const [one, two] = ['one two three four', 'one two four'].map((text) => text.split(' ').map(hash).join(' '));
  assert.deepEqual(errorRatesOf(one, two), { wordErrorRate: 0.25, characterErrorRate: null });
  assert.deepEqual(errorRatesOf(one, 'one two'), { wordErrorRate: null, characterErrorRate: null });
  assert.deepEqual(errorRatesOf('...', 'one'), { wordErrorRate: null, characterErrorRate: null });
  assert.deepEqual(errorRatesOf('two words', 'two'), { wordErrorRate: 0.5, characterErrorRate: 0.6667 });
});

test('texts too long to compare give no rate', () => {
  const long = 'word '.repeat(2_001);
  assert.deepEqual(errorRatesOf(long, long), { wordErrorRate: null, characterErrorRate: null });
  const characters = 'abcdefghij'.repeat(850);
  assert.deepEqual(errorRatesOf(characters, characters), { wordErrorRate: 0, characterErrorRate: null });
});
