/** Audio that is queued faster than it is played lands where it is played. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playout, type PlayoutInput } from './playout.ts';

const RATE_HZ = 8_000;
const speech = (count: number): Float32Array => new Float32Array(count).fill(0.5);

/** Where sound is, as [start, end) in samples. */
function soundOf(inputs: readonly PlayoutInput[]): [number, number][] {
  const spans: [number, number][] = [];
  const stage = playout({ rateHz: RATE_HZ });
  for (const input of inputs) {
    stage.push(input, ({ start, samples }) => {
      samples.forEach((x, i) => {
        if (x === 0) return;
        const last = spans.at(-1);
        if (last?.[1] === start + i) last[1] += 1;
        else spans.push([start + i, start + i + 1]);
      });
    });
  }
  return spans;
}

test('two seconds sent at once are played over two seconds, from when they were queued', () => {
  const inputs: PlayoutInput[] = [
    { type: 'clock', position: 1_000 },
    { type: 'audio', position: 1_000, samples: speech(8_000) },
    { type: 'audio', position: 1_000, samples: speech(8_000) },
    { type: 'clock', position: 40_000 },
  ];
  assert.deepEqual(soundOf(inputs), [[1_000, 17_000]]);
});

test('a clear throws away what has not been played; what comes after it starts anew', () => {
  const inputs: PlayoutInput[] = [
    { type: 'audio', position: 0, samples: speech(16_000) },
    { type: 'clock', position: 4_000 },
    { type: 'clear', position: 4_000 },
    { type: 'clock', position: 10_000 },
    { type: 'audio', position: 10_000, samples: speech(2_000) },
    { type: 'clock', position: 20_000 },
  ];
  assert.deepEqual(soundOf(inputs), [
    [0, 4_000],
    [10_000, 12_000],
  ]);
});

test('nothing is heard before the clock has come there', () => {
  assert.deepEqual(soundOf([{ type: 'audio', position: 0, samples: speech(8_000) }]), []);
});

test('a sender that never stops queueing is stopped with a clear error', () => {
  const stage = playout({ rateHz: RATE_HZ });
  const push = (): void => stage.push({ type: 'audio', position: 0, samples: speech(RATE_HZ * 31) }, () => undefined);
  push();
  push();
  assert.throws(push, { code: 'playout_overflow' });
});
