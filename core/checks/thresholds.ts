/** A thresholds file as checks: what is limited, over what, and how much worse than before it may be. */
import { describe } from '../units/describe.ts';
import { fieldsOf, type Fields, type FieldsContext, type Path, type Problem } from './fields.ts';
import { METRICS, type Metric } from './metrics.ts';
import { COUNTING, N_MIN, STATISTICS, type Bounds, type Statistic } from './statistics.ts';

export interface Check {
  readonly name: string;
  readonly metric: Metric;
  readonly statistic: Statistic;
  readonly bounds: Bounds;
  readonly over: 'all_calls' | 'each_call';
  readonly min: number | null;
  readonly max: number | null;
  /** With fewer, nothing is said. */
  readonly nMin: number;
  readonly ifNotJudged: 'pass' | 'fail';
  /** How much worse than the baseline; null: it is not compared. */
  readonly worse: Worsening | null;
}

/** Both together where both are given: so much of the earlier value, and so much in the metric's unit. */
export interface Worsening {
  readonly percent: number;
  readonly absolute: number;
}

/** How runs are compared. */
export interface Comparing {
  readonly judgeBy: 'interval' | 'point';
  readonly confidencePercent: number;
  /** An interval over fewer calls says little. */
  readonly callsMin: number;
  readonly seed: number;
}

export interface Thresholds {
  readonly checks: readonly Check[];
  readonly comparing: Comparing;
}

const FILE_FIELDS = ['version', 'min_n', 'if_not_judged', 'baseline', 'checks'] as const;
const BASELINE_FIELDS = ['worse_max_percent', 'judge_by', 'confidence_percent', 'calls_min', 'seed'] as const;
const CHECK_FIELDS = [
  'name',
  'metric',
  'statistic',
  'above',
  'below',
  'over',
  'min',
  'max',
  'min_n',
  'if_not_judged',
  'worse_max_percent',
  'worse_max',
] as const;

const CHECKS_MAX = 1_000;
const PASS_OR_FAIL = ['pass', 'fail'] as const;

interface Defaults {
  readonly nMin: number | null;
  readonly ifNotJudged: 'pass' | 'fail';
  readonly worsePercent: number | null;
}

/** What is wrong is in `problems`; there are checks only when nothing is. `lineOf`: where in the file a value lies. */
export function parseThresholds(
  value: unknown,
  lineOf: (path: Path) => number,
): { readonly thresholds: Thresholds | null; readonly problems: readonly Problem[] } {
  const context: FieldsContext = { problems: [], lineOf };
  const file = fieldsOf(value, [], FILE_FIELDS, context);
  if (file === null) return { thresholds: null, problems: context.problems };
  const listed = value as { readonly version?: unknown; readonly baseline?: unknown; readonly checks?: unknown };
  if (listed.version !== 1) file.problem(`version has to be 1, not ${describe(listed.version)}`, 'version');
  const baseline = file.has('baseline') ? fieldsOf(listed.baseline, ['baseline'], BASELINE_FIELDS, context) : null;
  const defaults: Defaults = {
    nMin: file.number('min_n', { from: 1, whole: 'whole' }),
    ifNotJudged: file.word('if_not_judged', PASS_OR_FAIL) ?? 'pass',
    worsePercent: baseline?.number('worse_max_percent', { from: 0 }) ?? null,
  };
  const checks = checksOf(file, listed.checks, defaults, context);
  const comparing: Comparing = {
    judgeBy: baseline?.word('judge_by', ['interval', 'point']) ?? 'interval',
    confidencePercent: baseline?.number('confidence_percent', { from: 50, to: 99.9 }) ?? 95,
    callsMin: baseline?.number('calls_min', { from: 2, whole: 'whole' }) ?? 5,
    seed: baseline?.number('seed', { from: 0, whole: 'whole' }) ?? 1,
  };
  const problems = context.problems.toSorted((a, b) => a.line - b.line);
  return { thresholds: problems.length === 0 ? { checks, comparing } : null, problems };
}

function checksOf(file: Fields, listed: unknown, defaults: Defaults, context: FieldsContext): Check[] {
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > CHECKS_MAX) {
    file.problem(`checks has to be a list of 1 to ${CHECKS_MAX} checks, not ${describe(listed)}`, 'checks');
    return [];
  }
  const names = new Set<string>();
  return listed.flatMap((value: unknown, place) => {
    const fields = fieldsOf(value, ['checks', place], CHECK_FIELDS, context);
    const check = fields === null ? null : checkOf(fields, defaults);
    if (check === null || fields === null) return [];
    if (names.has(check.name)) fields.problem(`there are two checks named "${check.name}"; give one another name`);
    names.add(check.name);
    return [check];
  });
}

function checkOf(fields: Fields, defaults: Defaults): Check | null {
  const name = fields.text('name');
  const metric = metricOf(fields);
  const given = fields.word('statistic', STATISTICS);
  const bounds: Bounds = { above: fields.number('above'), below: fields.number('below') };
  const [min, max] = [fields.number('min'), fields.number('max')];
  const nMin = fields.number('min_n', { from: 1, whole: 'whole' });
  const over = fields.word('over', ['all_calls', 'each_call']) ?? 'all_calls';
  const ifNotJudged = fields.word('if_not_judged', PASS_OR_FAIL) ?? defaults.ifNotJudged;
  const worse = [fields.number('worse_max_percent', { from: 0 }), fields.number('worse_max', { from: 0 })] as const;
  if (metric === null || (given === null && fields.has('statistic'))) return null;
  const statistic = given ?? (metric.kind === 'share' ? 'share' : null);
  if (statistic === null) {
    fields.problem(`statistic has to be said: of ${metric.name}, ${statisticsOf(metric).join(', ')}`);
    return null;
  }
  const check = {
    name: name ?? nameOf(metric, statistic, bounds, over),
    metric,
    statistic,
    bounds,
    over,
    min,
    max,
    nMin: nMin ?? defaults.nMin ?? (metric.kind === 'share' && metric.wholeOf === 'calls' ? 1 : N_MIN[statistic]),
    ifNotJudged,
    worse: worseningOf(worse, defaults.worsePercent, over, statistic),
  };
  problemsOf(check, fields);
  return check;
}

function metricOf(fields: Fields): Metric | null {
  if (!fields.has('metric')) fields.problem('metric has to be said');
  const name = fields.word('metric', [...METRICS.keys()]);
  return name === null ? null : (METRICS.get(name) ?? null);
}

const statisticsOf = (metric: Metric): readonly Statistic[] => {
  if (metric.kind === 'share') return ['share'];
  return metric.unit === 'n' ? COUNTING : STATISTICS;
};

/** The comparison that all checks are to make goes only where it makes sense; one that a check asks for has to. */
function worseningOf(
  [percent, absolute]: readonly [number | null, number | null],
  everywhere: number | null,
  over: Check['over'],
  statistic: Statistic,
): Worsening | null {
  if (percent !== null || absolute !== null) return { percent: percent ?? 0, absolute: absolute ?? 0 };
  const isComparable = over === 'all_calls' && !OF_RUNS_SIZE.includes(statistic);
  return everywhere === null || !isComparable ? null : { percent: everywhere, absolute: 0 };
}

/** They grow with the number of calls, which says nothing about the agent. */
const OF_RUNS_SIZE: readonly Statistic[] = ['count', 'sum'];

function problemsOf(check: Check, fields: Fields): void {
  const { metric, statistic, bounds, min, max, worse, over } = check;
  const fitting = statisticsOf(metric);
  if (!fitting.includes(statistic)) {
    fields.problem(`of ${metric.name} there is no ${statistic}; there is ${fitting.join(', ')}`, 'statistic');
  }
  const isBounded = bounds.above !== null || bounds.below !== null;
  if (isBounded && (metric.kind === 'share' || metric.unit === 'n')) {
    fields.problem(`${metric.name} has no values that above or below could choose from`);
  }
  if (statistic === 'share' && metric.kind === 'things' && !isBounded) {
    fields.problem('a share of things needs above or below: the share of which?');
  }
  if (min === null && max === null && worse === null && !fields.has('min') && !fields.has('max')) {
    fields.problem('a check needs min, max, worse_max_percent or worse_max');
  }
  if (min !== null && max !== null && min > max) fields.problem(`min ${min} is over max ${max}`, 'min');
  if (statistic === 'share') {
    for (const [name, limit] of Object.entries({ min, max })) {
      if (limit !== null && (limit < 0 || limit > 1)) {
        fields.problem(`${name} of a share goes from 0 to 1: 5 % is 0.05, not ${limit}`, name);
      }
    }
  }
  if (worse !== null && over === 'each_call') {
    fields.problem('each_call cannot be compared with a baseline: an interval needs several calls; use all_calls');
  }
  if (worse !== null && OF_RUNS_SIZE.includes(statistic)) {
    fields.problem(`${statistic} grows with the number of calls; compare per_call or per_minute`);
  }
}

function nameOf({ name }: Metric, statistic: Statistic, { above, below }: Bounds, over: Check['over']): string {
  return [
    ...(METRICS.get(name)?.kind === 'share' ? [] : [statistic]),
    name,
    ...(above === null ? [] : [`above ${above}`]),
    ...(below === null ? [] : [`below ${below}`]),
    ...(over === 'each_call' ? ['of each call'] : []),
  ].join(' ');
}
