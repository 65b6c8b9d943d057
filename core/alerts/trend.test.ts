/** Trends: how soon a shift is seen and how often a steady value is taken for one, at each sensitivity. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SENSITIVITIES, type Sensitivity, type Trend } from './rules.ts';
import { NO_TREND, stepTrend } from './trend.ts';

const WINDOW_MS = 900_000;
const trendOf = (sensitivity: Sensitivity): Trend => ({
  sensitivity,
  baselineMs: 86_400_000,
  direction: 'up',
  changeMin: 0,
});

/** Repeatable noise of mean 0 and standard deviation 1. */
function noise(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** The steps at which it departs. */
function departures(values: readonly number[], trend: Trend): number[] {
  let state = NO_TREND;
  return values.flatMap((value, i) => {
    const step = stepTrend(state, value, i * WINDOW_MS, WINDOW_MS, trend);
    state = step.state;
    return step.departs === 'yes' ? [i] : [];
  });
}

test('a steady value is seldom taken for a shift: the lower the sensitivity, the seldomer', () => {
  const steps = 20_000;
  const next = noise(7);
  const steady = Array.from({ length: steps }, () => 1_000 + 100 * next());
  const shares = SENSITIVITIES.map((sensitivity) => departures(steady, trendOf(sensitivity)).length / steps);
  const [low, medium, high] = shares;
  assert.ok(low <= medium && medium <= high, String(shares));
  assert.ok(low === 0 && medium < 1e-3 && high < 5e-3, String(shares));
});

test('a shift of three times the spread is seen: at high within 4 windows, at medium within 6, at low within 12', () => {
  const limits = { high: 4, medium: 6, low: 12 };
  for (const sensitivity of SENSITIVITIES) {
    const delays = Array.from({ length: 50 }, (_, seed) => {
      const next = noise(seed + 1);
      const values = Array.from({ length: 400 }, (__, i) => (i < 300 ? 1_000 : 1_300) + 100 * next());
      return (departures(values, trendOf(sensitivity)).find((i) => i >= 300) ?? Infinity) - 300;
    }).sort((a, b) => a - b);
    assert.ok(delays[25] <= limits[sensitivity], `${sensitivity}: median ${delays[25]} windows`);
  }
});

test('what lasts as long as the baseline becomes the usual', () => {
  const values = Array.from({ length: 2_000 }, (_, i) => (i < 300 ? 1_000 : 1_500) + (i % 2) * 10);
  const seen = departures(values, trendOf('medium'));
  assert.ok(seen.length > 90, String(seen.length));
  assert.ok((seen.at(-1) ?? 0) < 1_000, String(seen.at(-1)));
});

test('a change that is sure and small is none where min_change says so, and down is not up', () => {
  const values = Array.from({ length: 400 }, (_, i) => (i < 300 ? 1_000 : 1_050) + (i % 2));
  assert.ok(departures(values, trendOf('medium')).length > 0);
  assert.deepEqual(departures(values, { ...trendOf('medium'), changeMin: 0.1 }), []);
  assert.deepEqual(departures(values, { ...trendOf('medium'), direction: 'down' }), []);
});
