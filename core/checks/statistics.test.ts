/** Statistics over calls: against plain ones, and with calls counted several times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CallMeasures } from './callMeasures.ts';
import { METRICS } from './metrics.ts';
import { countOf, N_MIN, sampleOf, STATISTICS, statisticOf, type Bounds, type Statistic } from './statistics.ts';

const LATENCY = METRICS.get('response_latency_ms')!;
const FREE: Bounds = { above: null, below: null };

const callOf = (name: string, values: readonly number[]): CallMeasures => ({
  name,
  durationMs: 60_000,
  things: { response_latency_ms: values.map((value) => ({ value, weight: 1, atMs: 0 })) },
  shares: {},
});

const calls = fc
  .array(fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 8 }), { minLength: 1, maxLength: 8 })
  .map((all) => all.map((values, place) => callOf(`c${place}`, values)));

test('a quantile is the value by nearest rank, and what it has least of for a p95 is not the largest', () => {
  const sample = sampleOf([callOf('a', [30, 10]), callOf('b', [20, 40])], LATENCY, FREE);
  assert.deepEqual(
    (['min', 'p50', 'p90', 'max', 'mean', 'sum', 'count', 'per_call', 'per_minute'] as const).map((statistic) =>
      statisticOf(sample, statistic),
    ),
    [10, 20, 40, 40, 25, 100, 4, 2, 2],
  );
  for (const statistic of ['p90', 'p95', 'p99'] as const) {
    const of = (n: number): number | null =>
      statisticOf(
        sampleOf(
          [
            callOf(
              'a',
              Array.from({ length: n }, (_, i) => i + 1),
            ),
          ],
          LATENCY,
          FREE,
        ),
        statistic,
      );
    assert.equal(of(N_MIN[statistic]), N_MIN[statistic] - 1);
    assert.equal(of(N_MIN[statistic] - 1), N_MIN[statistic] - 1, 'with one fewer it is the largest');
  }
});

test('bounds choose things, and a share is theirs of all', () => {
  const sample = sampleOf([callOf('a', [100, 2_000]), callOf('b', [3_000, 4_000])], LATENCY, {
    above: 2_000,
    below: null,
  });
  assert.equal(statisticOf(sample, 'count'), 2);
  assert.equal(statisticOf(sample, 'share'), 0.5);
  assert.equal(statisticOf(sample, 'min'), 3_000);
  assert.deepEqual([countOf(sample, 'share'), countOf(sample, 'p50'), countOf(sample, 'count')], [4, 2, 2]);
});

test('shares are those of all calls together, and a call without a whole adds nothing', () => {
  const of = (name: string, part: number, whole: number): CallMeasures => ({
    ...callOf(name, []),
    shares: whole === 0 ? {} : { continued_share: { part, whole } },
  });
  const sample = sampleOf([of('a', 1, 1), of('b', 0, 3), of('c', 0, 0)], METRICS.get('continued_share')!, FREE);
  assert.equal(statisticOf(sample, 'share'), 0.25);
  assert.equal(countOf(sample, 'share'), 4);
});

test('a call counted k times is k calls', () => {
  fc.assert(
    fc.property(calls, fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }), (all, times) => {
      const repeated = all.flatMap((call, place) => Array.from({ length: times[place] }, () => call));
      for (const statistic of STATISTICS) {
        const bounds = { above: 1_000, below: null };
        const drawn = statisticOf(sampleOf(all, LATENCY, bounds), statistic, (call) => times[call]);
        const plain = statisticOf(sampleOf(repeated, LATENCY, bounds), statistic);
        if (drawn === null || plain === null) assert.equal(drawn, plain, statistic);
        else assert.ok(Math.abs(drawn - plain) < 1e-9, statistic);
      }
    }),
  );
});

test('quantiles are values, in order, whatever order calls come in', () => {
  const ordered: readonly Statistic[] = ['min', 'p50', 'p90', 'p95', 'p99', 'max'];
  fc.assert(
    fc.property(calls, (all) => {
      const found = ordered.map((statistic) => statisticOf(sampleOf(all, LATENCY, FREE), statistic));
      const turned = ordered.map((statistic) => statisticOf(sampleOf(all.toReversed(), LATENCY, FREE), statistic));
      assert.deepEqual(found, turned);
      const values = all.flatMap(({ things }) => things.response_latency_ms.map(({ value }) => value));
      if (values.length === 0) assert.ok(found.every((value) => value === null));
      else assert.ok(found.every((value, i) => values.includes(value!) && (i === 0 || value! >= found[i - 1]!)));
    }),
  );
});
