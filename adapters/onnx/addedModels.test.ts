/** Adding a model: a good one is kept and runs; whatever is wrong with a card or its weights is told, and nothing is kept. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { outputsOf } from '../../core/inference/windowModel.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { buzz } from '../../test/support/signals.ts';
import { packageRoot } from '../packageRoot.ts';
import { addModel, removeModel } from './addedModels.ts';
import { loadModel, parseCard, type ModelCard } from './modelCard.ts';
import { createRecordingPool } from './recordingPool.ts';
import { loadWindowModels } from './windowModels.ts';

const folder = mkdtempSync(join(tmpdir(), 'earshot-models-'));
const addedDir = join(folder, 'added');
const weights = join(packageRoot, 'models', 'pitch', 'pitch.onnx');
let pitch: ModelCard;

before(async () => {
  pitch = (await loadModel('pitch')).card;
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The pitch model under another name and with windows of its own, as a user's model would be. */
function cardWith(changes: Record<string, unknown>): string {
  const file = join(folder, 'card.json');
  const { source: _source, ...card } = pitch;
  writeFileSync(file, JSON.stringify({ ...card, name: 'mine', ...changes }));
  return file;
}

test('an added model runs on its own windows, and is gone when removed', async () => {
  const card = await addModel(cardWith({}), weights, addedDir);
  assert.equal(card.name, 'mine');
  const choice = { names: 'mine', addedDir };
  assert.deepEqual(
    (await loadWindowModels(choice)).map(({ card: { name } }) => name),
    ['mine'],
  );
  const pool = await createRecordingPool(choice);
  const [format] = pool.formats;
  assert.equal(format.name, 'mine');
  const frames = format.beforeFrames + format.windowFrames + format.afterFrames;
  const samples = buzz(150, format.rateHz, (frames * format.rateHz) / 100);
  const outputs = outputsOf(await pool.measure({ format: 'mine', samples }), 'mine');
  await pool.close();
  assert.ok(Math.abs((outputs?.f0_hz.at(40) ?? 0) - 150) < 3);
  await removeModel('mine', addedDir);
  assert.deepEqual(
    await loadWindowModels({ names: 'all', addedDir }),
    await loadWindowModels({ names: 'all', addedDir: '' }),
  );
});

const refused = async (changes: Record<string, unknown>, message: RegExp): Promise<void> => {
  await assert.rejects(addModel(cardWith(changes), weights, addedDir), (error: Error) => {
    assert.ok(error instanceof InvalidInput);
    assert.match(error.message, message);
    return true;
  });
  assert.ok(!existsSync(join(addedDir, 'mine')));
};

test('weights that are not those of the card are refused', () =>
  refused({ sha256: '0'.repeat(64) }, /with sha256 0{64}/));
test('a graph that lacks what the card names is refused', async () => {
  await refused({ input: 'sound' }, /take float32 "sound"/);
  await refused({ outputs: [{ name: 'x', tensor: 'nothing', unit: '' }] }, /give finite "nothing"/);
});
test('a card without a window, without outputs, or with a name of ours is refused', async () => {
  await refused({ window: undefined }, /to have a window/);
  await refused({ outputs: undefined }, /list of outputs/);
  await refused({ name: 'quality' }, /a name that no model of Earshot has/);
  await refused({ name: '../../etc' }, /a model card/);
  await refused({ window: { rateHz: 44_100, windowMs: 1_000, beforeMs: 0, afterMs: 0 } }, /a model card/);
});
test('what was never added cannot be removed, whatever its name', async () => {
  for (const name of ['other', '..', '', 'a/b']) await assert.rejects(removeModel(name, addedDir), /model_invalid/);
});

test('any text is a card or an error with a code', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        parseCard(text, 'nowhere');
      } catch (error) {
        assert.ok(error instanceof InvalidInput && error.code === 'model_invalid');
      }
    }),
  );
});
