/** A thread of the seeds' test: takes every so-manieth seed, each twice where it is to be compared, and tells what it found. */
import { parentPort, workerData } from 'node:worker_threads';
import { check, type Violation } from './checker.ts';
import { planOf } from './plan.ts';
import { simulate } from './world.ts';

export interface SeedWork {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

export interface SeedResult {
  readonly seed: number;
  readonly bus: string;
  readonly faults: readonly string[];
  readonly acknowledged: number;
  readonly violations: readonly Violation[];
}

const { first, last, step } = workerData as SeedWork;

for (let seed = first; seed <= last; seed += step) {
  const plan = planOf(seed);
  const history = await simulate(plan);
  const result: SeedResult = {
    seed,
    bus: plan.bus,
    faults: plan.faults.map(({ fault }) => (fault.type === 'store' ? `store ${fault.trouble}` : fault.type)),
    acknowledged: history.clients.reduce((sum, { ackedSeq }) => sum + ackedSeq + 1, 0),
    violations: await check(history),
  };
  parentPort?.postMessage(result);
}
