/** Past calls under both kinds of rules at once; and that the fields rules may ask for are those that facts and calls have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIGURE_COLUMNS } from '../rows/callColumns.ts';
import type { FactOf } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { fact, finished, inCallRule, windowedRule } from '../../test/support/alertRules.ts';
import { FIELDS } from './fields.ts';
import { callFigures } from './finishedCall.ts';
import { replayRules, type PastCall } from './replay.ts';
import { NO_RULES } from './rules.ts';

const MINUTE = 60_000;

test('a replay judges calls one by one and all together, and pairs each firing with its end', () => {
  const calls: PastCall[] = [0, 1, 2].map((i) => {
    const end = 1_000_000 + i * MINUTE;
    const told = [fact('loop', 'a', 0, 1, {}), fact('call_ended', 'e', 5_000, 5_000, {})];
    return { startedAtMs: end - 5_000, told, finished: finished(`c${i}`, end, [3_000]) };
  });
  const rules = {
    ...NO_RULES,
    inCall: [inCallRule({ on: 'loop' })],
    windowed: [windowedRule({ aggregate: 'mean', field: 'latency_ms', threshold: { gt: 1 }, countMin: 3 })],
  };
  const firings = replayRules(rules, calls.toReversed(), 1_000_000 + 5 * MINUTE);
  assert.deepEqual(firings.map(({ alert, resolved }) => [alert.rule, alert.callId, resolved?.reason ?? null]).sort(), [
    ['loop', 'c0', 'call_ended'],
    ['loop', 'c1', 'call_ended'],
    ['loop', 'c2', 'call_ended'],
    ['windowed', null, null],
  ]);
  assert.deepEqual(replayRules(rules, [], 0), []);
});

test('the fields of `call` are those of a finished call, in milliseconds', () => {
  const names = Object.keys(FIGURE_COLUMNS);
  const fields = names.map((name) => [name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), 16_000]);
  const summary = { kind: 'summary', ...Object.fromEntries(fields) } as FactOf<'summary'>;
  const open = {
    tenant: 't',
    callId: 'c',
    protocol: 'file',
    tap: 'heard',
    agentVersion: 'v',
    startedAtMs: 0,
  } as OpenCall;
  const ended = { kind: 'call_ended', startSample: 32_000, reason: 'completed', errorCode: '' } as FactOf<'call_ended'>;
  const figures = callFigures(open, summary, ended);
  assert.deepEqual(Object.keys(figures).sort(), Object.keys(FIELDS.call).sort());
  assert.deepEqual([figures.duration_ms, figures.dead_air_ms, figures.loops], [2_000, 1_000, 16_000]);
});
