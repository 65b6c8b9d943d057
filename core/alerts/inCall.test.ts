/** Rules on one call: when they fire, what a fact that is taken back does, what the end does, and that a replay is the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Alert } from './alert.ts';
import { judgeCall, type InCallInput } from './inCall.ts';
import { fact, heard, inCallRule } from '../../test/support/alertRules.ts';

const CALL = { tenant: 'acme', callId: 'c1' };

function told(rules: Parameters<typeof judgeCall>[1], inputs: readonly InCallInput[]): Alert[] {
  const alerts: Alert[] = [];
  const stage = judgeCall(CALL, rules);
  for (const input of inputs) stage.push(input, (alert) => alerts.push(alert));
  return alerts;
}

const brief = (alerts: readonly Alert[]): string[] =>
  alerts.map(({ state, reason, atMs, mediaMs }) => `${state} ${reason} at ${atMs} of ${mediaMs}`);

const notStopping = inCallRule({
  on: 'interruption',
  where: [{ field: 'outcome', type: 'text', in: ['continued'], isNegated: false }],
  atLeast: 2,
});
const silence = inCallRule({
  on: 'dead_air',
  where: [{ field: 'duration_ms', type: 'number', threshold: { gte: 10_000 } }],
  windowMs: 1_000,
});

test('fires with the second that matches, at its moment, and is resolved by the end of the call', () => {
  const alerts = told(
    [notStopping],
    [
      fact('interruption', 'a', 1_000, 3_000, { outcome: 'continued' }),
      fact('interruption', 'b', 5_000, 6_000, { outcome: 'yielded' }),
      fact('interruption', 'c', 8_000, 10_000, { outcome: 'continued' }),
      fact('interruption', 'd', 11_000, 12_000, { outcome: 'continued' }),
      fact('call_ended', 'e', 20_000, 20_000, { reason: 'completed' }),
    ],
  );
  assert.deepEqual(brief(alerts), ['firing condition at 1010000 of 8000', 'resolved call_ended at 1020000 of 8000']);
  assert.deepEqual(alerts[0].evidence, ['a', 'c']);
  assert.equal(alerts[0].id, alerts[1].id);
  assert.equal(alerts[1].endsAtMs, 1_020_000);
  assert.equal(alerts[0].summary, '2 of at least 2 interruption with outcome continued in the call');
});

test('dead air fires while it lasts, as soon as it is long enough, and is cleared when it is over', () => {
  const alerts = told(
    [silence],
    [
      fact('dead_air', 'a', 2_000, null, {}),
      ...[4_000, 8_000, 11_000, 12_000, 13_000].map(heard),
      fact('dead_air', 'a', 2_000, 13_500, {}, 1),
      ...[14_000, 14_500, 15_000].map(heard),
    ],
  );
  assert.deepEqual(brief(alerts), ['firing condition at 1012000 of 2000', 'resolved cleared at 1014500 of 2000']);
});

test('an alert that rested on a provisional fact is resolved when that is taken back, and a right one fires at once', () => {
  const yielded = inCallRule({
    on: 'interruption',
    where: [{ field: 'outcome', type: 'text', in: ['yielded'], isNegated: false }],
    cooldownMs: 600_000,
  });
  const inputs = [
    fact('interruption', 'a', 1_000, 2_000, { outcome: 'yielded' }, 0, 'provisional'),
    fact('interruption', 'a', 1_000, 2_500, { outcome: 'backchannel' }, 1),
    // A replay after a restart tells both again: no alert comes of what is known to be otherwise.
    fact('interruption', 'a', 1_000, 2_000, { outcome: 'yielded' }, 0, 'provisional'),
    fact('interruption', 'b', 4_000, 5_000, { outcome: 'yielded' }),
  ];
  const alerts = told([yielded], inputs);
  assert.deepEqual(brief(alerts), [
    'firing condition at 1002000 of 1000',
    'resolved taken_back at 1002500 of 1000',
    'firing condition at 1005000 of 4000',
  ]);
  assert.notEqual(alerts[0].id, alerts[2].id);
  const careful = told([{ ...yielded, provisional: 'ignore' }], inputs);
  assert.deepEqual(brief(careful), ['firing condition at 1005000 of 4000']);
});

test('what is told after the end fires and is over, once; what was resolved by the end stays so', () => {
  const late = fact('interruption', 'z', 9_000, 9_500, { outcome: 'continued' });
  const ended = fact('call_ended', 'e', 10_000, 10_000, {});
  const first = fact('interruption', 'a', 1_000, 2_000, { outcome: 'continued' });
  const second = fact('interruption', 'b', 3_000, 4_000, { outcome: 'continued' });
  assert.deepEqual(brief(told([notStopping], [first, ended, second, late])), [
    'firing condition at 1010000 of 3000',
    'resolved call_ended at 1010000 of 3000',
  ]);
  assert.equal(told([notStopping], [first, second, ended, late]).length, 2);
});

test('for, keep_firing_for and cooldown', () => {
  const waits = { forMs: 2_000, keepFiringForMs: 3_000, cooldownMs: 10_000, windowMs: 1_000 };
  const gap = inCallRule({ on: 'gap', ...waits });
  const open = (id: string, at: number): InCallInput => fact('gap', id, at, null, {}, 0, 'provisional');
  const closed = (id: string, from: number, to: number): InCallInput => fact('gap', id, from, to, {}, 1);
  const beats = (from: number, to: number): InCallInput[] =>
    Array.from({ length: (to - from) / 500 + 1 }, (_, i) => heard(from + i * 500));
  const alerts = told(
    [gap],
    [
      open('a', 0),
      closed('a', 0, 500),
      ...beats(1_000, 5_000),
      open('b', 5_000),
      ...beats(5_500, 8_000),
      closed('b', 5_000, 8_000),
      ...beats(8_500, 15_000),
      open('c', 15_000),
      ...beats(15_500, 30_000),
    ],
  );
  assert.deepEqual(
    alerts.map(({ state, atMs }) => [state, atMs - 1_000_000]),
    [
      ['pending', 0],
      ['inactive', 1_500],
      ['pending', 5_000],
      ['firing', 7_000],
      ['resolved', 11_500],
      ['pending', 21_500],
      ['firing', 23_500],
    ],
  );
  assert.deepEqual(
    alerts.map(({ id }) => alerts.findIndex((one) => one.id === id)),
    [0, 0, 0, 0, 0, 5, 5],
  );
});

test('a rule for other tenants is none of this call', () => {
  const rules = [{ ...notStopping, atLeast: 1, tenants: ['other'] }];
  assert.deepEqual(told(rules, [fact('interruption', 'a', 0, 1, { outcome: 'continued' })]), []);
});

test('a state is taken up by changed rules: what is unchanged goes on, what is new begins anew', () => {
  const before = judgeCall(CALL, [silence, notStopping]);
  before.push(fact('interruption', 'a', 0, 1, { outcome: 'continued' }), () => undefined);
  const after = judgeCall(CALL, [inCallRule({ on: 'loop', name: 'new' }), notStopping]);
  after.load(before.save());
  const alerts: Alert[] = [];
  for (const kind of ['interruption', 'loop'] as const) {
    after.push(fact(kind, kind, 2, 3, { outcome: 'continued' }), (alert) => alerts.push(alert));
  }
  assert.deepEqual(
    alerts.map(({ rule }) => rule),
    [notStopping.name, 'new'],
  );
});

test('facts told twice or in another order end in the same alerts', () => {
  const facts = ['a', 'b', 'c', 'd'].map((id, i) =>
    fact('interruption', id, i * 1_000, i * 1_000 + 500, { outcome: i === 1 ? 'yielded' : 'continued' }),
  );
  const ended = fact('call_ended', 'e', 9_000, 9_000, {});
  const outcome = (inputs: readonly InCallInput[]): unknown =>
    told([notStopping], inputs).map(({ id, state }) => [id, state]);
  const expected = outcome([...facts, ended]);
  fc.assert(
    fc.property(fc.shuffledSubarray([...facts, ...facts], { minLength: 8 }), (inputs) =>
      assert.deepEqual(outcome([...inputs, ended]), expected),
    ),
  );
});
