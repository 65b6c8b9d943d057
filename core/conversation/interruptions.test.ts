/** Scenes with one interruption each, whose outcome anybody would agree on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FindingOf } from '../facts/facts.ts';
import { labelledTicksOf, type Spans } from '../../test/support/signals.ts';
import { interruptions } from './interruptions.ts';
import type { LabelledTick } from './label.ts';
import { LIMITS } from './limits.ts';

type Interruption = FindingOf<'interruption'>;

function told(
  caller: Spans,
  agent: Spans,
  reshape: (tick: LabelledTick) => LabelledTick = (tick) => tick,
): Interruption[] {
  const found: Interruption[] = [];
  const stage = interruptions(LIMITS, 'sent');
  const take = (finding: unknown): void => void found.push(finding as Interruption);
  for (const tick of labelledTicksOf(15_000, caller, agent)) stage.push(reshape(tick), take);
  stage.flush(take);
  return found;
}

const finals = (found: Interruption[]): unknown[] =>
  found
    .filter(({ status }) => status === 'final')
    .map(({ by, outcome, startSample, latencySamples }) => ({
      by,
      outcome,
      onsetMs: startSample / 16,
      latencyMs: latencySamples === null ? null : latencySamples / 16,
    }));

test('the caller barges in and the agent falls silent: yielded, from onset to silence', () => {
  const found = told([[3_000, 6_000]], [[1_000, 3_700]]);
  assert.deepEqual(finals(found), [{ by: 'caller', outcome: 'yielded', onsetMs: 3_000, latencyMs: 700 }]);
});

test('it is told at once, again at the silence, and finally, under one start', () => {
  const found = told([[3_000, 6_000]], [[1_000, 3_700]]);
  assert.deepEqual(
    found.map(({ status, outcome, revision, startSample }) => [status, outcome, revision, startSample]),
    [
      ['provisional', 'pending', 0, 48_000],
      ['provisional', 'yielded', 1, 48_000],
      ['final', 'yielded', 2, 48_000],
    ],
  );
});

test('the agent speaks on for more than 2 s: continued, without a latency', () => {
  assert.deepEqual(finals(told([[3_000, 6_000]], [[1_000, 8_000]])), [
    { by: 'caller', outcome: 'continued', onsetMs: 3_000, latencyMs: null },
  ]);
});

test('the agent pauses for half a second and goes on: it has not yielded', () => {
  const agent: Spans = [
    [1_000, 3_600],
    [4_100, 9_000],
  ];
  assert.deepEqual(finals(told([[3_000, 6_500]], agent)), [
    { by: 'caller', outcome: 'continued', onsetMs: 3_000, latencyMs: null },
  ]);
});

test('a short token while the agent speaks on is a backchannel', () => {
  assert.deepEqual(finals(told([[3_000, 3_400]], [[1_000, 8_000]])), [
    { by: 'caller', outcome: 'backchannel', onsetMs: 3_000, latencyMs: null },
  ]);
});

test('a short word that makes the agent stop at once is a barge-in', () => {
  assert.deepEqual(finals(told([[3_000, 3_500]], [[1_000, 3_600]])), [
    { by: 'caller', outcome: 'yielded', onsetMs: 3_000, latencyMs: 600 },
  ]);
});

test('a start within the last words of an agent that fades out is an overlap of turn ends', () => {
  const fadesOut = (tick: LabelledTick): LabelledTick =>
    tick.frame >= 300 ? { ...tick, agent: { ...tick.agent, levelDbfs: -60 } } : tick;
  const [last] = finals(told([[3_000, 6_000]], [[1_000, 3_120]], fadesOut));
  assert.deepEqual(last, { by: 'caller', outcome: 'turn_end', onsetMs: 3_000, latencyMs: null });
});

test('the same start, but the agent is cut at full voice: it yielded quickly', () => {
  assert.deepEqual(finals(told([[3_000, 6_000]], [[1_000, 3_120]])), [
    { by: 'caller', outcome: 'yielded', onsetMs: 3_000, latencyMs: 120 },
  ]);
});

test('the agent starts inside the caller: an interruption by the agent', () => {
  const [only, ...rest] = finals(told([[1_000, 6_000]], [[3_000, 5_000]]));
  assert.deepEqual(only, { by: 'agent', outcome: 'continued', onsetMs: 3_000, latencyMs: null });
  assert.deepEqual(rest, []);
});

test('the agent takes a pause of the caller for its end: the agent interrupts, the caller does not', () => {
  const caller: Spans = [
    [1_000, 3_000],
    [3_450, 6_000],
  ];
  const found = finals(told(caller, [[3_200, 6_500]])) as { by: string; onsetMs: number }[];
  assert.deepEqual(
    found.map(({ by, onsetMs }) => [by, onsetMs]),
    [['agent', 3_200]],
  );
});

test('a caller who pauses within a barge-in does not barge in twice', () => {
  const caller: Spans = [
    [3_000, 4_000],
    [4_300, 6_500],
  ];
  assert.equal(finals(told(caller, [[1_000, 9_000]])).length, 1);
});

test('turns that only follow each other are no interruption', () => {
  assert.deepEqual(told([[1_000, 3_000]], [[3_100, 6_000]]), []);
});

test('80 ms of both at once are no event', () => {
  assert.deepEqual(told([[1_000, 3_000]], [[2_920, 6_000]]), []);
});

test('the call ends before it is known: inconclusive, and why', () => {
  const found = told([[14_000, 15_000]], [[12_000, 15_000]]);
  const last = found.at(-1);
  assert.equal(last?.outcome, 'inconclusive');
  assert.equal(last.latencyUnknown, 'call_ended');
});
