/** How honest the intervals are: over many pairs of runs between which nothing changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawsOf, intervalOf, randomOf } from './bootstrap.ts';
import type { CallMeasures } from './callMeasures.ts';
import { METRICS } from './metrics.ts';
import { sampleOf, type Sample, type Statistic } from './statistics.ts';

const RUNS = 200;
const CALLS = 30;

/** Calls of five responses each; a call is slow or quick as a whole. */
function run(seed: number, prefix: string): Sample {
  const random = randomOf(seed);
  const calls = Array.from({ length: CALLS }, (_, place): CallMeasures => {
    const ofCall = 600 + 800 * random();
    const things = Array.from({ length: 5 }, () => ({ value: ofCall * (0.9 + 0.2 * random()), weight: 1, atMs: 0 }));
    return { name: `${prefix}${place}`, durationMs: 60_000, things: { response_latency_ms: things }, shares: {} };
  });
  return sampleOf(calls, METRICS.get('response_latency_ms')!, { above: null, below: null });
}

for (const statistic of ['mean', 'p50'] as const satisfies readonly Statistic[]) {
  for (const names of ['the same', 'other'] as const) {
    test(`the 95 % interval of the ${statistic}, calls of ${names} names, holds no change as often as it says`, (t) => {
      const intervals = Array.from({ length: RUNS }, (_, i) => {
        const [now, before] = [run(i, 'c'), run(10_000 + i, names === 'the same' ? 'c' : 'd')];
        return intervalOf(
          drawsOf(now, before, statistic, i)!.map((draw) => draw.now - draw.before),
          95,
        );
      });
      const held = intervals.filter(({ low, high }) => low <= 0 && high >= 0).length;
      const worse = intervals.filter(({ low }) => low > 0).length;
      t.diagnostic(`${held} of ${RUNS} held; ${worse} would have been called worse`);
      // Of 95 % 190 are expected. A bootstrap of 30 calls is a little too sure, and three deviations of chance are 9.
      assert.ok(held >= 178 && held < RUNS, `${held} held`);
      assert.ok(worse <= 13, `${worse} called worse`);
    });
  }
}
