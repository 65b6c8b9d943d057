/** A run as lines of a table, for the terminal and for Markdown alike: what was checked, what came out, what was allowed. */
import type { BaselineJudgement, Judgement, LimitJudgement, Outcome } from '../../core/checks/judge.ts';
import type { Run } from '../../core/checks/results.ts';
import type { Check } from '../../core/checks/thresholds.ts';
import { UNKNOWN } from '../terminal/table.ts';

export interface ReportLine {
  readonly outcome: Outcome;
  readonly check: string;
  readonly value: string;
  readonly limit: string;
  readonly n: string;
  /** Why it is missed or not judged. */
  readonly note: string;
}

/** Of a check of each call: how many calls did what, then those that did not pass. */
export function reportLines({ judgements }: Run): ReportLine[] {
  const checks = [...new Set(judgements.map(({ check }) => check))];
  return checks.flatMap((check) => {
    const ofCheck = judgements.filter((judgement) => judgement.check === check);
    const limits = ofCheck.filter((judgement) => judgement.kind === 'limit');
    const baseline = ofCheck.filter((judgement) => judgement.kind === 'baseline').map(baselineLine);
    if (check.over === 'each_call') return [eachCallLine(check, limits), ...notPassed(limits)];
    return [...limits.map((judgement) => limitLine(judgement, check.name)), ...baseline];
  });
}

const CALLS_SHOWN_MAX = 20;

function notPassed(judgements: readonly LimitJudgement[]): ReportLine[] {
  const missed = judgements.filter(({ outcome }) => outcome === 'missed');
  const shown = missed.slice(0, CALLS_SHOWN_MAX).map((judgement) => limitLine(judgement, `  ${judgement.call}`));
  if (missed.length <= CALLS_SHOWN_MAX) return shown;
  const check = `  and ${missed.length - CALLS_SHOWN_MAX} more`;
  return [...shown, { outcome: 'missed', check, value: '', limit: '', n: '', note: '' }];
}

function eachCallLine(check: Check, judgements: readonly LimitJudgement[]): ReportLine {
  const count = (wanted: Outcome): number => judgements.filter(({ outcome }) => outcome === wanted).length;
  const [missed, notJudged] = [count('missed'), count('not_judged')];
  const outcome = missed > 0 ? 'missed' : notJudged === judgements.length ? 'not_judged' : 'passed';
  const note = notJudged === 0 ? '' : `${notJudged} of ${judgements.length} calls not judged: under ${check.nMin} each`;
  const value = `${count('passed')} of ${judgements.length} calls keep it`;
  return { outcome, check: check.name, value, limit: limitText(check), n: '', note };
}

function limitLine({ check, outcome, value, n, reason }: LimitJudgement, name: string): ReportLine {
  return { outcome, check: name, value: valueText(value, check), limit: limitText(check), n: String(n), note: reason };
}

function baselineLine({ check, outcome, value, before, n, nBefore, reason, interval }: BaselineJudgement): ReportLine {
  const change = value === null || before === null ? '' : ` (${signed(value - before, check)})`;
  const between = interval && `change between ${signed(interval.low, check)} and ${signed(interval.high, check)}`;
  return {
    outcome,
    check: `${check.name}, against the baseline`,
    value: `${valueText(value, check)}${change}`,
    limit: allowedText(check, before),
    n: `${n}, before ${nBefore}`,
    note: [reason, between].filter(Boolean).join('; '),
  };
}

function allowedText(check: Check, before: number | null): string {
  const percent = check.worse === null || check.worse.percent === 0 ? [] : [`${check.worse.percent} %`];
  const absolute = check.worse === null || check.worse.absolute === 0 ? [] : [valueText(check.worse.absolute, check)];
  const allowed = [...percent, ...absolute].join(' and ');
  return `${valueText(before, check)}, ${allowed === '' ? 'and no worse' : `at most ${allowed} worse`}`;
}

export function limitText(check: Check): string {
  const { min, max } = check;
  if (min !== null && max !== null) return `${numberText(min)} to ${valueText(max, check)}`;
  return min === null ? `at most ${valueText(max, check)}` : `at least ${valueText(min, check)}`;
}

const signed = (value: number, check: Check): string => `${value > 0 ? '+' : ''}${valueText(value, check)}`;

/** Counts and shares have no unit. */
export function valueText(value: number | null, { metric, statistic }: Pick<Check, 'metric' | 'statistic'>): string {
  if (value === null) return UNKNOWN;
  const isCount = ['count', 'per_call', 'per_minute', 'share'].includes(statistic);
  return isCount || metric.unit === '' || metric.unit === 'n'
    ? numberText(value)
    : `${numberText(value)} ${metric.unit}`;
}

/** As many digits as tell something: whole where large. */
function numberText(value: number): string {
  const steps = Math.abs(value) >= 100 ? 1 : 1_000;
  return String(Math.round(value * steps) / steps);
}

/** `at 00:51.2 in CALL: 1280 ms`, for who wants to listen. */
export function momentTexts(judgement: Judgement): string[] {
  if (judgement.kind !== 'limit') return [];
  const { check, worst } = judgement;
  return worst.map(({ call, atMs, value }) => {
    const isOfCall = check.metric.kind === 'share';
    return `${call}${isOfCall ? '' : ` at ${clock(atMs)}`}${check.metric.unit === 'n' ? '' : `: ${momentValue(value, check)}`}`;
  });
}

const momentValue = (value: number, { metric }: Check): string => valueText(value, { metric, statistic: 'max' });

function clock(atMs: number): string {
  const minutes = Math.floor(atMs / 60_000);
  return `${String(minutes).padStart(2, '0')}:${((atMs % 60_000) / 1_000).toFixed(1).padStart(4, '0')}`;
}

export function countsText({ judgements, calls }: Run): string {
  const count = (wanted: Outcome): number => judgements.filter(({ outcome }) => outcome === wanted).length;
  const what = `${count('passed')} passed, ${count('missed')} missed, ${count('not_judged')} not judged`;
  return `${what}, of ${calls.length} call${calls.length === 1 ? '' : 's'}`;
}
