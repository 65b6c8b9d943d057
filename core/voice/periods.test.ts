/** Jitter, shimmer and harmonicity of pulses whose irregularity is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markPeriods, type VoicedAudio } from './periodMarks.ts';
import { periodMeasures } from './periods.ts';

const RATE_HZ = 8_000;
const F0_HZ = 125;

interface Roughness {
  readonly jitterShare?: number;
  readonly shimmerShare?: number;
  readonly noise?: number;
}

/** A deterministic value in -1..1. */
const wobble = (i: number): number => ((i * 7_919 + 104_729) % 1_999) / 999.5 - 1;

/** Damped resonances, one a period, lengths and strengths alternating around their means; the middle second is the voice. */
function voice({ jitterShare = 0, shimmerShare = 0, noise = 0 }: Roughness): VoicedAudio {
  const samples = new Float32Array(1.2 * RATE_HZ);
  let atS = 0.004;
  for (let i = 0; atS < 1.2; i++) {
    const strength = 1 + (i % 2 === 0 ? 0.5 : -0.5) * shimmerShare;
    for (let n = Math.ceil(atS * RATE_HZ); n < Math.min(samples.length, (atS + 0.04) * RATE_HZ); n++) {
      const s = n / RATE_HZ - atS;
      samples[n] += 0.3 * strength * Math.exp(-s * 300) * Math.sin(2 * Math.PI * 600 * s);
    }
    atS += (1 + (i % 2 === 0 ? 0.5 : -0.5) * jitterShare) / F0_HZ;
  }
  for (let n = 0; n < samples.length; n++) samples[n] += noise * wobble(n * n + n);
  return { samples, rateHz: RATE_HZ, f0Hz: Array.from({ length: 120 }, (_, i) => (i < 10 || i >= 110 ? null : F0_HZ)) };
}

test('marks lie one period apart', () => {
  const [marks] = markPeriods(voice({}));
  assert.ok(Math.abs(marks.length - F0_HZ) <= 3, `${marks.length} marks`);
  for (const [i, mark] of marks.slice(1).entries()) assert.ok(Math.abs(mark - marks[i] - 1 / F0_HZ) < 5e-5);
});

test('an even voice has hardly any jitter and shimmer, and is harmonic', () => {
  const even = periodMeasures(voice({}));
  assert.ok((even.jitterPercent ?? 9) < 0.1 && (even.shimmerPercent ?? 9) < 1, JSON.stringify(even));
  assert.ok((even.harmonicityDb ?? 0) > 25, JSON.stringify(even));
});

test('alternating lengths and strengths are measured as what they are', () => {
  const { jitterPercent } = periodMeasures(voice({ jitterShare: 0.02 }));
  assert.ok(Math.abs((jitterPercent ?? 0) - 2) < 0.4, `jitter ${jitterPercent}`);
  const { shimmerPercent } = periodMeasures(voice({ shimmerShare: 0.1 }));
  assert.ok(Math.abs((shimmerPercent ?? 0) - 10) < 2, `shimmer ${shimmerPercent}`);
});

test('noise lowers harmonicity by about as much as it is stronger', () => {
  const [little, more] = [0.005, 0.05].map((noise) => periodMeasures(voice({ noise })).harmonicityDb ?? NaN);
  assert.ok(Math.abs(little - more - 20) < 4, `${little} against ${more} dB`);
});

test('gain changes nothing', () => {
  const loud = voice({ jitterShare: 0.01, shimmerShare: 0.05, noise: 0.01 });
  const quiet = { ...loud, samples: loud.samples.map((sample) => sample / 64) };
  const [one, other] = [periodMeasures(loud), periodMeasures(quiet)];
  assert.ok(Math.abs((one.jitterPercent ?? 0) - (other.jitterPercent ?? 1)) < 1e-6);
  assert.ok(Math.abs((one.harmonicityDb ?? 0) - (other.harmonicityDb ?? 1)) < 1e-3);
});

test('silence, and a voice of a fifth of a second, have no measure but a reason', () => {
  const silent = periodMeasures({ ...voice({}), samples: new Float32Array(1.2 * RATE_HZ) });
  assert.deepEqual([silent.jitterPercent, silent.periods, silent.reason], [null, 0, 'too_little_voice']);
  const short = voice({});
  const measured = periodMeasures({ ...short, f0Hz: short.f0Hz.map((f0, i) => (i < 30 ? f0 : null)) });
  assert.equal(measured.reason, 'too_little_voice');
});

test('of a long voice the first ten seconds are measured', () => {
  const one = voice({});
  const samples = new Float32Array(RATE_HZ * 14.2);
  for (let i = 0; i < 14; i++) samples.set(one.samples, i * RATE_HZ);
  const { periods } = periodMeasures({ samples, rateHz: RATE_HZ, f0Hz: Array<number>(1_400).fill(F0_HZ) });
  assert.ok(periods < 10.1 * F0_HZ, `${periods} periods`);
});
