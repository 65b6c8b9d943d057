/** The edge model's weights are those of its card, and it tells plain cases apart. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { EDGE_WINDOW_FRAMES, edgeProbability } from './edgeModel.ts';
import { EDGE_MODEL } from './edgeModelWeights.ts';
import { FEATURES_A_FRAME } from './speechFeatures.ts';

test('the weights are the ones of the card', () => {
  const card = JSON.parse(readFileSync(join(packageRoot, 'models', 'speech-edge', 'card.json'), 'utf8')) as {
    sha256: string;
  };
  const sha256 = createHash('sha256').update(Buffer.from(EDGE_MODEL.weightsBase64, 'base64')).digest('hex');
  assert.equal(sha256, card.sha256);
});

const ringOf = (row: readonly number[]): Float32Array =>
  Float32Array.from({ length: EDGE_WINDOW_FRAMES * FEATURES_A_FRAME }, (_, i) => row[i % FEATURES_A_FRAME]);

test('loud frames that the speech model is sure of are speech; quiet ones that it is not are none', () => {
  const speech = ringOf([2, 2, 2, 1.8, 1.5, 1, 2, -0.2, 0.98, 1]);
  const line = ringOf([0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, -1.9, 0.01, 0]);
  assert.ok(edgeProbability(speech, EDGE_WINDOW_FRAMES, 100) > 0.9);
  assert.ok(edgeProbability(line, EDGE_WINDOW_FRAMES, 100) < 0.1);
});
