/** Loops are found with their borders and period, on bad lines too; voices and tones are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lined, seeded, voice, voiceAudio } from '../../test/support/voice.ts';
import type { LoopFinding } from './findings.ts';
import { loops } from './loops.ts';

const RATE_HZ = 8_000;

function find(samples: Float32Array): LoopFinding[] {
  const found: LoopFinding[] = [];
  const stage = loops('agent');
  for (const audio of voiceAudio(samples)) stage.push(audio, (finding) => found.push(finding));
  stage.flush((finding) => found.push(finding));
  return found;
}

/** Two seconds of voice, a grain of it stuck for `repeats`, and two seconds more. */
function stuck(periodMs: number, repeats: number): Float32Array {
  const speech = voice(6, 3);
  const start = 2 * RATE_HZ;
  const period = (periodMs * RATE_HZ) / 1_000;
  const end = start + period * repeats;
  return Float32Array.from({ length: end + 2 * RATE_HZ }, (_, i) => {
    if (i < start) return speech[i];
    return i < end ? speech[start + ((i - start) % period)] : speech[i - end + start + period];
  });
}

for (const [periodMs, repeats] of [
  [120, 12],
  [300, 7],
  [337, 6],
  [800, 4],
]) {
  test(`a grain of ${periodMs} ms stuck ${repeats} times`, () => {
    const [loop, ...others] = find(lined(stuck(periodMs, repeats), 5));
    assert.deepEqual(others, []);
    assert.equal(loop.kind, 'loop');
    assert.ok(Math.abs(loop.periodSamples / 16 - periodMs) <= 1, `period ${loop.periodSamples / 16}`);
    assert.ok(Math.abs(loop.startSample / 16 - 2_000) <= 150, `start ${loop.startSample / 16}`);
    assert.ok(Math.abs(loop.endSample / 16 - 2_000 - periodMs * repeats) <= 150, `end ${loop.endSample / 16}`);
  });
}

test('lost packets do not hide a loop', () => {
  const random = seeded(9);
  const samples = lined(stuck(300, 8), 5);
  for (let at = 0; at < samples.length; at += 160) if (random() < 0.03) samples.fill(0, at, at + 160);
  assert.equal(find(samples).length, 1);
});

test('a voice does not repeat itself, and a tone or hum is no loop', () => {
  assert.deepEqual(find(lined(voice(60, 11), 12)), []);
  const tone = Float32Array.from({ length: 8 * RATE_HZ }, (_, i) => 0.1 * Math.sin((2 * Math.PI * 425 * i) / RATE_HZ));
  assert.deepEqual(find(lined(tone, 13)), []);
});

test('said twice is not stuck', () => {
  const word = voice(0.6, 21);
  const twice = Float32Array.from({ length: 4 * RATE_HZ }, (_, i) => {
    const at = i - RATE_HZ;
    return at >= 0 && at < 2 * word.length ? word[at % word.length] : 0;
  });
  assert.deepEqual(find(lined(twice, 22)), []);
});
