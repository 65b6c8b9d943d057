/**
 * Statistics of a metric over calls. Each call may be counted any number of times, which is what resampling calls needs:
 * the values are sorted once, and each draw walks over them.
 */
import type { CallMeasures } from './callMeasures.ts';
import type { Metric } from './metrics.ts';

export const STATISTICS = [
  'count',
  'per_call',
  'per_minute',
  'sum',
  'share',
  'min',
  'max',
  'mean',
  'p50',
  'p90',
  'p95',
  'p99',
] as const;
export type Statistic = (typeof STATISTICS)[number];

/** Of things that are only counted. */
export const COUNTING: readonly Statistic[] = ['count', 'per_call', 'per_minute'];

/**
 * How many are needed unless a check says otherwise: as many as make a quantile by nearest rank another value than the
 * largest one, and so many that one of them alone does not make a mean or a share.
 */
export const N_MIN: Readonly<Record<Statistic, number>> = {
  count: 1,
  per_call: 1,
  per_minute: 1,
  sum: 1,
  share: 10,
  min: 1,
  max: 1,
  mean: 5,
  p50: 5,
  p90: 10,
  p95: 20,
  p99: 100,
};

/** Which things count: those beyond a value. */
export interface Bounds {
  readonly above: number | null;
  readonly below: number | null;
}

export const isWithin = (value: number, { above, below }: Bounds): boolean =>
  (above === null || value > above) && (below === null || value < below);

interface SampleValue {
  readonly value: number;
  readonly weight: number;
  readonly call: number;
}

export interface Sample {
  readonly metric: Metric;
  readonly calls: readonly CallMeasures[];
  /** All of them, sorted; and those within the bounds. */
  readonly values: readonly SampleValue[];
  readonly chosen: readonly SampleValue[];
}

export function sampleOf(calls: readonly CallMeasures[], metric: Metric, bounds: Bounds): Sample {
  const values = calls
    .flatMap(({ things }, call) => (things[metric.name] ?? []).map(({ value, weight }) => ({ value, weight, call })))
    .sort((a, b) => a.value - b.value);
  return { metric, calls, values, chosen: values.filter(({ value }) => isWithin(value, bounds)) };
}

/** How much there is to judge by: things for what is a figure of things, else calls. */
export function countOf({ calls, values, chosen, metric }: Sample, statistic: Statistic): number {
  if (metric.kind === 'share') {
    const shares = calls.flatMap(({ shares: all }) => all[metric.name] ?? []);
    return metric.wholeOf === 'calls' ? shares.length : shares.reduce((sum, { whole }) => sum + whole, 0);
  }
  if (COUNTING.includes(statistic) || statistic === 'sum') return calls.length;
  return statistic === 'share' ? values.length : chosen.length;
}

/** How often each call counts, by its place. */
export type Times = (call: number) => number;
export const ONCE: Times = () => 1;

/** Null where there is nothing to say it of. */
export function statisticOf(sample: Sample, statistic: Statistic, times: Times = ONCE): number | null {
  const { calls, metric, chosen } = sample;
  if (metric.kind === 'share') {
    const total = (of: 'part' | 'whole'): number =>
      calls.reduce((sum, { shares }, call) => sum + times(call) * (shares[metric.name]?.[of] ?? 0), 0);
    return ratio(total('part'), total('whole'));
  }
  switch (statistic) {
    case 'count':
      return numberOf(sample, times);
    case 'per_call':
      return ratio(
        numberOf(sample, times),
        calls.reduce((sum, _, call) => sum + times(call), 0),
      );
    case 'per_minute':
      return ratio(
        numberOf(sample, times) * 60_000,
        calls.reduce((sum, { durationMs }, call) => sum + times(call) * durationMs, 0),
      );
    case 'sum':
      return chosen.reduce((sum, { value, call }) => sum + times(call) * value, 0);
    case 'share':
      return ratio(
        numberOf(sample, times),
        sample.values.reduce((sum, { call }) => sum + times(call), 0),
      );
    case 'mean':
      return ratio(
        chosen.reduce((sum, { value, weight, call }) => sum + times(call) * weight * value, 0),
        chosen.reduce((sum, { weight, call }) => sum + times(call) * weight, 0),
      );
    case 'min':
      return chosen.find(({ call }) => times(call) > 0)?.value ?? null;
    case 'max':
      return chosen.findLast(({ call }) => times(call) > 0)?.value ?? null;
    case 'p50':
    case 'p90':
    case 'p95':
    case 'p99':
      return quantile(chosen, Number(statistic.slice(1)), times);
  }
}

const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

const numberOf = ({ chosen }: Sample, times: Times): number => chosen.reduce((sum, { call }) => sum + times(call), 0);

/** Nearest rank, as in the call's summary: a value that was measured, not one between two. */
function quantile(values: readonly SampleValue[], percent: number, times: Times): number | null {
  const total = values.reduce((sum, { call }) => sum + times(call), 0);
  const rank = Math.max(1, Math.ceil((percent * total) / 100));
  let passed = 0;
  for (const { value, call } of values) {
    passed += times(call);
    if (passed >= rank) return total === 0 ? null : value;
  }
  return null;
}
