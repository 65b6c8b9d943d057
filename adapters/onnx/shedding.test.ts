/** Models are dropped one after another, the least important first, and only when somebody wants that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelsInTime } from './shedding.ts';

const MODELS = ['pitch', 'quality', 'syllables', 'arousal'];

test('the longer a window waited, the fewer models it gets', () => {
  const left = [0, 999, 1_000, 1_500, 2_000, 2_500, 60_000].map((ms) => modelsInTime(MODELS, ms, 1_000).length);
  assert.deepEqual(left, [4, 4, 3, 2, 1, 0, 0]);
  assert.deepEqual(modelsInTime(MODELS, 1_200, 1_000), ['pitch', 'quality', 'syllables']);
});

test('a recording keeps all of them', () => {
  assert.deepEqual(modelsInTime(MODELS, 1e9, null), MODELS);
});
