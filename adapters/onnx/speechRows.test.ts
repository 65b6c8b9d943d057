/** The real models: rows cut anywhere, of either rate, alone or in company, give the same scores. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EDGE_STATE_LENGTH,
  EDGE_VALUES_A_WINDOW,
  SPEECH_MODEL_16K,
  SPEECH_MODEL_8K,
  SPEECH_STATE_LENGTH,
  type SpeechModelFormat,
} from '../../core/inference/speechModel.ts';
import type { ModelPool } from './modelPool.ts';
import { createRecordingPool } from './recordingPool.ts';

const WINDOWS = 24;

/** A buzz that comes and goes, with history in front. */
const signalOf = ({ historySamples, windowSamples, rateHz }: SpeechModelFormat): Float32Array =>
  Float32Array.from({ length: historySamples + WINDOWS * windowSamples }, (_, i) => {
    const t = i / rateHz;
    const on = Math.sin(2 * Math.PI * 3 * t) > 0 ? 0.2 : 0.001;
    return on * Math.sign(Math.sin(2 * Math.PI * 140 * t)) * Math.sin(2 * Math.PI * 700 * t);
  });

async function scored(pool: ModelPool, format: SpeechModelFormat, cuts: readonly number[]): Promise<number[]> {
  const { rateHz, historySamples, windowSamples } = format;
  const samples = signalOf(format);
  let state: Float32Array = new Float32Array(SPEECH_STATE_LENGTH);
  let edgeState: Float32Array = new Float32Array(EDGE_STATE_LENGTH);
  const probabilities: number[] = [];
  const edges: number[] = [];
  for (const [k, from] of cuts.entries()) {
    const to = cuts.at(k + 1) ?? WINDOWS;
    const part = samples.slice(from * windowSamples, historySamples + to * windowSamples);
    const scores = await pool.score({ rateHz, windowCount: to - from, samples: part, state, edgeState });
    assert.equal(scores.edgeProbabilities.length, (to - from) * EDGE_VALUES_A_WINDOW);
    ({ state, edgeState } = scores);
    probabilities.push(...scores.probabilities);
    edges.push(...scores.edgeProbabilities);
  }
  return [...probabilities, ...edges];
}

test('rows cut anywhere, of both rates and in one batch, give equal scores', async () => {
  const pool = await createRecordingPool({ names: 'none', addedDir: '' });
  try {
    for (const format of [SPEECH_MODEL_8K, SPEECH_MODEL_16K]) {
      const whole = await scored(pool, format, [0]);
      const together = await Promise.all(
        [
          [0, 1, 9],
          [0, 5],
          [0, 23],
        ].map((cuts) => scored(pool, format, cuts)),
      );
      for (const cut of together) {
        assert.equal(cut.length, whole.length);
        cut.forEach((value, k) =>
          assert.ok(Math.abs(value - whole[k]) < 1e-5, `value ${k}: ${value}, not ${whole[k]}`),
        );
      }
    }
  } finally {
    await pool.close();
  }
});
