/** Checks against the calls of a run, and against an earlier run: passed, missed, or not judged and why. */
import { drawsOf, intervalOf, type Interval } from './bootstrap.ts';
import type { CallMeasures } from './callMeasures.ts';
import type { Better } from './metrics.ts';
import { COUNTING, countOf, isWithin, sampleOf, statisticOf, type Sample, type Statistic } from './statistics.ts';
import type { Check, Comparing, Thresholds, Worsening } from './thresholds.ts';

export type Outcome = 'passed' | 'missed' | 'not_judged';

interface Judged {
  readonly check: Check;
  readonly outcome: Outcome;
  /** Why it is missed or not judged. */
  readonly reason: string;
  readonly n: number;
  readonly value: number | null;
}

/** `call`: the one that it is of; empty: all. */
export interface LimitJudgement extends Judged {
  readonly kind: 'limit';
  readonly call: string;
  /** What made it so, where it is missed: the most extreme first. */
  readonly worst: readonly Moment[];
}

export interface BaselineJudgement extends Judged {
  readonly kind: 'baseline';
  readonly call: '';
  readonly nBefore: number;
  readonly before: number | null;
  /** Of the difference now - before; null where too little is known for one. */
  readonly interval: Interval | null;
}

export type Judgement = LimitJudgement | BaselineJudgement;

export interface Moment {
  readonly call: string;
  readonly atMs: number;
  readonly value: number;
}

/** `baseline`: the calls of the earlier run; null: nothing is compared. */
export function judge(
  { checks, comparing }: Thresholds,
  calls: readonly CallMeasures[],
  baseline: readonly CallMeasures[] | null,
): Judgement[] {
  return checks.flatMap((check): Judgement[] => {
    const groups = check.over === 'all_calls' ? [calls] : calls.map((call) => [call]);
    const isLimited = check.min !== null || check.max !== null;
    const limits = isLimited ? groups.map((group) => judgeLimit(check, group)) : [];
    const isCompared = check.worse !== null && baseline !== null;
    return isCompared ? [...limits, judgeBaseline(check, check.worse, comparing, calls, baseline)] : limits;
  });
}

/** What makes a run fail. */
export const isFailing = ({ outcome, check }: Judgement): boolean =>
  outcome === 'missed' || (outcome === 'not_judged' && check.ifNotJudged === 'fail');

const WORST_MAX = 3;

function judgeLimit(check: Check, calls: readonly CallMeasures[]): LimitJudgement {
  const { metric, statistic, bounds, min, max, nMin } = check;
  const sample = sampleOf(calls, metric, bounds);
  const n = countOf(sample, statistic);
  const value = statisticOf(sample, statistic);
  const about = { kind: 'limit', check, call: check.over === 'each_call' ? calls[0].name : '', n, value } as const;
  if (n < nMin || value === null) {
    return { ...about, outcome: 'not_judged', reason: tooFew(n, nMin), worst: [] };
  }
  const isOver = max !== null && value > max;
  const isUnder = min !== null && value < min;
  if (!isOver && !isUnder) return { ...about, outcome: 'passed', reason: '', worst: [] };
  const reason = isOver ? `over the limit of ${max}` : `under the limit of ${min}`;
  return { ...about, outcome: 'missed', reason, worst: worstOf(check, calls, isOver ? 'largest' : 'smallest') };
}

const tooFew = (n: number, nMin: number): string =>
  n < nMin ? `${n} of the ${nMin} that are needed` : 'nothing to say it of';

/** The things or calls that lie furthest on the wrong side. */
function worstOf({ metric, bounds }: Check, calls: readonly CallMeasures[], end: 'largest' | 'smallest'): Moment[] {
  const moments = calls.flatMap(({ name, things, shares }): Moment[] => {
    if (metric.kind === 'share') {
      const share = shares[metric.name];
      return share === undefined ? [] : [{ call: name, atMs: 0, value: share.part / share.whole }];
    }
    return (things[metric.name] ?? [])
      .filter(({ value }) => isWithin(value, bounds))
      .map(({ value, atMs }) => ({ call: name, atMs, value }));
  });
  const sign = end === 'largest' ? -1 : 1;
  return moments.sort((a, b) => sign * (a.value - b.value)).slice(0, WORST_MAX);
}

/** Signs of a difference by which it is for the worse. */
const WORSE_SIGNS: Readonly<Record<Better, readonly (1 | -1)[]>> = { lower: [1], higher: [-1], neither: [1, -1] };

/** A number of things is better low where they are faults, or lie on the bad side of a bound. */
function betterOf({ metric, statistic, bounds }: Check): Better {
  if (metric.kind === 'share' || metric.unit === 'n' || !NUMBERS.includes(statistic)) return metric.better;
  if (metric.each === 'fault') return 'lower';
  const isOneSided = (bounds.above === null) !== (bounds.below === null);
  if (!isOneSided || metric.better === 'neither') return 'neither';
  const isBadSide = (metric.better === 'lower') === (bounds.above !== null);
  return isBadSide ? 'lower' : 'higher';
}

const NUMBERS: readonly Statistic[] = [...COUNTING, 'share'];

function judgeBaseline(
  check: Check,
  worse: Worsening,
  comparing: Comparing,
  calls: readonly CallMeasures[],
  earlier: readonly CallMeasures[],
): BaselineJudgement {
  const { metric, statistic, bounds, nMin } = check;
  const samples = [calls, earlier].map((some) => sampleOf(some, metric, bounds)) as [Sample, Sample];
  const [n, nBefore] = samples.map((sample) => countOf(sample, statistic));
  const [value, before] = samples.map((sample) => statisticOf(sample, statistic));
  const about = { kind: 'baseline', check, call: '', n, value, nBefore, before } as const;
  const notJudged = (reason: string, interval: Interval | null = null): BaselineJudgement => ({
    ...about,
    outcome: 'not_judged',
    reason,
    interval,
  });
  if (n < nMin || value === null) return notJudged(tooFew(n, nMin));
  if (nBefore < nMin || before === null) return notJudged(`in the baseline ${tooFew(nBefore, nMin)}`);
  const signs = WORSE_SIGNS[betterOf(check)];
  const excess = (sign: 1 | -1, draw: { now: number; before: number }): number =>
    sign * (draw.now - draw.before) - worse.absolute - (worse.percent / 100) * Math.abs(draw.before);
  const beyond = signs.filter((sign) => excess(sign, { now: value, before }) > 0);
  const isEnough = Math.min(calls.length, earlier.length) >= comparing.callsMin;
  const draws = isEnough ? drawsOf(samples[0], samples[1], statistic, comparing.seed) : null;
  const interval =
    draws &&
    intervalOf(
      draws.map((draw) => draw.now - draw.before),
      comparing.confidencePercent,
    );
  if (comparing.judgeBy === 'interval' && draws === null) {
    return notJudged(
      isEnough ? 'too many draws without a value' : `an interval needs ${comparing.callsMin} calls in both runs`,
    );
  }
  if (beyond.length === 0) return { ...about, outcome: 'passed', reason: '', interval };
  const isSure =
    comparing.judgeBy === 'point' ||
    beyond.some((sign) => {
      const excesses = (draws ?? []).map((draw) => excess(sign, draw));
      return intervalOf(excesses, comparing.confidencePercent).low > 0;
    });
  return isSure
    ? { ...about, outcome: 'missed', reason: 'worse than the baseline by more than is allowed', interval }
    : notJudged('worse than is allowed, and it may be chance', interval);
}
