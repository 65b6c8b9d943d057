/** One fault, one finding, and only where somebody speaks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../facts/facts.ts';
import { VOICE_FORMAT } from '../inference/windowModel.ts';
import { lined, voice } from '../../test/support/voice.ts';
import { emptyColumns } from './frameColumns.ts';
import { incidents } from './incidents.ts';
import type { MeasuredWindow } from './windows.ts';

const { windowFrames } = VOICE_FORMAT;
const WINDOW_SAMPLES = windowFrames * 80;
type Span = readonly [fromS: number, toS: number];

const within = (span: Span | null, atS: number): boolean => span !== null && atS >= span[0] && atS < span[1];

/** Windows of the samples; garbled where the model says so, speech everywhere or nowhere. */
function windowsOf(samples: Float32Array, garbledIn: Span | null, speech: 0 | 1): MeasuredWindow[] {
  return Array.from({ length: Math.ceil(samples.length / WINDOW_SAMPLES) }, (_, index) => {
    const columns = emptyColumns(windowFrames);
    columns.flags.fill(speech);
    const steps = Array.from({ length: 8 }, (__, step) => within(garbledIn, index * 1.28 + step * 0.16));
    const quality = {
      garbled: Float32Array.from(steps, (is) => (is ? 0.9 : 0.05)),
      intelligibility: Float32Array.from(steps, (is) => (is ? 0.1 : 0.9)),
      signal: new Float32Array(8).fill(4),
      background: new Float32Array(8).fill(4),
      overall: new Float32Array(8).fill(4),
    };
    const part = samples.slice(index * WINDOW_SAMPLES, (index + 1) * WINDOW_SAMPLES);
    const frameCount = Math.floor(part.length / 80);
    return { startFrame: index * windowFrames, frameCount, columns, samples: part, scores: { quality } };
  });
}

function find(windows: readonly MeasuredWindow[]): Finding[] {
  const stage = incidents('agent');
  const found: Finding[] = [];
  for (const window of windows) stage.push(window, (finding) => found.push(finding));
  stage.flush((finding) => found.push(finding));
  return found;
}

/** Ten seconds of a voice that is stuck from 3 to 5.4 s, 300 ms again and again. */
function stuckVoice(): Float32Array {
  const samples = voice(10, 3);
  for (let i = 26_400; i < 43_200; i += 1) samples[i] = samples[i - 2_400];
  return lined(samples, 4);
}

test('a loop that the model finds garbled too is told as a loop only', () => {
  const found = find(windowsOf(stuckVoice(), [3.2, 5.2], 1));
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ['loop'],
  );
});

test('gibberish elsewhere is told beside it', () => {
  const found = find(windowsOf(stuckVoice(), [7.04, 9], 1));
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ['loop', 'gibberish'],
  );
});

test('where nobody speaks nothing is broken', () => {
  assert.deepEqual(find(windowsOf(stuckVoice(), [7.04, 9], 0)), []);
});

test('nothing ends after the call does', () => {
  const samples = Float32Array.from({ length: 32_000 }, (_, i) => {
    const t = i / 8_000;
    const phase = 120 * t + 4 * Math.sin(5 * t * t);
    const vowel = 0.15 * Math.exp(-3 * (phase - Math.floor(phase))) * Math.sin(2 * Math.PI * 600 * t);
    return (i >= 24_000 && i < 25_600) || (i >= 28_000 && i < 29_600) ? 0 : vowel;
  });
  const [dropout] = find(windowsOf(lined(samples, 6), null, 1));
  assert.equal(dropout.kind, 'dropout');
  assert.ok('endSample' in dropout && dropout.endSample !== null && dropout.endSample <= 4 * 16_000);
});
