/** Holes are told by their cut edges; pauses, gates and lost packets are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lined, voice, voiceAudio } from '../../test/support/voice.ts';
import { dropouts } from './dropouts.ts';
import type { DropoutFinding } from './findings.ts';

const RATE_HZ = 8_000;

function find(samples: Float32Array): DropoutFinding[] {
  const found: DropoutFinding[] = [];
  const stage = dropouts('agent');
  for (const audio of voiceAudio(lined(samples, 2))) stage.push(audio, (finding) => found.push(finding));
  stage.flush((finding) => found.push(finding));
  return found;
}

/** A steady vowel, so that each edge of a hole is in the voice. */
const vowel = (seconds: number): Float32Array =>
  Float32Array.from({ length: seconds * RATE_HZ }, (_, i) => {
    const t = i / RATE_HZ;
    return 0.15 * Math.exp(-3 * ((t * 120) % 1)) * Math.sin(2 * Math.PI * 600 * t);
  });

/** `fadeMs`: how long the voice takes to fall silent and to come back. */
function withHole(samples: Float32Array, startMs: number, endMs: number, fadeMs = 0): Float32Array {
  return samples.map((sample, i) => {
    const ms = (i * 1_000) / RATE_HZ;
    if (ms >= startMs && ms < endMs) return 0;
    const away = ms < startMs ? startMs - ms : ms - endMs;
    return fadeMs > 0 && away < fadeMs ? sample * (away / fadeMs) ** 2 : sample;
  });
}

test('two holes make one incident of at least two seconds around them', () => {
  const [dropout, ...others] = find(withHole(withHole(vowel(6), 2_000, 2_150), 2_700, 2_900));
  assert.deepEqual(others, []);
  assert.equal(dropout.holes, 2);
  assert.ok(Math.abs(dropout.silentSamples / 16 - 350) <= 10);
  assert.ok(Math.abs(dropout.startSample / 16 - 1_450) <= 10 && Math.abs(dropout.endSample / 16 - 3_450) <= 10);
});

test('a lone hole counts when it is longer than a join of phrases', () => {
  assert.equal(find(withHole(vowel(5), 2_000, 2_250)).length, 1);
  assert.deepEqual(find(withHole(vowel(5), 2_000, 2_120)), []);
});

test('a pause fades, as a gate does', () => {
  const paused = [2_000, 2_600, 3_200].reduce((x, at) => withHole(x, at, at + 250, 60), vowel(6));
  assert.deepEqual(find(paused), []);
  assert.deepEqual(find(voice(30, 4)), []);
});

test('lost packets are short', () => {
  const lossy = Array.from({ length: 20 }, (_, k) => 500 + k * 217).reduce(
    (x, at) => withHole(x, at, at + 20),
    vowel(6),
  );
  assert.deepEqual(find(lossy), []);
});
