/** Runs one seed and tells what was planned and what was found: SEED=17 node dist/test/simulation/replay.js */
import { check } from './checker.ts';
import { planOf } from './plan.ts';
import { simulate } from './world.ts';

const seed = Number(process.env.SEED ?? 1);
const plan = planOf(seed);
console.log(JSON.stringify(plan, null, 1));
const history = await simulate(plan);
const violations = await check(history);
console.log(`seed ${seed}: ${history.outcome} after ${history.endedAtMs} ms, ${violations.length} violations`);
for (const { check: name, call, what } of violations) console.log(`${name} ${call}: ${what}`);
process.exitCode = violations.length === 0 ? 0 : 1;
