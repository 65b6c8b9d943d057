/**
 * The rule file: YAML to rules, with all mistakes at once, each with its line, what was expected, and the name that was
 * probably meant. docs/alerts.md is the reference; a test holds it against the names below.
 */
import { fieldOf, FIELDS, isAlertKind, type AlertKind, type Field } from '../../core/alerts/fields.ts';
import {
  COUNT_AGGREGATES,
  FIELD_AGGREGATES,
  NO_DATA_MODES,
  NO_RULES,
  SENSITIVITIES,
  SEVERITIES,
  type Aggregate,
  type InCallRule,
  type RuleSet,
  type Severity,
  type Trend,
  type WindowedRule,
} from '../../core/alerts/rules.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { conditionAt, thresholdOf } from './conditions.ts';
import { readMap, type MapReader } from './mapReader.ts';
import { oneOfNames } from './oneOfNames.ts';
import { readMaintenanceWindow, readSilence } from './quietTimes.ts';
import { readYaml, type Problem } from './yamlTree.ts';

export type { Problem } from './yamlTree.ts';

export interface RuleFile {
  /** What could be read; use it only when there are no problems. */
  readonly rules: RuleSet;
  readonly problems: readonly Problem[];
}

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/;
const RULES_MAX = 500;
const AT_LEAST_MAX = 100;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A window is looked at this often where nothing else is said. */
const LOOKS_A_WINDOW = 15;

export function readRuleFile(text: string): RuleFile {
  const problems: Problem[] = [];
  const tree = readYaml(text, problems);
  if (tree === null) return { rules: NO_RULES, problems };
  const file = readMap(tree, '', problems);
  if (file.integer('version', 1, 1, 0) === 0 && !file.has('version')) file.problem('version', '1');
  const defaultsMap = file.map('defaults');
  const defaults = defaultsMap === null ? BUILT_IN : readDefaults(defaultsMap);
  const rules: RuleSet = {
    inCall: file.maps('in_call').map((rule) => readInCall(rule, defaults, problems)),
    windowed: file.maps('windowed').map((rule) => readWindowed(rule, defaults, problems)),
    silences: file.maps('silences').map((one) => readSilence(one)),
    maintenanceWindows: file.maps('maintenance_windows').map((one) => readMaintenanceWindow(one)),
  };
  file.done();
  checkNames(file, rules);
  return { rules, problems: problems.toSorted((a, b) => a.line - b.line) };
}

/** Throws with all that is wrong with it. */
export function parseRules(text: string): RuleSet {
  const { rules, problems } = readRuleFile(text);
  if (problems.length === 0) return rules;
  const got = problems.map(problemText).join('\n');
  throw new InvalidInput('config_invalid', { expected: 'a rule file as docs/alerts.md describes it', got: `\n${got}` });
}

export const problemText = ({ line, path, expected, got }: Problem): string =>
  `line ${line}: ${path === '' ? 'the file' : path}: expected ${expected}; got ${got}`;

/** All names that may be written, by where: docs/alerts.md is held against them. */
export function ruleFileKeys(): Readonly<Record<string, readonly string[]>> {
  const keysOf = (read: (map: MapReader) => unknown): readonly string[] => {
    const map = readMap({ type: 'map', line: 1, entries: new Map() }, '', []);
    read(map);
    return [...map.known].sort();
  };
  return {
    defaults: keysOf(readDefaults),
    in_call: keysOf((map) => readInCall(map, BUILT_IN, [])),
    windowed: keysOf((map) => readWindowed(map, BUILT_IN, [])),
    trend: keysOf(readTrend),
    silences: keysOf(readSilence),
    maintenance_windows: keysOf(readMaintenanceWindow),
  };
}

interface Defaults {
  readonly severity: Severity;
  readonly cooldownMs: number;
  readonly keepFiringForMs: number;
}

const BUILT_IN: Defaults = { severity: 'warning', cooldownMs: 5 * MINUTE_MS, keepFiringForMs: 0 };

function readDefaults(map: MapReader): Defaults {
  const defaults = {
    severity: map.oneOf('severity', SEVERITIES, BUILT_IN.severity),
    cooldownMs: map.duration('cooldown', 0, BUILT_IN.cooldownMs),
    keepFiringForMs: map.duration('keep_firing_for', 0, BUILT_IN.keepFiringForMs),
  };
  map.done();
  return defaults;
}

function readBase(rule: MapReader, defaults: Defaults) {
  const name = rule.text('name', null);
  if (rule.has('name') && !NAME.test(name)) rule.problem('name', 'letters, digits, _ and -, beginning with a letter');
  return {
    name,
    severity: rule.oneOf('severity', SEVERITIES, defaults.severity),
    labels: rule.textMap('labels'),
    annotations: rule.textMap('annotations'),
    tenants: rule.texts('tenants'),
    forMs: rule.duration('for', 0, 0),
    keepFiringForMs: rule.duration('keep_firing_for', 0, defaults.keepFiringForMs),
    cooldownMs: rule.duration('cooldown', 0, defaults.cooldownMs),
  };
}

function readInCall(rule: MapReader, defaults: Defaults, problems: Problem[]): InCallRule {
  const base = readBase(rule, defaults);
  const kinds = Object.keys(FIELDS).filter((kind) => kind !== 'call');
  const on = kindAt(rule, kinds) as InCallRule['on'];
  const read: InCallRule = {
    ...base,
    on,
    where: conditionAt(rule, 'where', on, problems),
    atLeast: rule.integer('at_least', 1, AT_LEAST_MAX, 1),
    windowMs: rule.tree('within') !== null ? rule.duration('within', SECOND_MS, null) : null,
    provisional: rule.oneOf('provisional', ['count', 'ignore'], 'count'),
  };
  rule.done();
  return read;
}

function kindAt(rule: MapReader, kinds: readonly string[]): AlertKind {
  const told = rule.text('on', null);
  if (kinds.includes(told) && isAlertKind(told)) return told;
  if (rule.has('on')) rule.problem('on', `a kind of fact: ${oneOfNames(told, kinds)}`);
  return 'response';
}

function readWindowed(rule: MapReader, defaults: Defaults, problems: Problem[]): WindowedRule {
  const base = readBase(rule, defaults);
  const aggregate = rule.oneOf<Aggregate>('aggregate', [...FIELD_AGGREGATES, ...COUNT_AGGREGATES], null);
  const isAbsence = aggregate === 'absent';
  const on = isAbsence && !rule.has('on') ? 'call' : kindAt(rule, Object.keys(FIELDS));
  rule.tree('on');
  const windowMs = rule.duration('window', MINUTE_MS, null);
  const everyMs = rule.duration('every', SECOND_MS, Math.max(MINUTE_MS, Math.round(windowMs / LOOKS_A_WINDOW)));
  const { field, unit } = fieldAt(rule, aggregate, on);
  const trendMap = rule.map('trend');
  const thresholdTree = rule.tree('threshold');
  const at = { path: `${rule.path}.threshold`, problems };
  const read: WindowedRule = {
    ...base,
    on,
    where: conditionAt(rule, 'where', on, problems),
    among: conditionAt(rule, 'among', on, problems),
    aggregate,
    field,
    atLeast: rule.integer('at_least', 1, AT_LEAST_MAX, 1),
    windowMs,
    everyMs,
    groupBy: groupsAt(rule, on),
    threshold: thresholdTree === null ? null : thresholdOf(thresholdTree, unit, at),
    trend: trendMap === null ? null : readTrend(trendMap),
    countMin: rule.integer('min_count', 1, 1_000_000, 10),
    noData: rule.oneOf('no_data', NO_DATA_MODES, 'ok'),
    forgetAfterMs: rule.duration('forget_after', windowMs, Math.max(DAY_MS, windowMs)),
  };
  checkWindowed(rule, read);
  rule.done();
  return read;
}

function fieldAt(rule: MapReader, aggregate: Aggregate, on: AlertKind): { field: string | null; unit: 'ms' | '' } {
  const needsField = FIELD_AGGREGATES.some((name) => name === aggregate);
  const told = rule.tree('field') === null ? null : rule.text('field', null);
  if (!needsField) {
    if (told !== null) rule.problem('field', `no field: ${aggregate} counts`);
    return { field: null, unit: '' };
  }
  const field: Field | null = told === null ? null : fieldOf(on, told);
  if (field?.type === 'number') return { field: told, unit: field.unit === 'ms' ? 'ms' : '' };
  const numbers = Object.keys(FIELDS[on]).filter((name) => FIELDS[on][name].type === 'number');
  rule.problem('field', `a number of ${on}: ${oneOfNames(told ?? '', numbers)}`);
  return { field: null, unit: '' };
}

const CALL_GROUPS = ['agent_version', 'protocol', 'tap'];

function groupsAt(rule: MapReader, on: AlertKind): readonly string[] {
  const groups = rule.texts('group_by').filter((name) => name !== 'tenant');
  const texts = Object.keys(FIELDS[on]).filter((name) => FIELDS[on][name].type === 'text');
  const known = [...CALL_GROUPS, ...texts];
  for (const name of groups) {
    if (known.includes(name) || /^labels\..+/.test(name)) continue;
    rule.problem('group_by', `tenant, labels.NAME, or ${oneOfNames(name, known)}`, name);
  }
  if (groups.length > 5) rule.problem('group_by', 'at most five names', String(groups.length));
  return [...new Set(groups)];
}

function readTrend(map: MapReader): Trend {
  const trend: Trend = {
    sensitivity: map.oneOf('sensitivity', SENSITIVITIES, 'medium'),
    baselineMs: map.duration('baseline', MINUTE_MS, DAY_MS),
    direction: map.oneOf('direction', ['up', 'down', 'both'], 'up'),
    changeMin: map.number('min_change', 0, 100, 0.1),
  };
  map.done();
  return trend;
}

function checkWindowed(rule: MapReader, { aggregate, threshold, trend, windowMs, everyMs }: WindowedRule): void {
  const isAbsence = aggregate === 'absent';
  if (isAbsence && (rule.has('threshold') || rule.has('trend'))) {
    rule.problem('aggregate', 'neither threshold nor trend beside absent', 'absent');
  }
  if (!isAbsence && !rule.has('threshold') && !rule.has('trend')) rule.problem('threshold', 'a threshold or a trend');
  if (threshold !== null && trend !== null) rule.problem('trend', 'a threshold or a trend, not both');
  if (rule.has('among') && aggregate !== 'share')
    rule.problem('among', `no among: it goes with share, not ${aggregate}`);
  if (everyMs > windowMs) rule.problem('every', 'no more than the window');
  if (windowMs / everyMs > 10_000) rule.problem('every', 'at most 10000 looks a window');
  if (trend !== null && trend.baselineMs < 4 * windowMs) rule.problem('trend', 'a baseline of four windows or more');
}

function checkNames(file: MapReader, { inCall, windowed, silences, maintenanceWindows }: RuleSet): void {
  const names = [...inCall, ...windowed].map(({ name }) => name);
  for (const name of new Set(names.filter((one, i) => names.indexOf(one) !== i && one !== ''))) {
    const list = windowed.some((rule) => rule.name === name) ? 'windowed' : 'in_call';
    file.problem(list, 'a name of its own for each rule', `${name} more than once`);
  }
  if (names.length > RULES_MAX) file.problem('in_call', `at most ${RULES_MAX} rules`, String(names.length));
  const quiet = [
    ['silences', silences],
    ['maintenance_windows', maintenanceWindows],
  ] as const;
  for (const [list, ones] of quiet) {
    for (const name of ones.flatMap(({ rules }) => rules).filter((rule) => !names.includes(rule))) {
      file.problem(list, `a rule of this file: ${oneOfNames(name, names)}`, name);
    }
  }
}
