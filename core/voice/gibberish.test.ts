/** Steps to stretches: what counts as gibberish, and where it begins and ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GibberishFinding } from './findings.ts';
import { gibberish, QUALITY_STEP_MS } from './gibberish.ts';

type Sound = 'good' | 'bad' | 'noise' | 'pause';
const VALUES: Record<Sound, { speechShare: number; garbled: number; intelligibility: number }> = {
  good: { speechShare: 1, garbled: 0.02, intelligibility: 0.95 },
  bad: { speechShare: 1, garbled: 0.9, intelligibility: 0.05 },
  noise: { speechShare: 1, garbled: 0.05, intelligibility: 0.2 },
  pause: { speechShare: 0, garbled: 0.9, intelligibility: 0.1 },
};

function find(...runs: [Sound, number][]): [number, number][] {
  const found: GibberishFinding[] = [];
  const stage = gibberish('agent');
  const sounds = runs.flatMap(([sound, count]) => Array<Sound>(count).fill(sound));
  sounds.forEach((sound, step) => {
    stage.push({ step, ...VALUES[sound] }, (finding) => found.push(finding));
  });
  stage.flush((finding) => found.push(finding));
  return found.map(({ startSample, endSample }) => [
    startSample / 16 / QUALITY_STEP_MS,
    endSample / 16 / QUALITY_STEP_MS,
  ]);
}

test('a stretch of bad speech, pauses bridged', () => {
  assert.deepEqual(find(['good', 10], ['bad', 6], ['pause', 2], ['bad', 4], ['good', 10]), [[10, 22]]);
});

test('too short, or noisy only, or not speech: none', () => {
  assert.deepEqual(find(['good', 10], ['bad', 4], ['good', 10]), []);
  assert.deepEqual(find(['noise', 30]), []);
  assert.deepEqual(find(['pause', 30]), []);
});

test('two stretches far apart are two', () => {
  assert.deepEqual(find(['bad', 8], ['good', 8], ['bad', 8]), [
    [0, 8],
    [16, 24],
  ]);
});
