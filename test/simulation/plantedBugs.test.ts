/** The checker is checked: each planted bug is found within so many seeds, by a check that speaks of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from './checker.ts';
import { planOf } from './plan.ts';
import { PLANTED_BUGS } from './plantedBugs.ts';
import { simulate } from './world.ts';

const SEEDS_MAX = 25;

for (const { name, flaws, seenBy, needs } of PLANTED_BUGS) {
  test(`planted: ${name}`, async (context) => {
    for (let seed = 1, tried = 0; tried < SEEDS_MAX; seed += 1) {
      const plan = planOf(seed);
      if (needs?.(plan) === false) continue;
      tried += 1;
      const violations = await check(await simulate(plan, flaws));
      const checks = new Set(violations.map((violation) => violation.check));
      if (!seenBy.some((wanted) => checks.has(wanted))) continue;
      context.diagnostic(`seed ${seed}, the ${tried}th tried: ${[...checks].join(', ')}`);
      return;
    }
    assert.fail(`not found within ${SEEDS_MAX} seeds`);
  });
}
