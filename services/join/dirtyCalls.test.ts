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
  assert.deepEqual(dirty.takeDone(600), []);
  assert.deepEqual(dirty.take(5_000, 9), ['a']);
  assert.deepEqual(dirty.takeDone(5_001), [], 'what was just joined may still be written about');
  assert.deepEqual(dirty.takeDone(10_000), ['a']);
  assert.deepEqual(dirty.takeDone(10_000), [], 'it is forgotten');
});

test('a running call may be quiet for as long as it wants', () => {
  const dirty = new DirtyCalls(PAUSES);
  dirty.started('a', 0);
  assert.deepEqual(dirty.take(100, 9), ['a'], 'its reports may have come before it');
  assert.deepEqual(dirty.takeDone(1_000_000), []);
  dirty.ended('a', 1_000_000);
  assert.deepEqual(dirty.take(2_000_000, 9), ['a']);
  assert.deepEqual(dirty.takeDone(2_005_000), ['a']);
});

test('a sweep waits behind nothing that became due after it', () => {
  const dirty = new DirtyCalls(PAUSES);
  dirty.ended('a', 0);
  assert.deepEqual(dirty.take(100, 9), ['a']);
  for (const [index, key] of ['b', 'c'].entries()) dirty.touch(key, 500 + index);
  assert.deepEqual(dirty.take(1_000, 1), ['a']);
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
