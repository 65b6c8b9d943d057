/** What the low-pass lets through, what it keeps out, and that time stays where it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rms, sine } from '../../test/support/signals.ts';
import { resample } from './resample.ts';

function resampled(samples: Float32Array, fromHz: number, toHz: number): Float32Array {
  const pieces: number[] = [];
  const stage = resample({ fromHz, toHz });
  stage.push({ start: 0, samples, missing: false }, (run) => pieces.push(...run.samples));
  stage.flush((run) => pieces.push(...run.samples));
  return Float32Array.from(pieces);
}

const middle = (samples: Float32Array): Float32Array =>
  samples.subarray(Math.floor(samples.length / 4), Math.floor((samples.length * 3) / 4));
const decibels = (ratio: number): number => 20 * Math.log10(ratio);

for (const [fromHz, toHz] of [
  [48_000, 16_000],
  [24_000, 16_000],
  [44_100, 16_000],
  [22_050, 16_000],
  [11_025, 8_000],
]) {
  test(`${fromHz} to ${toHz} Hz: what lies above the new band is at least 80 dB down`, () => {
    for (const share of [0.51, 0.6, 0.75, 0.95]) {
      const hz = Math.min(toHz * share, fromHz * 0.49);
      if (hz < toHz / 2) continue;
      const out = resampled(sine(hz, fromHz, fromHz), fromHz, toHz);
      const aliasDb = decibels(rms(middle(out)) / (0.5 / Math.SQRT2));
      assert.ok(aliasDb < -80, `${hz} Hz comes through at ${aliasDb.toFixed(1)} dB`);
    }
  });

  test(`${fromHz} to ${toHz} Hz: speech passes unchanged and unmoved`, () => {
    for (const hz of [100, 1_000, toHz * 0.38]) {
      const out = resampled(sine(hz, fromHz, fromHz), fromHz, toHz);
      const wanted = sine(hz, toHz, out.length);
      const error = out.map((x, i) => x - wanted[i]);
      const errorDb = decibels(rms(middle(error)) / rms(middle(wanted)));
      assert.ok(errorDb < -60, `${hz} Hz is off by ${errorDb.toFixed(1)} dB`);
    }
  });
}

test('a second stays a second, to the sample', () => {
  assert.equal(resampled(new Float32Array(48_000), 48_000, 16_000).length, 16_000);
  assert.equal(resampled(new Float32Array(44_100), 44_100, 16_000).length, 16_000);
  assert.equal(resampled(new Float32Array(11_025), 11_025, 8_000).length, 8_000);
});

test('a constant stays itself', () => {
  const out = resampled(new Float32Array(4_800).fill(0.25), 48_000, 16_000);
  assert.ok(middle(out).every((x) => Math.abs(x - 0.25) < 1e-6));
});
