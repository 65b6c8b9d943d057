/** Halving keeps what lies in the band of 8 kHz audio, removes what would fold back, and does not mind where rows are cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EDGE_STATE_LENGTH,
  SPEECH_MODEL_16K,
  SPEECH_MODEL_8K,
  SPEECH_STATE_LENGTH,
} from '../../core/inference/speechModel.ts';
import { rms, sine } from '../../test/support/signals.ts';
import { halved } from './halve.ts';

const AMPLITUDE = 0.5;
const WINDOWS = 20;
const { historySamples: history, windowSamples: window } = SPEECH_MODEL_16K;

const rowOf = (samples: Float32Array) => ({
  rateHz: 16_000 as const,
  windowCount: (samples.length - history) / window,
  samples,
  state: new Float32Array(SPEECH_STATE_LENGTH),
  edgeState: new Float32Array(EDGE_STATE_LENGTH),
});

const gainDb = (hz: number): number => {
  const { samples } = halved(rowOf(sine(hz, 16_000, history + WINDOWS * window, AMPLITUDE)));
  return 20 * Math.log10(rms(samples) / (AMPLITUDE / Math.SQRT2));
};

test('tones of the telephone band pass, those that would fold back into it do not', () => {
  for (const hz of [200, 1_000, 3_000]) assert.ok(Math.abs(gainDb(hz)) < 0.2, `${hz} Hz: ${gainDb(hz)} dB`);
  for (const hz of [4_700, 5_500, 7_000]) assert.ok(gainDb(hz) < -50, `${hz} Hz: ${gainDb(hz)} dB`);
});

test('rows cut anywhere give the samples of one long row', () => {
  const samples = sine(700, 16_000, history + WINDOWS * window).map((x, i) => x * Math.sin(i / 900));
  const whole = halved(rowOf(samples)).samples;
  const cut = 7;
  const first = halved(rowOf(samples.slice(0, history + cut * window))).samples;
  const second = halved(rowOf(samples.slice(cut * window))).samples;
  const start = SPEECH_MODEL_8K.historySamples;
  assert.deepEqual(first, whole.slice(0, start + cut * SPEECH_MODEL_8K.windowSamples));
  assert.deepEqual(second, whole.slice(cut * SPEECH_MODEL_8K.windowSamples));
});
