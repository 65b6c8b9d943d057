/** The reports of a run: JUnit by the shape that its readers hold it to, and names that must not break out of any. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CallMeasures } from '../../core/checks/callMeasures.ts';
import { isFailing, judge } from '../../core/checks/judge.ts';
import type { Run } from '../../core/checks/results.ts';
import { parseThresholds } from '../../core/checks/thresholds.ts';
import { junitCounts, readXml } from '../../test/support/junitShape.ts';
import { junitXml } from './junit.ts';
import { markdownReport } from './markdown.ts';
import { terminalReport } from './terminalReport.ts';

function runOf(checkName: string, callName: string): Run {
  const { thresholds } = parseThresholds(
    {
      version: 1,
      checks: [
        { metric: 'response_latency_ms', statistic: 'max', max: 1_000, name: checkName, worse_max_percent: 10 },
        { metric: 'response_latency_ms', statistic: 'min', max: 1_000, over: 'each_call' },
        { metric: 'response_latency_ms', statistic: 'p50', max: 1_000 },
        { metric: 'response_latency_ms', statistic: 'mean', max: 1_000, if_not_judged: 'fail' },
        { metric: 'talk_ratio', max: 1 },
      ],
    },
    () => 1,
  );
  const of = (name: string, value: number): CallMeasures => ({
    name,
    durationMs: 60_000,
    things: { response_latency_ms: [{ value, weight: 1, atMs: 61_250 }] },
    shares: { talk_ratio: { part: 1, whole: 2 } },
  });
  const calls = [of(callName, 2_500), of('quick', 500)];
  return { calls, judgements: judge(thresholds!, calls, calls), notes: ['a note'] };
}

test('JUnit has a case a judgement, in the shape of its schema, and counts what it has', () => {
  const run = runOf('slowest', 'slow');
  const suite = readXml(junitXml(run, 1_234));
  const { tests, failures, skipped, errors } = junitCounts(suite);
  assert.equal(tests, run.judgements.length);
  assert.equal(failures, run.judgements.filter(isFailing).length);
  assert.deepEqual([tests, failures, skipped, errors], [7, 3, 2, 0]);
  const cases = suite.children[0].children;
  assert.deepEqual(
    cases.map(({ attributes, children }) => [attributes.name, children[0]?.name ?? 'passed']),
    [
      ['slowest', 'failure'],
      ['slowest against the baseline', 'skipped'],
      ['min response_latency_ms of each call (slow)', 'failure'],
      ['min response_latency_ms of each call (quick)', 'passed'],
      ['p50 response_latency_ms', 'skipped'],
      ['mean response_latency_ms', 'failure'],
      ['talk_ratio', 'passed'],
    ],
  );
  assert.match(cases[0].children[0].text, /at most 1000 ms\nslow at 01:01\.3: 2500 ms/);
});

test('whatever checks and calls are called, JUnit stays well formed and gives the name back where XML can hold it', () => {
  const nameOf = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((text) => /\S/.test(text));
  fc.assert(
    fc.property(nameOf, nameOf, (check, call) => {
      const [first, , ofCall] = readXml(junitXml(runOf(check, call), 1)).children[0].children;
      const held = (text: string): string =>
        // eslint-disable-next-line no-control-regex
        text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');
      assert.equal(first.attributes.name, held(check));
      assert.ok(ofCall.attributes.name.includes(held(call)));
    }),
    { numRuns: 30 },
  );
});

test('a name in Markdown is no markup, and every row has its six cells', () => {
  const text = markdownReport(runOf('a|b <img> @all [x](y) `c`', 'one\n| two |'));
  assert.ok(!text.includes('<img>') && !text.includes('@all') && !text.includes('[x](y)'));
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  assert.ok(rows.length > 8);
  for (const row of rows) assert.equal([...row.matchAll(/(?<!\\)\|/g)].length, 7, row);
  assert.match(text, /^### Calls: checks failed\n\n2 passed, 2 missed, 3 not judged, of 2 calls/);
});

test('the table names outcomes in words, calls that miss, moments, and notes', () => {
  const text = terminalReport(runOf('slowest', 'slow'), { colour: 'off' });
  assert.match(text, /MISSED +slowest +2500 ms +at most 1000 ms +2 +over the limit of 1000/);
  assert.match(text, /not judged +slowest, against the baseline +2500 ms \(0 ms\) +2500 ms, at most 10 % worse/);
  assert.match(text, /MISSED +min response_latency_ms of each call +1 of 2 calls keep it/);
  assert.match(text, /MISSED + {3}slow +2500 ms/);
  assert.match(text, /slowest: slow at 01:01\.3: 2500 ms, quick/);
  assert.match(text, /2 passed, 2 missed, 3 not judged, of 2 calls\na note$/);
  // eslint-disable-next-line no-control-regex
  const bare = terminalReport(runOf('slowest', 'slow'), { colour: 'on' }).replaceAll(/\u001b\[\d+m/g, '');
  assert.equal(bare, text);
});
