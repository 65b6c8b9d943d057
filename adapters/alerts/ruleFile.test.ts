/** Rule files: what is read, every mistake with its line, and that no text whatever does more than be refused. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { COMPARISONS } from '../../core/alerts/condition.ts';
import { FIELDS } from '../../core/alerts/fields.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { packageRoot } from '../packageRoot.ts';
import { durationMs, durationText } from './duration.ts';
import { nearestName } from '../../core/units/nearest.ts';
import { parseRules, problemText, readRuleFile } from './ruleFile.ts';

const starter = readFileSync(join(packageRoot, 'deploy/rules/starter.yaml'), 'utf8');
const problems = (text: string): string[] => readRuleFile(text).problems.map(problemText);

test('the starter rules are right, and each says why in a comment and what is wrong in a summary', () => {
  const { inCall, windowed } = parseRules(starter);
  assert.ok(inCall.length >= 5 && windowed.length >= 5);
  for (const { name, annotations } of [...inCall, ...windowed]) assert.notEqual(annotations.summary ?? '', '', name);
});

test('a rule is read with its defaults', () => {
  const { inCall, windowed } = parseRules(`
version: 1
defaults: { severity: info, cooldown: 1m }
in_call:
  - name: silent
    on: dead_air
    where: { channel: agent, duration_ms: { gte: 10s, lt: 60000 } }
windowed:
  - { name: slow, on: response, aggregate: p95, field: latency_ms, window: 15m, threshold: { gt: 2s } }
`);
  assert.deepEqual(inCall, [
    {
      name: 'silent',
      severity: 'info',
      labels: {},
      annotations: {},
      tenants: [],
      forMs: 0,
      keepFiringForMs: 0,
      cooldownMs: 60_000,
      on: 'dead_air',
      where: [
        { field: 'channel', type: 'text', in: ['agent'], isNegated: false },
        { field: 'duration_ms', type: 'number', threshold: { gte: 10_000, lt: 60_000 } },
      ],
      atLeast: 1,
      windowMs: null,
      provisional: 'count',
    },
  ]);
  assert.deepEqual(
    windowed.map(({ threshold, windowMs, everyMs, countMin, noData }) => [
      threshold,
      windowMs,
      everyMs,
      countMin,
      noData,
    ]),
    [[{ gt: 2_000 }, 900_000, 60_000, 10, 'ok']],
  );
});

test('all mistakes at once, in the order of lines, with the name that was probably meant', () => {
  const text = `version: 1
in_call:
  - name: not stopping
    on: interuption
  - name: x
    on: interruption
    were: {}
    where: { outcom: continued, outcome: continud, latency_ms: { gte: fast, below: 2 } }
    at_least: 0
windowed:
  - name: w
    on: response
    aggregate: p95
    field: latency
    window: 15 minutes
    group_by: agent-version
    treshold: { gt: 1 }
  - { name: x, on: call, aggregate: absent, window: 1h, threshold: { gt: 1 } }
silences:
  - { name: s, rules: y, starts_at: 2026-01-02T00:00:00Z, ends_at: 2026-01-01T00:00:00Z }
maintenance_windows:
  - { name: m, days: [friday], from: "25:00", to: "01:00", time_zone: Berlin }
`;
  assert.deepEqual(problems(text), [
    'line 3: in_call[0].name: expected letters, digits, _ and -, beginning with a letter; got not stopping',
    'line 4: in_call[0].on: expected a kind of fact: interruption, perhaps; got interuption',
    'line 7: in_call[1].were: expected where, perhaps; got were',
    'line 8: in_call[1].where.outcom: expected a field of interruption: outcome, perhaps; got outcom',
    'line 8: in_call[1].where.outcome: expected continued, perhaps; got continud',
    'line 8: in_call[1].where.latency_ms.gte: expected a number of milliseconds or a duration such as 10s; got fast',
    `line 8: in_call[1].where.latency_ms.below: expected one of ${COMPARISONS.join(', ')}; got below`,
    'line 9: in_call[1].at_least: expected a whole number from 1 to 100; got 0',
    'line 11: windowed[0].threshold: expected a threshold or a trend; got nothing',
    'line 11: windowed: expected a name of its own for each rule; got x more than once',
    'line 14: windowed[0].field: expected a number of response: latency_ms, perhaps; got latency',
    'line 15: windowed[0].window: expected a duration such as 500ms, 10s, 1m30s, 2h or 7d, of a year at most; got 15 minutes',
    'line 16: windowed[0].group_by: expected tenant, labels.NAME, or agent_version, perhaps; got agent-version',
    'line 17: windowed[0].treshold: expected threshold, perhaps; got treshold',
    'line 18: windowed[1].aggregate: expected neither threshold nor trend beside absent; got absent',
    'line 20: silences[0].ends_at: expected a time after starts_at; got 2026-01-01T00:00:00Z',
    'line 20: silences: expected a rule of this file: x, perhaps; got y',
    'line 22: maintenance_windows[0].days: expected one of mon, tue, wed, thu, fri, sat, sun; got friday',
    'line 22: maintenance_windows[0].from: expected a time of day in quotes, such as "02:00"; got 25:00',
    'line 22: maintenance_windows[0].time_zone: expected a time zone such as UTC or Europe/Berlin; got Berlin',
  ]);
});

test('no YAML, no version, no map, a key twice, anchors and depths', () => {
  assert.match(problems('')[0], /the file: expected a map; got null/);
  assert.match(problems('in_call: []')[0], /line 1: version: expected 1; got nothing/);
  assert.match(problems('version: 2')[0], /version: expected a whole number from 1 to 1; got 2/);
  assert.match(problems('version: 1\nversion: 1')[0], /line 2: .*Map keys must be unique/);
  assert.match(problems('version: 1\nin_call: [\n')[0], /expected YAML 1.2/);
  assert.match(problems('version: 1\nin_call: &a []\nwindowed: *a')[0], /line 3: windowed: expected the value itself/);
  assert.match(problems(`version: ${'['.repeat(60)}${']'.repeat(60)}`)[0], /at most 20 levels/);
  assert.match(problems(' '.repeat(1_000_001))[0], /at most 1000000 characters/);
  assert.throws(() => parseRules('version: 2'), InvalidInput);
});

test('no text does more than be refused, each problem with a line of the text', () => {
  const characters = fc.constantFrom(...'ab:-[]{}"\'#&*!|>%@`,? \n\t0.');
  const texts = fc.oneof(fc.string({ unit: characters, maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 80 }));
  fc.assert(
    fc.property(texts, (text) => {
      const lines = text.split('\n').length;
      for (const { line } of readRuleFile(text).problems) assert.ok(line >= 1 && line <= lines + 1);
    }),
    { numRuns: 500 },
  );
});

test('no value in any place of a right file does more than be refused', () => {
  const paths = starter.split('\n').flatMap((line, i) => (/^ +[a-z_]+: /.test(line) ? [i] : []));
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), (at, value) => {
      const lines = starter.split('\n');
      lines[at] = lines[at].replace(/: .*/, () => `: ${JSON.stringify(value)}`);
      const { problems: found } = readRuleFile(lines.join('\n'));
      assert.ok(found.every(({ line }) => line >= 1 && line <= lines.length));
    }),
    { numRuns: 300 },
  );
});

test('any right rule that is written is read as it was meant', () => {
  const condition = fc.constantFrom(...Object.keys(FIELDS).filter((kind) => kind !== 'call')).chain((on) => {
    const fields = FIELDS[on as keyof typeof FIELDS];
    const parts = Object.entries(fields).map(([name, field]) =>
      field.type === 'text'
        ? fc.constantFrom(...(field.values ?? ['x', '1.10'])).map((value) => [name, value] as const)
        : fc
            .tuple(fc.constantFrom(...COMPARISONS), fc.double({ noNaN: true, noDefaultInfinity: true }))
            .map(([comparison, value]) => [name, { [comparison]: value }] as const),
    );
    return fc
      .tuple(...parts)
      .chain((all) =>
        fc
          .subarray(all)
          .map((parts) => ({ on, where: Object.fromEntries(parts) as Readonly<Record<string, unknown>> })),
      );
  });
  const rule = fc.record({
    name: fc.constant('r'),
    condition,
    at_least: fc.integer({ min: 1, max: 100 }),
    within: fc.integer({ min: 1_000, max: 86_400_000 }),
  });
  fc.assert(
    fc.property(rule, ({ condition: { on, where }, within, ...rest }) => {
      const text = stringify({ version: 1, in_call: [{ ...rest, on, where, within: durationText(within) }] });
      const [read] = parseRules(text).inCall;
      const wanted = Object.entries(where).map(([field, value]) =>
        typeof value === 'string'
          ? { field, type: 'text', in: [value], isNegated: false }
          : { field, type: 'number', threshold: value },
      );
      assert.deepEqual([read.on, read.where, read.atLeast, read.windowMs], [on, wanted, rest.at_least, within]);
    }),
    { numRuns: 200 },
  );
});

test('durations are read as they are written, and nothing else is one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 366 * 86_400_000 }), (ms) => assert.equal(durationMs(durationText(ms)), ms)),
  );
  for (const text of ['', '10', '-1s', '1.5h', '1s1m', '5ms5', '400d', '1 m', '1mm'])
    assert.equal(durationMs(text), null, text);
});

test('the nearest name is one slip away, or none', () => {
  assert.equal(nearestName('interuption', ['response', 'interruption']), 'interruption');
  assert.equal(nearestName('ogtcome', ['outcome', 'reason']), 'outcome');
  assert.equal(nearestName('entirely else', ['outcome', 'reason']), null);
  assert.equal(nearestName('x'.repeat(10_000), ['x']), null);
  assert.equal(nearestName('x', []), null);
});
