/** Thresholds files: the example, every mistake at its line with the nearest name, and whatever else may come. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { METRICS } from '../../core/checks/metrics.ts';
import { STATISTICS } from '../../core/checks/statistics.ts';
import { parseThresholds } from '../../core/checks/thresholds.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { CHECK_HELP } from '../commands/check.ts';
import { thresholdsOf } from './thresholdsFile.ts';

/** `line: text` of each. */
function mistakesOf(text: string): string[] {
  try {
    thresholdsOf(text, 'f');
    return [];
  } catch (error) {
    assert.ok(error instanceof InvalidInput && error.code === 'thresholds_invalid');
    return error.got.split('\n  f:').slice(1);
  }
}

test('the examples of examples/check and docs/check.md are read', async () => {
  const example = thresholdsOf(await readFile(join(packageRoot, 'examples/check/thresholds.yaml'), 'utf8'), 'f');
  assert.ok(example.checks.length > 10);
  assert.ok(example.checks.some(({ worse }) => worse?.percent === 15));
  const page = await readFile(join(packageRoot, 'docs/check.md'), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n(version: 1[^`]+)```/g)].map(([, block]) => block);
  assert.equal(blocks.length, 1);
  const { checks } = thresholdsOf(blocks[0], 'f');
  assert.deepEqual(
    checks.map(({ name, nMin }) => [name, nMin]),
    [
      ['p95 response_latency_ms', 20],
      ['count dead_air_ms above 5000', 1],
      ['talk_ratio of each call', 1],
    ],
  );
});

test('the pipelines of docs/check.md are YAML, and ask for options that the command has', async () => {
  const page = await readFile(join(packageRoot, 'docs/check.md'), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n((?!version)[^`]+)```/g)].map(([, block]) => block);
  assert.equal(blocks.length, 2);
  for (const block of blocks) {
    assert.ok('calls' in ((parse(block) as { jobs?: object }).jobs ?? (parse(block) as object)));
    const [, command] = /earshot\.js check ((?:\\\n|[^\n])+)/.exec(block) ?? [];
    const options = [...command.matchAll(/--[a-z]+/g)].map(([option]) => option);
    assert.ok(options.length >= 2);
    for (const option of options) assert.ok(CHECK_HELP.includes(`${option} `), option);
  }
});

test('docs/check.md names every metric and every field', async () => {
  const page = await readFile(join(packageRoot, 'docs/check.md'), 'utf8');
  const named = new Set([...page.matchAll(/`([a-z0-9_]+(?:_\*)?)`/g)].map(([, name]) => name));
  for (const name of METRICS.keys()) {
    assert.ok(named.has(name) || named.has(name.replace(/_(caller|agent)$/, '_*')), name);
  }
  for (const name of STATISTICS) assert.ok(named.has(name), name);
});

test('every mistake is told, with its line and the nearest name', () => {
  const file = `version: 1
min_nn: 3
baseline:
  judge_by: points
checks:
  - metric: respons_latency_ms
    statistic: p95
    max: 2
  - metric: continued_share
    max: 5
    above: 3
  - metric: dead_air_ms
    max: 1
  - metric: turns
    statistic: p50
    min: 3
    max: 2
  - metric: dead_air_ms
    statistic: share
    max: "2"
  - metric: response_latency_ms
    statistic: p50
  - metric: talk_ratio
    over: each_call
    worse_max: 0.1
  - metric: yielded
    statistic: count
    worse_max_percent: 3
  - {metric: yielded, statistic: count, min: 1, name: twice}
  - {metric: yielded, statistic: per_call, min: 1, name: twice}
  - 5
`;
  assert.deepEqual(
    mistakesOf(file).map((text) => text.slice(0, 60)),
    [
      '2: min_nn is no field here; the nearest is min_n',
      '4: judge_by points is not known; the nearest is point',
      '6: metric respons_latency_ms is not known; the nearest is response_latency_ms',
      '9: continued_share has no values that above or below could choose from',
      '10: max of a share goes from 0 to 1: 5 % is 0.05, not 5',
      '12: statistic has to be said: of dead_air_ms, count, per_call, per_minute, ',
      '15: of turns there is no p50; there is count, per_call, per_minute',
      '16: min 3 is over max 2',
      '18: a share of things needs above or below: the share of which?',
      '20: max has to be a number, not 2',
      '21: a check needs min, max, worse_max_percent or worse_max',
      '23: each_call cannot be compared with a baseline: an interval needs',
      '26: count grows with the number of calls; compare per_call or per_m',
      '30: there are two checks named "twice"; give one another name',
      '31: expected a mapping with name, metric, statistic, above, below, o',
    ].map((text) => text.slice(0, 60)),
  );
});

test('files that are no thresholds are refused', () => {
  const one = 'checks: [{metric: talk_ratio, max: 1}]';
  for (const [text, expected] of [
    ['', /^1: expected a mapping/],
    ['[1]', /^1: expected a mapping/],
    [one, /^1: version has to be 1, not nothing/],
    [`version: 2\n${one}`, /^1: version has to be 1, not 2/],
    ['version: 1', /^1: checks has to be a list/],
    ['version: 1\nchecks: []', /^2: checks has to be a list/],
    [`version: 1\nversion: 1\n${one}`, /^2: Map keys must be unique/],
    [`version: 1\n${one}\n---\nversion: 1`, /^3: /],
    [`version: !odd 1\n${one}`, /^1: Unresolved tag/],
    [`version: 1\nchecks: *nowhere`, /nowhere/],
    [`version: 1\nchecks: [{metric: talk_ratio, max: .nan}]`, /^2: max has to be a number/],
    [`version: 1\nchecks: [{metric: __proto__, max: 1}]`, /^2: metric __proto__ is not known/],
    [`version: 1\n__proto__: {a: 1}\n${one}`, /^2: __proto__ is no field/],
    [
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]`,
      /alias/i,
    ],
    [`# ${'x'.repeat(1_000_000)}`, /more than 1000000 characters/],
  ] as const) {
    const [first] = mistakesOf(text);
    assert.match(first ?? 'nothing', expected, text.slice(0, 60));
  }
});

const name = fc.constantFrom(...METRICS.keys());
const check = fc.record(
  {
    metric: name,
    statistic: fc.constantFrom(...STATISTICS),
    min: fc.double({ min: 0, max: 0.5, noNaN: true }),
    max: fc.double({ min: 0.5, max: 1, noNaN: true }),
    above: fc.integer(),
    over: fc.constantFrom('all_calls', 'each_call'),
    min_n: fc.integer({ min: 1, max: 1_000 }),
    worse_max_percent: fc.double({ min: 0, max: 100, noNaN: true }),
    if_not_judged: fc.constantFrom('pass', 'fail'),
  },
  { requiredKeys: ['metric'] },
);

test('a file is read whole or refused with lines that it has, whatever checks are in it', () => {
  fc.assert(
    fc.property(fc.array(check, { minLength: 1, maxLength: 6 }), (checks) => {
      const text = stringify({ version: 1, checks });
      const mistakes = mistakesOf(text);
      const lines = text.split('\n').length;
      if (mistakes.length > 0) {
        for (const mistake of mistakes) {
          const line = Number(/^(\d+): /.exec(mistake)?.[1]);
          assert.ok(line >= 3 && line <= lines, mistake);
        }
        return;
      }
      const read = thresholdsOf(text, 'f').checks;
      read.forEach((each, i) => {
        const told = checks[i];
        assert.equal(each.metric.name, told.metric);
        assert.deepEqual(
          [each.min, each.max, each.bounds.above],
          [told.min ?? null, told.max ?? null, told.above ?? null],
        );
        assert.equal(each.over, told.over ?? 'all_calls');
        if (told.min_n !== undefined) assert.equal(each.nMin, told.min_n);
      });
      assert.equal(read.length, checks.length);
    }),
  );
});

test('no value at all breaks the parser: thresholds, or problems', () => {
  const near = fc.record(
    { version: fc.constant(1), checks: fc.anything(), baseline: fc.anything() },
    { requiredKeys: [] },
  );
  const nearer = fc.record({
    version: fc.constant(1),
    checks: fc.array(fc.record({ metric: name, max: fc.anything(), statistic: fc.anything(), name: fc.anything() })),
  });
  fc.assert(
    fc.property(fc.oneof(fc.anything(), near, nearer), (value) => {
      const { thresholds, problems } = parseThresholds(value, () => 1);
      assert.equal(thresholds === null, problems.length > 0);
    }),
  );
});

test('no text at all breaks the reader: thresholds, or thresholds_invalid', () => {
  const words = fc.array(
    fc.constantFrom(
      'version: 1',
      '\n',
      '- ',
      ': ',
      '&a ',
      '*a',
      '{',
      '[',
      ']',
      '}',
      '"',
      '|',
      '? ',
      '<<',
      'checks',
      'metric',
      '!!',
      '#',
      '\t',
      '  ',
      '%YAML',
      '---',
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        words.map((all) => all.join('')),
      ),
      (text) => {
        assert.ok(mistakesOf(text).length > 0);
      },
    ),
    { numRuns: 500 },
  );
});
