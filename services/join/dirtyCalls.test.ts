/** When calls are joined: soon, not at every piece, and some times after their end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DirtyCalls } from './dirtyCalls.ts';

const PAUSES = { quietMs: 100, betweenMs: 1_000, betweenTimes: 50, sweepsMs: [500, 5_000] };

test('a call is due when it has been quiet, and again no sooner than allowed', () => {
  const dirty = new DirtyCalls(PAUSES);
  dirty.touch('a', 0);
  assert.deepEqual(dirty.take(99, 9), []);
  dirty.touch('a', 50);
  assert.deepEqual(dirty.take(100, 9), ['a'], 'more of the same does not put it off');
  assert.equal(dirty.waiting, 0);
  dirty.touch('a', 110);
  assert.equal(dirty.waiting, 1);
  assert.deepEqual(dirty.take(1_099, 9), []);
  assert.deepEqual(dirty.take(1_100, 9), ['a']);
});

test('an ended call is joined once for what came, and at each sweep; then nothing more is expected of it', () => {
  const dirty = new DirtyCalls(PAUSES);
  dirty.ended('a', 0);
  assert.deepEqual(dirty.take(100, 9), ['a']);
  assert.deepEqual(dirty.take(499, 9), []);
  assert.deepEqual(dirty.take(500, 9), ['a']);
  assert.equal(dirty.isDone('a', 600), false);
  assert.deepEqual(dirty.take(5_000, 9), ['a']);
  assert.equal(dirty.isDone('a', 5_001), false, 'what was just joined may still be written about');
  assert.equal(dirty.isDone('a', 10_000), true);
  dirty.forget('a');
  assert.equal(dirty.isDone('a', 10_000), false, 'of a call that is not known nothing can be said');
});

test('no more than asked for are taken, the longest due first, and none is lost', () => {
  const dirty = new DirtyCalls(PAUSES);
  for (const [index, key] of ['a', 'b', 'c'].entries()) dirty.touch(key, index);
  assert.deepEqual(dirty.take(1_000, 2), ['a', 'b']);
  assert.deepEqual(dirty.take(1_000, 2), ['c']);
});

test('what takes long is done less often', () => {
  const dirty = new DirtyCalls(PAUSES);
  dirty.touch('a', 0);
  assert.deepEqual(dirty.take(100, 9), ['a']);
  dirty.joined('a', 200);
  dirty.touch('a', 110);
  assert.deepEqual(dirty.take(10_099, 9), []);
  assert.deepEqual(dirty.take(10_100, 9), ['a']);
});
