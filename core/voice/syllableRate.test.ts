/** Nuclei from the model's probability. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nucleiOf, NUCLEUS_MIN, syllableMeasures } from './syllableRate.ts';

const bumps = (frames: number, ...at: number[]): number[] =>
  Array.from({ length: frames }, (_, frame) =>
    at.reduce((most, centre) => Math.max(most, 0.9 * Math.exp(-((frame - centre) ** 2) / 8)), 0),
  );

test('each bump is a nucleus at its top', () => {
  assert.deepEqual(nucleiOf(bumps(200, 20, 40, 52, 90)), [20, 40, 52, 90]);
});

test('a flat top is one nucleus, and so are two tops 40 ms apart: the surer', () => {
  assert.deepEqual(nucleiOf([0, 0, 0.8, 0.8, 0.8, 0, 0]), [2]);
  const twin = bumps(100, 50);
  twin[46] = 0.95;
  assert.deepEqual(nucleiOf(twin), [46]);
});

test('what the model is unsure of is none', () => {
  assert.deepEqual(nucleiOf(Array.from({ length: 50 }, (_, i) => (i % 10 === 0 ? NUCLEUS_MIN - 0.01 : 0))), []);
});

test('articulation rate leaves pauses out, speaking rate does not', () => {
  const nucleus = bumps(300, ...Array.from({ length: 10 }, (_, i) => 15 + 22 * i));
  const measured = syllableMeasures(nucleus, { spokenMs: 2_000, spanMs: 2_500 });
  assert.deepEqual(measured, { syllables: 10, articulationRatePerS: 5, speakingRatePerS: 4, reason: null });
});

test('a short word has no rate', () => {
  const measured = syllableMeasures(bumps(60, 20), { spokenMs: 400, spanMs: 400 });
  assert.deepEqual([measured.syllables, measured.articulationRatePerS, measured.reason], [1, null, 'too_short']);
});
