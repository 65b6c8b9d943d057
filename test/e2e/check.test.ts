/** `earshot check` as a pipeline runs it: the command in a process, its exit codes, its files; recordings and the store alike. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { wavBytes } from '../../adapters/wire/wavWriter.ts';
import { parseBaseline } from '../../core/checks/results.ts';
import { junitCounts, readXml } from '../support/junitShape.ts';

const folder = mkdtempSync(join(tmpdir(), 'earshot-check-'));
after(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(path(name), 'utf8');

function earshot(...args: string[]): { code: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot, 'dist', 'cli', 'earshot.js'), ...args],
    { cwd: packageRoot, encoding: 'utf8', env: { PATH: process.env.PATH, EARSHOT_DATA_DIR: path('store') } },
  );
  return { code: status, out: stdout, error: stderr };
}

function thresholds(name: string, ...checks: string[]): string {
  writeFileSync(path(name), `version: 1\nmin_n: 1\nchecks:\n${checks.map((check) => `  - {${check}}\n`).join('')}`);
  return path(name);
}

const DEMO = 'examples/demo-call/demo-call.wav';

test('the demo call keeps what it keeps: 0, and its figures are those of its summary', () => {
  const file = thresholds(
    'kept.yaml',
    'metric: response_latency_ms, statistic: p50, min: 1000, max: 1000, worse_max_percent: 5',
    'metric: response_latency_ms, statistic: p95, min: 1600, max: 1600',
    'metric: interruption_latency_ms, statistic: max, min: 1280, max: 1280',
    'metric: interruptions_by_caller, statistic: count, min: 3, max: 3',
    'metric: continued_share, min: 0.333, max: 0.334',
    'metric: interruptions_by_agent, statistic: count, min: 1, max: 1',
    'metric: talk_ratio, min: 0.5937, max: 0.5938',
    'metric: overlap_ms, statistic: sum, min: 5950, max: 5950',
    'metric: dead_air_ms_caller, statistic: sum, min: 4200, max: 4200',
    'metric: dead_air_ms, statistic: count, above: 5000, max: 0',
    'metric: intelligibility_agent, statistic: mean, min: 0.976, max: 0.996',
    'metric: overall_mos_agent, statistic: mean, min: 4.37, max: 4.47',
  );
  const result = earshot('check', DEMO, '--thresholds', file, '--json', path('r.json'), '--junit', path('deep/r.xml'));
  assert.equal(result.code, 0, result.out + result.error);
  assert.match(
    result.out,
    /12 passed, 0 missed, 0 not judged, of 1 call\nnot compared, since no --baseline is given: 1 of 12 checks/,
  );
  assert.deepEqual(junitCounts(readXml(read('deep/r.xml'))), { tests: 12, failures: 0, skipped: 0, errors: 0 });
  assert.equal(parseBaseline(read('r.json'), 'r.json')[0].name, 'examples/demo-call/demo-call');
});

test('a threshold missed is 1, names the call and the moment, and all reports say so', () => {
  const file = thresholds(
    'missed.yaml',
    'metric: interruption_latency_ms, statistic: max, max: 1000',
    'metric: response_latency_ms, statistic: p95, max: 2500, min_n: 20',
  );
  const args = ['--thresholds', file, '--junit', path('m.xml'), '--markdown', path('m.md'), '--json', path('m.json')];
  const result = earshot('check', 'examples/demo-call', ...args);
  assert.equal(result.code, 1, result.error);
  assert.match(result.out, /MISSED +max interruption_latency_ms +1280 ms +at most 1000 ms/);
  assert.match(result.out, /not judged +p95 response_latency_ms +1600 ms .* 5 of the 20 that are needed/);
  assert.match(result.out, /examples\/demo-call\/demo-call at 00:49\.9: 1280 ms/);
  assert.deepEqual(junitCounts(readXml(read('m.xml'))), { tests: 2, failures: 1, skipped: 1, errors: 0 });
  assert.match(read('m.md'), /### Calls: checks failed/);
  assert.equal((JSON.parse(read('m.json')) as { outcome: string }).outcome, 'failed');
});

test('compared with itself nothing is worse; with fewer calls than an interval needs that is not judged', () => {
  const file = thresholds('same.yaml', 'metric: response_latency_ms, statistic: p50, worse_max_percent: 0');
  const own = earshot('check', DEMO, '--thresholds', file, '--baseline', path('r.json'));
  assert.equal(own.code, 2);
  assert.match(own.out, /not judged .* an interval needs 5 calls in both runs/);
  writeFileSync(
    path('point.yaml'),
    readFileSync(file, 'utf8').replace('checks:', 'baseline: {judge_by: point}\nchecks:'),
  );
  assert.equal(earshot('check', DEMO, '--thresholds', path('point.yaml'), '--baseline', path('r.json')).code, 0);
});

test('what cannot be done is 2, and everything that is wrong is told', () => {
  const bad = thresholds(
    'bad.yaml',
    'metric: respons_latency_ms, statistic: p50, max: 1',
    'metric: talk_ratio, max: 2',
  );
  const mono = wavBytes({ rateHz: 8_000, channelCount: 1, encoding: 'mulaw', payload: new Uint8Array(800) });
  writeFileSync(path('mono.wav'), mono);
  const both = earshot('check', path('none.wav'), '--thresholds', bad, '--baseline', path('none.json'));
  assert.equal(both.code, 2);
  for (const said of [
    /bad\.yaml:4: .*nearest is response_latency_ms/,
    /bad\.yaml:5: .*0 to 1/,
    /none\.wav/,
    /none\.json/,
  ]) {
    assert.match(both.error, said);
  }
  const good = thresholds('good.yaml', 'metric: talk_ratio, max: 1');
  const files = earshot('check', path('mono.wav'), 'README.md', DEMO, '--thresholds', good);
  assert.equal(files.code, 2);
  assert.match(files.error, /mono\.wav: channels_unsupported/);
  assert.match(files.error, /README\.md: file_invalid/);
  for (const args of [
    [],
    [DEMO],
    ['--thresholds', good],
    [DEMO, '--call', 'x', '--thresholds', good],
    [DEMO, '--nope'],
  ]) {
    assert.equal(earshot('check', ...args).code, 2, args.join(' '));
  }
  const unjudged = thresholds('unjudged.yaml', 'metric: echo_loss_db, statistic: min, min: 20');
  const nothing = earshot('check', DEMO, '--thresholds', unjudged);
  assert.equal(nothing.code, 2);
  assert.match(nothing.error, /Nothing was judged/);
});

test('a call of the store gives the figures of its recording; ids that are not there are told', () => {
  const file = thresholds('store.yaml', 'metric: response_latency_ms, statistic: p50, max: 1000');
  const before = earshot('check', '--call', 'demo-call', '--thresholds', file);
  assert.deepEqual([before.code, /earshot migrate/.test(before.error)], [2, true]);
  assert.equal(earshot('analyze', DEMO, '--store').code, 0);
  writeFileSync(path('ids.txt'), 'demo-call\r\n\ndemo-call\n');
  const result = earshot('check', '--calls', path('ids.txt'), '--thresholds', file, '--json', path('s.json'));
  assert.equal(result.code, 0, result.error);
  const [stored] = parseBaseline(read('s.json'), 's.json');
  const [recorded] = parseBaseline(read('r.json'), 'r.json');
  assert.equal(stored.name, 'demo-call');
  assert.deepEqual(Object.keys(stored.things).sort(), Object.keys(recorded.things).sort());
  assert.deepEqual(stored.shares, recorded.shares);
  for (const [metric, things] of Object.entries(recorded.things)) {
    things.forEach(({ value, atMs }, i) => {
      const same = stored.things[metric][i];
      assert.ok(Math.abs(same.value - value) <= 1e-5 * Math.max(1, Math.abs(value)) && same.atMs === atMs, metric);
    });
  }
  const missing = earshot('check', '--call', 'nope', '--call', 'demo-call', '--call', 'neither', '--thresholds', file);
  assert.equal(missing.code, 2);
  assert.match(missing.error, /nope is not there; neither is not there/);
  assert.equal(earshot('check', '--call', 'demo-call', '--tenant', 'other', '--thresholds', file).code, 2);
});
