/** The register holds to Prometheus' conventions, docs/metrics.md says what it says, and a scrape shows it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { createMetrics, type ReadGauge } from './metrics.ts';
import { REGISTER, type LabelValues, type Spec } from './register.ts';

type AnySpec = Spec<'counter' | 'gauge' | 'histogram', string>;
const SPECS: readonly AnySpec[] = Object.values(REGISTER);

const UNITS = 'seconds|bytes|rows|calls|entries|sockets|partitions|limit|healthy';
const NOT_BASE = /(?:^|_)(milliseconds|ms|minutes|hours|kilobytes|megabytes|mb|kb|percent|samples)(?:_|$)/;

function problemsOf({ kind, name, help, labels, buckets }: AnySpec): string[] {
  const problems: string[] = [];
  if (!/^earshot_[a-z]+(_[a-z]+)+$/.test(name)) problems.push('no plain name');
  if (NOT_BASE.test(name)) problems.push('no base unit');
  if ((kind === 'counter') !== name.endsWith('_total')) problems.push('_total is for counters and for all of them');
  if (/_(count|sum|bucket|info)$/.test(name)) problems.push('an ending that Prometheus makes itself');
  if (new RegExp(`_(counter|gauge|histogram|${kind})(_|$)`).test(name)) problems.push('its kind in its name');
  if (kind !== 'counter' && !new RegExp(`_(${UNITS})$`).test(name)) problems.push('no unit at its end');
  if (help === '' || help.endsWith('.')) problems.push('a help text is a phrase');
  if (/(^|_)(id|tenant|call|trace)(_|$)/.test(Object.keys(labels).join('_'))) problems.push('a label without bound');
  if (Object.keys(labels).length > 1) problems.push('more than one label');
  if (buckets.some((bound, i) => i > 0 && bound <= buckets[i - 1])) problems.push('buckets out of order');
  return problems;
}

test('names, units, labels and help texts follow the conventions of Prometheus', () => {
  assert.deepEqual(
    SPECS.flatMap((spec) => problemsOf(spec).map((problem) => `${spec.name}: ${problem}`)),
    [],
  );
  assert.equal(new Set(SPECS.map(({ name }) => name)).size, SPECS.length);
});

test('those checks bite', () => {
  const spec: AnySpec = { kind: 'gauge', name: 'earshot_wait_seconds', help: 'Wait', labels: {}, buckets: [] };
  const problemWith = (changes: Partial<AnySpec>): string => problemsOf({ ...spec, ...changes }).join('; ');
  assert.equal(problemWith({}), '');
  assert.match(problemWith({ name: 'earshot_wait_ms' }), /no base unit/);
  assert.match(problemWith({ kind: 'counter' }), /_total is for counters/);
  assert.match(problemWith({ name: 'earshot_wait_total' }), /_total is for counters/);
  assert.match(problemWith({ name: 'earshot_wait' }), /no unit/);
  assert.match(problemWith({ labels: { call_id: null } }), /without bound/);
});

const rowOf = ({ name, kind, labels, help }: AnySpec): string => {
  const values = (known: LabelValues): string => (known === null ? '' : `: ${known.join(', ')}`);
  const label = Object.entries(labels).map(([label, known]) => `\`${label}\`${values(known)}`);
  return `| \`${name}\` | ${kind} | ${help} | ${label.join()} |`;
};

test('docs/metrics.md tells of every metric, and of no other', () => {
  const text = readFileSync(join(packageRoot, 'docs', 'metrics.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `earshot_'));
  assert.deepEqual(rows.toSorted(), SPECS.map(rowOf).toSorted());
});

test('a scrape shows known labels at 0, gauges once they are read, and the process under its usual names', async () => {
  const metrics = createMetrics();
  metrics.pendingRows.read(() => 7);
  const text = await metrics.registry.metrics();
  assert.match(text, /^earshot_errors_total\{code="state_unreadable"\} 0$/m);
  assert.match(text, /^earshot_bus_dead_letters_total\{topic="log"\} 0$/m);
  assert.match(text, /^earshot_store_insert_duration_seconds_count\{table="facts"\} 0$/m);
  assert.match(text, /^earshot_store_pending_rows 7$/m);
  assert.doesNotMatch(text, /earshot_bus_uncommitted_bytes/);
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
  const valueOf = (name: string): number => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
  assert.ok(Math.abs(valueOf('earshot_clock_seconds') - Date.now() / 1_000) < 60);
  assert.ok(valueOf('earshot_memory_limit_bytes') > valueOf('process_resident_memory_bytes'));
});

const promtool = spawnSync('promtool', ['--version']).error === undefined;

test('promtool finds nothing to object to', { skip: promtool ? false : 'no promtool' }, async () => {
  const metrics = createMetrics();
  for (const [field, spec] of Object.entries(REGISTER)) {
    if (spec.kind === 'gauge' && !['clockSeconds', 'memoryLimitBytes'].includes(field)) {
      (metrics[field as keyof typeof REGISTER] as ReadGauge).read(() => 1);
    }
  }
  const ours = await Promise.all(
    metrics.registry
      .getMetricsAsArray()
      .filter(({ name }) => name.startsWith('earshot_'))
      .map(({ name }) => metrics.registry.getSingleMetricAsString(name)),
  );
  assert.equal(ours.length, SPECS.length);
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: `${ours.join('\n')}\n` });
  assert.equal(status, 0, `${stdout.toString()}${stderr.toString()}`);
});
