/** The age of the oldest entry that is not committed follows from what was seen of the log before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogDelay } from './logDelay.ts';

const place = (partition: number, committedOffset: number | null, endOffset: number, firstOffset = 0) => ({
  partition,
  committedOffset,
  endOffset,
  firstOffset,
});

test('nothing waits: no delay, however long the log has been quiet', () => {
  const delay = new LogDelay();
  delay.note(0, 0, 5);
  assert.equal(delay.delayMs(60_000, [place(0, 5, 5)]), 0);
  delay.note(60_000, 0, 6);
  assert.equal(delay.delayMs(60_000, [place(0, 5, 6)]), 0);
  assert.equal(delay.delayMs(62_000, [place(0, 5, 6)]), 2_000);
});

test('the delay is of the partition that is furthest behind, and goes with what is committed', () => {
  const delay = new LogDelay();
  for (let look = 0; look < 10; look += 1)
    for (const partition of [0, 1]) delay.note(look * 2_000, partition, look * 10);
  const at = (committed: number): number => delay.delayMs(18_000, [place(0, 90, 90), place(1, committed, 90)]);
  // Entry 15 came by the look that saw 20 of them, at 4 s.
  assert.equal(at(15), 14_000);
  assert.equal(at(20), 12_000);
  assert.equal(at(90), 0);
});

test('entries that the brokers have deleted wait no more; a group that has never committed has all before it', () => {
  const delay = new LogDelay();
  delay.note(0, 0, 10);
  delay.note(5_000, 0, 20);
  assert.equal(delay.delayMs(8_000, [place(0, null, 20)]), 8_000);
  assert.equal(delay.delayMs(8_000, [place(0, 3, 20, 10)]), 3_000);
  assert.equal(delay.delayMs(8_000, [place(0, 3, 20, 20)]), 0);
});
