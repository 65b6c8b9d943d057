/** The wall clock stands on the earliest arrivals and follows drift. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWallClock } from './wallClock.ts';

test('jitter only ever delays: the earliest arrival tells the time of sample 0', () => {
  const clock = createWallClock(0);
  for (let i = 1; i <= 500; i += 1) clock.arrived(1_000_000 + i * 20 + ((i * 37) % 80), i * 20);
  assert.equal(clock.sample0Ms, 1_000_000);
});

test('a sender whose clock is 200 ppm slow is followed within 20 ms over an hour', () => {
  const clock = createWallClock(0);
  for (let mediaMs = 20; mediaMs <= 3_600_000; mediaMs += 20) clock.arrived(1_000_000 + mediaMs * 1.0002, mediaMs);
  const trueNow = 1_000_000 + 3_600_000 * 0.0002;
  assert.ok(Math.abs(clock.sample0Ms - trueNow) < 20, `${clock.sample0Ms - trueNow} ms off`);
});

test('before anything has come, the call began when it was opened', () => {
  assert.equal(createWallClock(1_234).sample0Ms, 1_234);
});
