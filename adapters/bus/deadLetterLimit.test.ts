/** The bounds on what may be unreadable: by the minute and in a row, each topic for itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeadLetterLimit, type StoppedReading } from './deadLetterLimit.ts';

function limitAt(bounds: { perMinute: number; inRow: number }): {
  limit: DeadLetterLimit;
  stopped: StoppedReading[];
  clock: { ms: number };
} {
  const stopped: StoppedReading[] = [];
  const clock = { ms: 0 };
  const limit = new DeadLetterLimit(
    { deadLettersPerMinuteMax: bounds.perMinute, deadLettersInRowMax: bounds.inRow },
    (one) => stopped.push(one),
    () => clock.ms,
  );
  return { limit, stopped, clock };
}

test('more than so many in a minute stop the topic, though others were read in between', () => {
  const { limit, stopped, clock } = limitAt({ perMinute: 3, inRow: 100 });
  for (const atMs of [0, 10_000, 20_000]) {
    clock.ms = atMs;
    assert.equal(limit.noteUnreadable('log'), 'go on');
    limit.noteRead('log');
  }
  clock.ms = 59_999;
  assert.equal(limit.noteUnreadable('log'), 'stop');
  assert.deepEqual(stopped, [{ topic: 'log', reason: '3 within a minute could not be read' }]);
});

test('the same number over a longer time goes on', () => {
  const { limit, stopped, clock } = limitAt({ perMinute: 3, inRow: 1_000 });
  for (let count = 0; count < 100; count += 1) {
    clock.ms = count * 20_001;
    assert.equal(limit.noteUnreadable('log'), 'go on');
  }
  assert.deepEqual(stopped, []);
});

test('so many in a row stop a topic in which little is written', () => {
  const { limit, stopped, clock } = limitAt({ perMinute: 100, inRow: 2 });
  const say = (): string => {
    clock.ms += 3_600_000;
    return limit.noteUnreadable('spans');
  };
  assert.equal(say(), 'go on');
  limit.noteRead('spans');
  assert.deepEqual([say(), say(), say()], ['go on', 'go on', 'stop']);
  assert.deepEqual(stopped, [{ topic: 'spans', reason: '2 one after the other could not be read' }]);
});

test('a topic that stopped stays so and is told once; others go on', () => {
  const { limit, stopped, clock } = limitAt({ perMinute: 1, inRow: 10 });
  limit.noteUnreadable('log');
  limit.noteUnreadable('log');
  clock.ms = 1e9;
  limit.noteRead('log');
  assert.equal(limit.noteUnreadable('log'), 'stop');
  assert.equal(stopped.length, 1);
  assert.deepEqual(limit.stoppedTopics, ['log']);
  assert.equal(limit.noteUnreadable('facts'), 'go on');
});
