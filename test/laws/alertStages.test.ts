/** The laws of stages for the two that judge rules. */
import fc from 'fast-check';
import { judgeCall, type InCallInput } from '../../core/alerts/inCall.ts';
import { judgeCalls, type WindowedInput } from '../../core/alerts/windowed.ts';
import { fact, finished, heard, inCallRule, windowedRule } from '../support/alertRules.ts';
import { checkStageLaws } from '../support/stageLaws.ts';

const continued = { field: 'outcome', type: 'text', in: ['continued'], isNegated: false } as const;
const long = { field: 'duration_ms', type: 'number', threshold: { gte: 3_000 } } as const;
const inCallRules = [
  inCallRule({ on: 'interruption', where: [continued], atLeast: 2, name: 'twice' }),
  inCallRule({ on: 'interruption', where: [continued], windowMs: 2_000, keepFiringForMs: 1_000, cooldownMs: 3_000 }),
  inCallRule({ on: 'dead_air', where: [long], windowMs: 1_000, forMs: 500 }),
];

/** Facts told, told anew and told twice, among seconds that go by. */
const callOf = fc
  .array(
    fc.record({
      kind: fc.constantFrom('interruption', 'dead_air', 'heard', 'call_ended'),
      id: fc.integer({ min: 0, max: 5 }),
      step: fc.integer({ min: 0, max: 1_500 }),
      length: fc.option(fc.integer({ min: 0, max: 4_000 })),
      revision: fc.integer({ min: 0, max: 2 }),
      outcome: fc.constantFrom('continued', 'yielded'),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let now = 0;
    return steps.map(({ kind, id, step, length, revision, outcome }): InCallInput => {
      now += step;
      if (kind === 'heard') return heard(now);
      const end = length === null ? null : now + length;
      return fact(kind, `${kind}${id}`, now, end, { outcome }, revision);
    });
  });

checkStageLaws({
  name: 'rules on one call',
  make: () => judgeCall({ tenant: 't', callId: 'c' }, inCallRules),
  inputs: callOf,
});

const MINUTE = 60_000;
const windowedRules = [
  windowedRule({
    name: 'p95',
    aggregate: 'p95',
    field: 'latency_ms',
    threshold: { gt: 500 },
    countMin: 3,
    forMs: MINUTE,
  }),
  windowedRule({ name: 'by', groupBy: ['labels.team'], threshold: { gte: 4 }, noData: 'keep', cooldownMs: 5 * MINUTE }),
  windowedRule({ name: 'absent', aggregate: 'absent', on: 'call', windowMs: 5 * MINUTE, forgetAfterMs: 30 * MINUTE }),
  windowedRule({
    name: 'trend',
    aggregate: 'mean',
    field: 'latency_ms',
    windowMs: MINUTE,
    trend: { sensitivity: 'high', baselineMs: 10 * MINUTE, direction: 'both', changeMin: 0 },
  }),
];
const day = fc
  .array(
    fc.record({
      id: fc.integer({ min: 0, max: 20 }),
      stepMs: fc.integer({ min: 0, max: 3 * MINUTE }),
      lateMs: fc.integer({ min: 0, max: 15 * MINUTE }),
      latencies: fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 5 }),
      team: fc.constantFrom('a', 'b'),
      tells: fc.constantFrom('call', 'clock'),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let now = 1_000_000_000;
    return steps.map(({ id, stepMs, lateMs, latencies, team, tells }): WindowedInput => {
      now += stepMs;
      if (tells === 'clock') return { type: 'clock', atMs: now };
      return {
        type: 'call',
        call: finished(`c${id}`, now - lateMs, latencies, { labels: { team }, revision: id % 3 }),
      };
    });
  });

checkStageLaws({ name: 'rules over calls', make: () => judgeCalls(windowedRules), inputs: day });
