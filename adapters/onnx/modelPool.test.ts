/** The pool with its real models: rows and windows of many calls share batches and workers, and none is lost or changed by it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SPEECH_MODEL_8K, SPEECH_STATE_LENGTH, EDGE_STATE_LENGTH } from '../../core/inference/speechModel.ts';
import { outputsOf, VOICE_FORMAT, type WindowRow, type WindowScores } from '../../core/inference/windowModel.ts';
import { VOICE_MODELS } from '../../core/voice/voiceModels.ts';
import { buzz } from '../../test/support/signals.ts';
import { createModelPool, type ModelPool, type ModelPoolOptions } from './modelPool.ts';
import type { LoadedModel, WindowModelCard } from './modelCard.ts';
import { loadWindowModels } from './windowModels.ts';

const ROW_SAMPLES =
  ((VOICE_FORMAT.beforeFrames + VOICE_FORMAT.windowFrames + VOICE_FORMAT.afterFrames) * VOICE_FORMAT.rateHz) / 100;
const windowOf = (hz: number): WindowRow => ({ format: 'voice', samples: buzz(hz, 8_000, ROW_SAMPLES) });
const speechRow = () => ({
  rateHz: 8_000 as const,
  windowCount: 1,
  samples: new Float32Array(SPEECH_MODEL_8K.historySamples + SPEECH_MODEL_8K.windowSamples),
  state: new Float32Array(SPEECH_STATE_LENGTH),
  edgeState: new Float32Array(EDGE_STATE_LENGTH),
});

let models: LoadedModel<WindowModelCard>[];
const pools: ModelPool[] = [];

before(async () => {
  models = await loadWindowModels({ names: 'all', addedDir: '' });
});
after(() => Promise.all(pools.map((pool) => pool.close())));

async function poolOf(changes: Partial<ModelPoolOptions> = {}): Promise<ModelPool> {
  const pool = await createModelPool({
    workers: 1,
    batchRowsMax: 64,
    batchWaitMs: 0,
    windowModels: models,
    shedAfterMs: null,
    windowShareMax: 1,
    ...changes,
  });
  pools.push(pool);
  return pool;
}

const shedOf = (scores: WindowScores): string[] =>
  Object.entries(scores).flatMap(([model, outputs]) => (outputs === 'shed' ? [model] : []));

test('a window has the same scores alone and among others', async () => {
  const pool = await poolOf();
  const alone = await pool.measure(windowOf(150));
  const together = await Promise.all([90, 120, 150, 200, 300, 150].map((hz) => pool.measure(windowOf(hz))));
  assert.deepEqual(Object.keys(alone).sort(), [...VOICE_MODELS].sort());
  for (const model of VOICE_MODELS) {
    for (const [name, values] of Object.entries(outputsOf(alone, model) ?? {})) {
      for (const scores of [together[2], together[5]]) {
        const others = outputsOf(scores, model)?.[name] ?? new Float32Array(0);
        assert.equal(others.length, values.length);
        values.forEach((value, i) =>
          assert.ok(Math.abs(value - others[i]) <= 1e-4 * Math.max(1, Math.abs(value)), name),
        );
      }
    }
  }
});

test('a voice is heard at its pitch', async () => {
  const pool = await poolOf();
  const pitch = outputsOf(await pool.measure(windowOf(150)), 'pitch');
  const middle = (pitch?.f0_hz ?? []).at(64) ?? 0;
  assert.ok(Math.abs(middle - 150) < 3, `${middle} Hz`);
});

test('rows that calls wait for overtake windows', async () => {
  const pool = await poolOf();
  const order: string[] = [];
  const windows = Array.from({ length: 40 }, () => pool.measure(windowOf(200)).then(() => order.push('window')));
  const speech = pool.score(speechRow()).then(() => order.push('speech'));
  await Promise.all([...windows, speech]);
  assert.ok(order.indexOf('speech') <= 16, `after ${order.indexOf('speech')} windows`);
});

test('windows that wait too long lose models, the least important first, and every one is answered', async () => {
  const shed = new Map<string, number>();
  const pool = await poolOf({
    shedAfterMs: 50,
    onShed: (model, rows) => shed.set(model, (shed.get(model) ?? 0) + rows),
  });
  const answers = await Promise.all(Array.from({ length: 300 }, () => pool.measure(windowOf(200))));
  const losses = answers.map(shedOf);
  assert.deepEqual(losses[0], []);
  assert.ok(losses.some((lost) => lost.length === VOICE_MODELS.length));
  for (const lost of losses) {
    assert.deepEqual(lost.toSorted(), VOICE_MODELS.slice(VOICE_MODELS.length - lost.length).toSorted());
  }
  for (const model of VOICE_MODELS) {
    assert.equal(shed.get(model) ?? 0, losses.filter((lost) => lost.includes(model)).length, model);
  }
});

test('a window that no model reads, and a pool that is closed, say so', async () => {
  const pool = await poolOf();
  await assert.rejects(pool.measure({ ...windowOf(200), format: 'other' }), /no model reads windows of format other/);
  await pool.close();
  await assert.rejects(pool.measure(windowOf(200)), /closed/);
  await assert.rejects(pool.score(speechRow()), /closed/);
});

test('closed in the middle of a run, it waits for it: a thread that is torn from a run takes the process with it', async () => {
  for (let round = 0; round < 3; round += 1) {
    const pool = await poolOf();
    const running = pool.measure(windowOf(150));
    await pool.close();
    assert.deepEqual(Object.keys(await running).sort(), [...VOICE_MODELS].sort());
    await assert.rejects(pool.measure(windowOf(150)), /closed/);
  }
});
