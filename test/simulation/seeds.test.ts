/**
 * 500 seeds of a service in trouble (EARSHOT_SEEDS=5000 for more, =701-900 for others): nothing lost, doubled, skipped or said
 * otherwise than in a calm run. A seed that fails is named, and comes again by SEED=... node dist/test/simulation/replay.js.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { planOf } from './plan.ts';
import type { SeedResult, SeedWork } from './seedWorker.ts';
import { simulate, type History } from './world.ts';

const THREADS = 2;
const [, from = '', to = '500'] = /^(?:(\d+)-)?(\d+)$/.exec(process.env.EARSHOT_SEEDS ?? '') ?? [];
const first = Number(from === '' ? 1 : from);
const last = Number(to);

function runThread(work: SeedWork): Promise<SeedResult[]> {
  return new Promise((resolve, reject) => {
    const results: SeedResult[] = [];
    const worker = new Worker(new URL('./seedWorker.js', import.meta.url), { workerData: work });
    worker.on('message', (result: SeedResult) => results.push(result));
    worker.on('error', reject);
    worker.on('exit', () => resolve(results));
  });
}

test(`seeds ${first} to ${last}: what comes out is what a calm run gives`, { timeout: 3_600_000 }, async (context) => {
  const threads = Array.from({ length: THREADS }, (_, index) =>
    runThread({ first: first + index, last, step: THREADS }),
  );
  const results = (await Promise.all(threads)).flat();
  assert.equal(results.length, last - first + 1, 'every seed was run');
  const faults = new Map<string, number>();
  for (const name of results.flatMap((result) => result.faults)) faults.set(name, (faults.get(name) ?? 0) + 1);
  const acknowledged = results.reduce((sum, result) => sum + result.acknowledged, 0);
  context.diagnostic(`${acknowledged} messages acknowledged; ${JSON.stringify(Object.fromEntries(faults))}`);
  const failed = results.filter(({ violations }) => violations.length > 0).sort((a, b) => a.seed - b.seed);
  const told = failed.map(({ seed, violations }) => {
    const [{ check, call, what }] = violations;
    return `SEED=${seed} node dist/test/simulation/replay.js   # ${check} ${call}: ${what.slice(0, 200)}`;
  });
  assert.deepEqual(told, [], `${failed.length} seeds failed`);
});

/** Of states only whether there is one: V8 writes the same numbers in one form or another, as it has come to keep them. */
const recordOf = ({ store }: History): string[] =>
  store.inserts.map((insert) =>
    createHash('sha256')
      .update(JSON.stringify(insert, (name, value: unknown) => (name === 'state' ? value !== '' : value)))
      .digest('hex'),
  );

test('a seed gives the same run again, insert for insert', async () => {
  for (const seed of [first, first + 1, first + 2]) {
    const [one, two] = [await simulate(planOf(seed)), await simulate(planOf(seed))];
    assert.ok(one.store.inserts.length > 10);
    assert.equal(one.endedAtMs, two.endedAtMs);
    assert.deepEqual(recordOf(one), recordOf(two));
  }
});
