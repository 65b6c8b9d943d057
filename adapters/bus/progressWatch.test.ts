/** A partition that should move and does not is told, and no other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressWatch } from './progressWatch.ts';

test('a partition with entries to read that stands still for too long is stuck', () => {
  const watch = new ProgressWatch(10_000);
  const frozen = { partition: 0, nextOffset: 5, endOffset: 9 };
  const moving = (nextOffset: number) => ({ partition: 1, nextOffset, endOffset: 1_000 });
  assert.deepEqual(watch.look([frozen, moving(1)], 0), []);
  assert.deepEqual(watch.look([frozen, moving(2)], 9_000), []);
  assert.deepEqual(watch.look([frozen, moving(3)], 10_000), [0]);
});

test('one that has been read to its end, or went to others in between, is not', () => {
  const watch = new ProgressWatch(10_000);
  const idle = { partition: 0, nextOffset: 9, endOffset: 9 };
  assert.deepEqual(watch.look([idle], 0), []);
  assert.deepEqual(watch.look([idle], 60_000), []);
  // Entries came just now: from here on it has its time.
  assert.deepEqual(watch.look([{ ...idle, endOffset: 12 }], 60_001), []);
  assert.deepEqual(watch.look([], 61_000), []);
  assert.deepEqual(watch.look([{ ...idle, endOffset: 12 }], 80_000), []);
});
