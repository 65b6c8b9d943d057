/** The alerts: each has its runbook entry and its unit test, and speaks of metrics and labels that there are. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { packageRoot } from '../adapters/packageRoot.ts';
import { createMetrics } from '../services/telemetry/metrics.ts';
import { REGISTER, type LabelValues } from '../services/telemetry/register.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

const read = (...path: string[]): string => readFileSync(join(packageRoot, ...path), 'utf8');
const RULES_PATH = join('deploy', 'prometheus', 'earshot.rules.yaml');
const TESTS_PATH = join('deploy', 'prometheus', 'earshot.rules.test.yaml');
const rules = (parse(read(RULES_PATH)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const runbook = read('docs', 'runbook.md');

/** What a scrape shows of each metric, with its labels; those of Node itself have none that we rely on. */
const shown = new Map<string, Readonly<Record<string, LabelValues>>>(
  Object.values(REGISTER).flatMap(({ kind, name, labels }) =>
    kind === 'histogram'
      ? [
          [`${name}_bucket`, { ...labels, le: null }] as const,
          [`${name}_sum`, labels] as const,
          [`${name}_count`, labels] as const,
        ]
      : [[name, labels] as const],
  ),
);
for (const { name } of createMetrics().registry.getMetricsAsArray()) if (!shown.has(name)) shown.set(name, {});
// These prom-client makes only while it collects; Prometheus makes `up` itself.
for (const name of ['up', 'nodejs_gc_duration_seconds']) shown.set(name, {});

const METRIC = /\b((?:earshot|process|nodejs)_[a-z0-9_]+|up(?=\{))(?:\{([^}]*)\})?/g;
/** Given by Prometheus to every series. */
const TARGET_LABELS = ['job', 'instance'];

function problemsOf(text: string): string[] {
  return [...text.matchAll(METRIC)].flatMap(([, name, matchers]) => {
    const labels = shown.get(name);
    if (labels === undefined) return [`there is no metric ${name}`];
    return [...(matchers ?? '').matchAll(/([a-z_]+)(=~|!~|!=|=)"([^"]*)"/g)].flatMap(([, label, operator, value]) => {
      if (TARGET_LABELS.includes(label)) return [];
      if (!(label in labels)) return [`${name} has no label ${label}`];
      const wanted = operator.includes('~') ? value.split('|') : [value];
      const known = labels[label];
      return wanted.flatMap((each) =>
        known === null || known.includes(each) ? [] : [`${label} of ${name} is never ${each}`],
      );
    });
  });
}

test('expressions speak of metrics, labels and values that there are', () => {
  assert.deepEqual(
    rules.flatMap(({ alert, expr }) => problemsOf(expr).map((problem) => `${alert}: ${problem}`)),
    [],
  );
});

/** What stands between backticks; a name without its ending stands for the whole histogram. */
const codeIn = (file: string): string[] =>
  [...read('docs', file).matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(([, code]) => code.replaceAll('\n', ' '));
const isHistogram = (code: string): boolean =>
  Object.values(REGISTER).some(({ kind, name }) => kind === 'histogram' && name === code);

test('so do the documents', () => {
  for (const file of ['runbook.md', 'operations.md', 'metrics.md']) {
    const code = codeIn(file).filter((each) => !isHistogram(each));
    assert.deepEqual(code.flatMap(problemsOf), [], file);
  }
});

test('that check bites', () => {
  assert.deepEqual(problemsOf('rate(earshot_gone_total[5m]) > earshot_errors_total{code="gone"}'), [
    'there is no metric earshot_gone_total',
    'code of earshot_errors_total is never gone',
  ]);
  assert.deepEqual(problemsOf('earshot_facts_total{reason=~"a|b"}'), ['earshot_facts_total has no label reason']);
});

const PARTS = ['Means', 'Harmed', 'Look', 'Do', 'Do not'];

test('every alert has its entry in the runbook, whole, and no other has', () => {
  const entries = runbook.split(/^## /m).slice(1);
  const names = entries.map((entry) => entry.slice(0, entry.indexOf('\n')));
  const alerts = rules.map(({ alert }) => alert);
  assert.deepEqual(names.filter((name) => name.startsWith('Earshot')).toSorted(), alerts.toSorted());
  for (const entry of entries.filter((text) => text.startsWith('Earshot'))) {
    const parts = [...entry.matchAll(/^\*\*(.+?)\.\*\* \S/gm)].map(([, part]) => part);
    assert.deepEqual(parts, PARTS, entry.slice(0, entry.indexOf('\n')));
  }
});

test('every alert says how bad it is, what is the matter and where to read on', () => {
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity, /^(critical|warning)$/, alert);
    assert.ok(annotations.summary.length > 10, alert);
    assert.equal(annotations.runbook, `docs/runbook.md#${alert.toLowerCase()}`);
  }
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
});

test('every alert has a unit test in which it alone fires', () => {
  const tests = (
    parse(read(TESTS_PATH)) as { tests: { name: string; promql_expr_test: { exp_samples: object[] }[] }[] }
  ).tests;
  const fired = tests.flatMap(({ promql_expr_test: [first] }) =>
    first.exp_samples.map((sample) => /alertname="(\w+)"/.exec(JSON.stringify(sample).replaceAll('\\', ''))?.[1]),
  );
  assert.deepEqual(fired.toSorted(), rules.map(({ alert }) => alert).toSorted());
});

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

const promtoolSays = (...command: string[]): void => {
  const { status, stdout, stderr } = spawnSync('promtool', command, { cwd: packageRoot });
  assert.equal(status, 0, `${stdout.toString()}${stderr.toString()}`);
};

test('promtool takes the rules, and their unit tests pass', { skip: hasPromtool ? false : 'no promtool' }, () => {
  promtoolSays('check', 'rules', '--lint=all', '--lint-fatal', RULES_PATH);
  promtoolSays('test', 'rules', TESTS_PATH);
});

test('promtool takes what the documents ask', { skip: hasPromtool ? false : 'no promtool' }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-promql-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const asked = [...codeIn('runbook.md'), ...codeIn('metrics.md')].filter(
    (code) => [...code.matchAll(METRIC)].length > 0 && !isHistogram(code),
  );
  assert.ok(asked.length > 50);
  const recorded = asked.map((expr, i) => ({ record: `asked:${i}`, expr }));
  const path = join(folder, 'asked.yaml');
  writeFileSync(path, JSON.stringify({ groups: [{ name: 'asked', rules: recorded }] }));
  promtoolSays('check', 'rules', path);
});
