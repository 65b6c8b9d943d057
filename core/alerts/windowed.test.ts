/** Rules over many calls: when they fire, by group and tenant, late calls, no data, absence, and bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finished, toldAs, windowedRule } from '../../test/support/alertRules.ts';
import type { Alert } from './alert.ts';
import { KEPT_MAX } from './callGroup.ts';
import type { FinishedCall } from './finishedCall.ts';
import type { WindowedRule } from './rules.ts';
import { GROUPS_MAX, judgeCalls, type WindowedInput } from './windowed.ts';

const MINUTE = 60_000;
/** A whole number of all windows used here. */
const START = 1_700_000_400_000 - (1_700_000_400_000 % (60 * MINUTE));
const minute = (n: number): number => START + n * MINUTE;
const clock = (n: number): WindowedInput => ({ type: 'clock', atMs: minute(n) });
const call = (...args: Parameters<typeof finished>): WindowedInput => ({ type: 'call', call: finished(...args) });

function told(rule: WindowedRule, inputs: readonly WindowedInput[]): Alert[] {
  const alerts: Alert[] = [];
  const judge = judgeCalls([rule]);
  for (const input of inputs) judge.push(input, (alert) => alerts.push(alert));
  return alerts;
}

const brief = (alerts: readonly Alert[]): string[] =>
  alerts.map(({ state, reason, atMs, value, count }) => {
    const about = value === null ? 'unknown' : `${Math.round(value * 1_000) / 1_000} of ${count}`;
    return `${state} ${reason} at ${(atMs - START) / MINUTE}: ${about}`;
  });

const p95 = windowedRule({
  aggregate: 'p95',
  field: 'latency_ms',
  threshold: { gt: 2_000 },
  countMin: 4,
  groupBy: ['agent_version'],
});

test('a percentile by group: fires for the version that is slow, and for no other', () => {
  const fast = { figures: { agent_version: 'v2' } };
  const alerts = told(p95, [
    clock(0),
    call('a', minute(0.5), [500, 600, 2_500]),
    call('b', minute(0.6), [500, 600, 700, 800, 900], fast),
    clock(1),
    call('c', minute(1.5), [700]),
    clock(30),
  ]);
  assert.deepEqual(brief(alerts), ['firing condition at 2: 2500 of 4', 'resolved no_data at 11: 700 of 1']);
  assert.deepEqual(alerts[0].group, { agent_version: 'v1' });
  assert.deepEqual(alerts[0].evidence, ['a', 'c']);
  assert.equal(alerts[0].summary, 'p95 of response.latency_ms over 10 min is 2500, asked for: > 2000');
  assert.equal(alerts[0].id, alerts[1].id);
});

test('tenants are never added up', () => {
  const inputs = [1, 2, 3, 4].map((i) => call(`c${i}`, minute(0.5), [9_000], { tenant: `t${i}` }));
  assert.deepEqual(told(p95, [clock(0), ...inputs, clock(5)]), []);
});

test('a late call counts from the next look on; one whose window is over is counted as late', () => {
  const judge = judgeCalls([p95]);
  const alerts: Alert[] = [];
  const inputs = [clock(0), clock(5), call('late', minute(1), [3_000, 3_000, 3_000, 3_000]), clock(6)];
  for (const input of inputs) judge.push(input, (alert) => alerts.push(alert));
  assert.deepEqual(brief(alerts), ['firing condition at 6: 3000 of 4']);
  judge.push(clock(20), () => undefined);
  judge.push(call('too late', minute(9), [3_000]), () => undefined);
  assert.equal(judge.lateCalls, 1);
});

test('a call told again replaces what was told; an older telling does not', () => {
  const rule = windowedRule({ aggregate: 'count', threshold: { gte: 1 } });
  const [first, second] = [finished('a', minute(0.5), [1]), { ...finished('a', minute(0.5), [1, 2]), revision: 1 }];
  const of = (...calls: FinishedCall[]): string[] =>
    brief(told(rule, [clock(0), ...calls.map((one) => ({ type: 'call', call: one }) as const), clock(1)]));
  assert.deepEqual(of(first, second), ['firing condition at 1: 2 of 1']);
  assert.deepEqual(of(second, first), ['firing condition at 1: 2 of 1']);
  assert.deepEqual(of(second, second), ['firing condition at 1: 2 of 1']);
});

test('shares: of facts among others, and of calls with enough of them', () => {
  const interruptions = (outcomes: string[]): Partial<FinishedCall> => ({
    facts: outcomes.map((outcome, i) => toldAs('interruption', `${i}`, i, i + 1, { outcome, channel: 'caller' })),
  });
  const continued = { field: 'outcome', type: 'text', in: ['continued'], isNegated: false } as const;
  const inputs = [
    clock(0),
    call('a', minute(0.1), [], interruptions(['continued', 'yielded', 'continued'])),
    call('b', minute(0.2), [], interruptions(['backchannel', 'continued'])),
    call('c', minute(0.3), []),
    call('d', minute(0.4), []),
    clock(1),
  ];
  const base = { on: 'interruption', where: [continued], threshold: { gt: 0 } } as const;
  const among = [{ ...continued, in: ['yielded', 'continued'] }];
  assert.deepEqual(brief(told(windowedRule({ ...base, aggregate: 'share' }), inputs)), [
    'firing condition at 1: 0.6 of 5',
  ]);
  assert.deepEqual(brief(told(windowedRule({ ...base, aggregate: 'share', among }), inputs)), [
    'firing condition at 1: 0.75 of 4',
  ]);
  assert.deepEqual(brief(told(windowedRule({ ...base, aggregate: 'calls_share' }), inputs)), [
    'firing condition at 1: 0.5 of 4',
  ]);
  assert.deepEqual(brief(told(windowedRule({ ...base, aggregate: 'calls_share', atLeast: 2 }), inputs)), [
    'firing condition at 1: 0.25 of 4',
  ]);
  assert.deepEqual(brief(told(windowedRule({ ...base, aggregate: 'per_call' }), inputs)), [
    'firing condition at 1: 0.75 of 4',
  ]);
});

test('a group may be said by the facts themselves', () => {
  const facts = ['deepgram', 'deepgram', 'other'].map((stt_provider, i) =>
    toldAs('response_breakdown', `${i}`, i, i + 1, { stt_provider, stt_ms: i === 2 ? 100 : 900 }),
  );
  const rule = windowedRule({
    on: 'response_breakdown',
    aggregate: 'mean',
    field: 'stt_ms',
    groupBy: ['stt_provider', 'labels.team'],
    threshold: { gt: 500 },
  });
  const alerts = told(rule, [clock(0), call('a', minute(0.5), [], { facts, labels: { team: 'x' } }), clock(1)]);
  assert.deepEqual(
    alerts.map(({ group, value }) => [group, value]),
    [[{ stt_provider: 'deepgram', 'labels.team': 'x' }, 900]],
  );
});

test('too little data: ok resolves, keep keeps, alert fires', () => {
  const slow = [3_000, 3_000, 3_000, 3_000];
  const inputs = [clock(0), call('a', minute(0.5), slow), clock(15)];
  assert.deepEqual(brief(told({ ...p95, noData: 'keep' }, inputs)), ['firing condition at 1: 3000 of 4']);
  const alerting = told({ ...p95, noData: 'alert', threshold: { gt: 5_000 } }, inputs);
  assert.deepEqual(brief(alerting), ['firing no_data at 11: unknown']);
});

test('absence: fires for what was there before, and is resolved by the next call; what is gone for good is forgotten', () => {
  const rule = windowedRule({
    aggregate: 'absent',
    on: 'call',
    groupBy: ['agent_version'],
    forgetAfterMs: 60 * MINUTE,
  });
  const alerts = told(rule, [clock(0), call('a', minute(2), []), clock(20), call('b', minute(20.5), []), clock(100)]);
  assert.deepEqual(
    brief(alerts).map((text) => text.split(':')[0]),
    ['firing condition at 12', 'resolved cleared at 21', 'firing condition at 31', 'resolved forgotten at 81'],
  );
});

test('absence of a tenant that is named fires even if no call ever came', () => {
  const rule = windowedRule({ aggregate: 'absent', on: 'call', tenants: ['acme', 'other'] });
  const alerts = told(rule, [clock(0), call('a', minute(9), []), clock(12)]);
  assert.deepEqual(
    alerts.map(({ tenant, state }) => [tenant, state]),
    [['other', 'firing']],
  );
});

test('ids are those of the moment, whatever the order of the calls, and differ by group and by firing', () => {
  const calls = [1, 2, 3, 4, 5].map((i) => call(`c${i}`, minute(0.1 * i), [i * 1_000]));
  const again = [call('d', minute(40), [3_000, 3_000, 3_000, 3_000]), clock(45)];
  const alerts = told(p95, [clock(0), ...calls, clock(30), ...again]);
  const reversed = told(p95, [clock(0), ...calls.toReversed(), clock(30), ...again]);
  assert.deepEqual(alerts, reversed);
  assert.equal(new Set(alerts.map(({ id }) => id)).size, 2);
  assert.equal(alerts.length, 3);
});

test('memory is bounded: of too many calls a fair sample is kept, counts are scaled; of too many groups the oldest go', () => {
  const count = 30_000;
  const rules = [
    windowedRule({ aggregate: 'p50', field: 'latency_ms', threshold: { gt: 0 } }),
    windowedRule({ aggregate: 'count', threshold: { gt: 0 } }),
  ];
  const judge = judgeCalls(rules);
  const alerts: Alert[] = [];
  judge.push(clock(0), () => undefined);
  for (let i = 0; i < count; i += 1) judge.push(call(`call-${i}`, minute(0.5), [i]), () => undefined);
  judge.push(clock(1), (alert) => alerts.push(alert));
  const kept = (judge.save() as { rules: { groups: Map<string, { calls: { kept: number } }> }[] }).rules.map(
    ({ groups }) => [...groups.values()].map(({ calls }) => calls.kept),
  );
  assert.ok(
    kept.flat().every((size) => size > KEPT_MAX / 4 && size <= KEPT_MAX),
    JSON.stringify(kept),
  );
  const [median, counted] = alerts.map(({ value }) => value ?? 0);
  assert.ok(Math.abs(median / count - 0.5) < 0.03, `median ${median}`);
  assert.ok(Math.abs(counted / count - 1) < 0.05, `count ${counted}`);

  const grouped = judgeCalls([windowedRule({ groupBy: ['labels.n'], threshold: { gt: 1e9 } })]);
  grouped.push(clock(0), () => undefined);
  for (let n = 0; n < GROUPS_MAX + 10; n += 1) {
    grouped.push(call(`g${n}`, minute(0.5), [], { labels: { n: String(n) } }), () => undefined);
  }
  grouped.push(clock(1), () => undefined);
  assert.equal(grouped.crowdedOut, 10);
});
