/** Judging: limits, too little to judge by, each call, and an earlier run with chance taken into account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomOf } from './bootstrap.ts';
import type { CallMeasures } from './callMeasures.ts';
import { isFailing, judge, type BaselineJudgement, type Judgement } from './judge.ts';
import { outcomeOf, parseBaseline, resultsJson } from './results.ts';
import { parseThresholds, type Thresholds } from './thresholds.ts';

const thresholdsOf = (checks: readonly object[], whole: object = {}): Thresholds => {
  const { thresholds, problems } = parseThresholds({ version: 1, checks, ...whole }, () => 1);
  assert.deepEqual(problems, []);
  return thresholds!;
};

const callOf = (
  name: string,
  latencies: readonly number[],
  continued: readonly [number, number] = [0, 0],
): CallMeasures => ({
  name,
  durationMs: 60_000,
  things: { response_latency_ms: latencies.map((value, i) => ({ value, weight: 1, atMs: 1_000 * i })) },
  shares: continued[1] === 0 ? {} : { continued_share: { part: continued[0], whole: continued[1] } },
});

const outcomes = (judgements: readonly Judgement[]): string[] => judgements.map(({ outcome }) => outcome);

test('a limit is kept up to its value, and what is missed names the moments', () => {
  const calls = [callOf('a', [500, 900, 700]), callOf('b', [1_000, 2_000])];
  const limits = [{ max: 2_000 }, { max: 1_999 }, { min: 2_000 }, { min: 2_001 }];
  const judged = judge(
    thresholdsOf(
      limits.map((limit, i) => ({ name: `${i}`, metric: 'response_latency_ms', statistic: 'max', ...limit })),
    ),
    calls,
    null,
  );
  assert.deepEqual(outcomes(judged), ['passed', 'missed', 'passed', 'missed']);
  const [, over, , under] = judged;
  assert.ok(over.kind === 'limit' && under.kind === 'limit');
  assert.deepEqual(over.worst[0], { call: 'b', atMs: 1_000, value: 2_000 });
  assert.deepEqual(under.worst[0], { call: 'a', atMs: 0, value: 500 });
});

test('with too few nothing is said; it passes unless the check says fail; a run of nothing else has not passed', () => {
  const calls = [callOf('a', [9_000, 9_000])];
  const check = { metric: 'response_latency_ms', statistic: 'p50', max: 1 };
  const lenient = judge(thresholdsOf([check]), calls, null);
  assert.deepEqual([outcomes(lenient), lenient.some(isFailing)], [['not_judged'], false]);
  assert.equal(outcomeOf({ judgements: lenient }), 'nothing_judged');
  const strict = judge(thresholdsOf([check], { if_not_judged: 'fail' }), calls, null);
  assert.deepEqual([outcomes(strict), outcomeOf({ judgements: strict })], [['not_judged'], 'failed']);
  assert.deepEqual(outcomes(judge(thresholdsOf([{ ...check, min_n: 2 }]), calls, null)), ['missed']);
  assert.deepEqual(outcomes(judge(thresholdsOf([check], { min_n: 2 }), calls, null)), ['missed']);
  assert.deepEqual(outcomes(judge(thresholdsOf([{ ...check, min_n: 1 }]), [], null)), ['not_judged']);
});

test('each call is judged by itself', () => {
  const calls = [callOf('a', [100]), callOf('b', [3_000]), callOf('c', [])];
  const judged = judge(
    thresholdsOf([{ metric: 'response_latency_ms', statistic: 'max', max: 1_000, over: 'each_call' }]),
    calls,
    null,
  );
  assert.deepEqual(
    judged.map(({ call, outcome }) => [call, outcome]),
    [
      ['a', 'passed'],
      ['b', 'missed'],
      ['c', 'not_judged'],
    ],
  );
});

/** Calls of five responses each; a call is slow or quick as a whole. */
function run(seed: number, calls: number, factor: number): CallMeasures[] {
  const random = randomOf(seed);
  return Array.from({ length: calls }, (_, place) => {
    const ofCall = 600 + 800 * random();
    return callOf(
      `c${place}`,
      Array.from({ length: 5 }, () => factor * ofCall * (0.9 + 0.2 * random())),
    );
  });
}

const MEAN = { metric: 'response_latency_ms', statistic: 'mean', worse_max_percent: 10 };
function compared(
  now: CallMeasures[],
  before: CallMeasures[],
  check: object = MEAN,
  baseline: object = {},
): BaselineJudgement {
  const [judgement] = judge(thresholdsOf([check], { baseline }), now, before);
  assert.ok(judgement.kind === 'baseline');
  return judgement;
}

test('the same scenarios, twice as slow, are missed; a little slower passes; the same seed gives the same interval', () => {
  assert.equal(compared(run(1, 20, 2), run(1, 20, 1)).outcome, 'missed');
  assert.equal(compared(run(1, 20, 1.05), run(1, 20, 1)).outcome, 'passed');
  assert.equal(compared(run(1, 20, 0.5), run(1, 20, 1)).outcome, 'passed');
  const [first, second, other] = [1, 1, 2].map((seed) => compared(run(3, 20, 1.1), run(4, 20, 1), MEAN, { seed }));
  assert.deepEqual(first, second);
  assert.notDeepEqual(first.interval, other.interval);
});

test('drawn together, the same scenarios show a change that calls of other names hide', () => {
  const [now, before] = [run(1, 12, 1.2), run(1, 12, 1)];
  assert.equal(compared(now, before).outcome, 'missed');
  const strangers = before.map((call) => ({ ...call, name: `other ${call.name}` }));
  const unpaired = compared(now, strangers);
  assert.equal(unpaired.outcome, 'not_judged');
  assert.match(unpaired.reason, /chance/);
});

test('too few calls for an interval are not judged, unless the point is to decide', () => {
  const [now, before] = [run(1, 4, 3), run(1, 4, 1)];
  assert.equal(compared(now, before).outcome, 'not_judged');
  assert.equal(compared(now, before, MEAN, { judge_by: 'point' }).outcome, 'missed');
  assert.equal(compared(now, before, MEAN, { calls_min: 4 }).outcome, 'missed');
});

test('from none to some is worse, though no percent of nothing says how much', () => {
  const before = Array.from({ length: 8 }, (_, i) => callOf(`c${i}`, [], [0, 5]));
  const now = before.map(({ name }) => callOf(name, [], [1, 5]));
  assert.equal(compared(now, before, { metric: 'continued_share', worse_max_percent: 50 }).outcome, 'missed');
  assert.equal(compared(now, before, { metric: 'continued_share', worse_max: 0.25 }).outcome, 'passed');
});

test('what is worse depends on what is counted', () => {
  const some = (values: readonly number[]): CallMeasures[] =>
    Array.from({ length: 8 }, (_, i) => ({
      ...callOf(`c${i}`, []),
      things: { overall_mos_agent: values.map((value) => ({ value, weight: 1, atMs: 0 })) },
    }));
  const [good, bad] = [some([4.5, 4.5, 4.5, 4.5]), some([4.5, 4.5, 2, 2])];
  const mean = { metric: 'overall_mos_agent', statistic: 'mean', worse_max_percent: 5 };
  assert.deepEqual([compared(bad, good, mean).outcome, compared(good, bad, mean).outcome], ['missed', 'passed']);
  const share = { metric: 'overall_mos_agent', statistic: 'share', below: 3, worse_max: 0.1 };
  assert.deepEqual([compared(bad, good, share).outcome, compared(good, bad, share).outcome], ['missed', 'passed']);
  const above = { metric: 'overall_mos_agent', statistic: 'share', above: 3, worse_max: 0.1 };
  assert.deepEqual([compared(bad, good, above).outcome, compared(good, bad, above).outcome], ['missed', 'passed']);
});

test('what a run writes, a later one reads as it was; anything else is refused with its place', () => {
  const calls = [callOf('a', [500, 900.0625]), callOf('b', [], [1, 2])];
  const text = resultsJson({ calls, judgements: judge(thresholdsOf([{ ...MEAN, max: 1 }]), calls, null), notes: [] });
  assert.deepEqual(parseBaseline(text, 'r.json'), calls);
  const broken: readonly [string, string, RegExp][] = [
    ['"earshot-check"', '"other"', /format other/],
    ['"definitionVersion": ', '"definitionVersion": 9', /definition version/],
    ['"name": "b"', '"name": "a"', /a call twice/],
    ['900.0625', '"much"', /calls\[0\], things, response_latency_ms/],
    ['900.0625', '900, 1', /do not belong together/],
    ['"whole": 2', '"whole": -2', /calls\[1\], shares, continued_share/],
    ['}', '', /JSON that cannot be read/],
  ];
  for (const [from, to, message] of broken) {
    assert.ok(text.includes(from));
    assert.throws(() => parseBaseline(text.replace(from, to), 'r.json'), { code: 'results_invalid', message });
  }
});
