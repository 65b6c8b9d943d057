/** Every model's folder: a card that says what it is, weights that are those of the card, and how ours were made. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asWindowModel, loadModel } from '../adapters/onnx/modelCard.ts';
import { packageRoot } from '../adapters/packageRoot.ts';
import { VOICE_MODELS } from '../core/voice/voiceModels.ts';

const names = readdirSync(join(packageRoot, 'models'));

for (const name of names) {
  test(`${name}: card and weights agree, and its making is told`, async () => {
    const { card, weights } = await loadModel(name);
    assert.equal(card.name, name);
    assert.ok(weights.byteLength > 10_000);
    const folder = join(packageRoot, 'models', name);
    const text = JSON.parse(readFileSync(join(folder, 'card.json'), 'utf8')) as Record<string, unknown>;
    assert.ok(text.inputs !== undefined, 'inputs with their shapes');
    if (card.source.kind === 'npm') return;
    assert.ok(text.trainedOn !== undefined && text.scores !== undefined, 'training data and measured scores');
    assert.ok(Object.keys(text.scores as object).length > 0, 'scores are measured');
    for (const file of ['README.md', 'requirements.txt', 'make.sh']) {
      assert.ok(existsSync(join(folder, 'train', file)), `train/${file}`);
    }
  });
}

test('the voice models are window models, and every one of them is there', async () => {
  for (const name of VOICE_MODELS) asWindowModel(await loadModel(name));
});

test('no weights of others are in the tree, and ours name no place they were made in', () => {
  for (const name of names) {
    for (const file of readdirSync(join(packageRoot, 'models', name)).filter((each) => each.endsWith('.onnx'))) {
      assert.equal(file, `${name}.onnx`);
      assert.doesNotMatch(readFileSync(join(packageRoot, 'models', name, file), 'latin1'), /\/(home|root|opt|tmp)\//);
    }
  }
});
