/**
 * Departure from what is usual: the EWMA chart of statistical process control, against a baseline that forgets. Each step is one
 * whole window, so steps share no calls. While it departs the baseline stands still, for as long as its half-life at most: what
 * has lasted that long is what is usual now.
 */
import type { Sensitivity, Trend } from './rules.ts';

/** Weight of the newest step: a departure of twice the spread shows after three or four. */
const LAMBDA = 0.3;
/** Control limits in standard deviations of the EWMA. */
export const LIMITS: Readonly<Record<Sensitivity, number>> = { low: 6, medium: 4.5, high: 3.5 };
/** With fewer steps there is no baseline to speak of. */
export const STEPS_MIN = 12;

export interface TrendState {
  readonly steps: number;
  readonly ewma: number;
  readonly mean: number;
  readonly variance: number;
  readonly departingSinceMs: number | null;
}

export const NO_TREND: TrendState = { steps: 0, ewma: 0, mean: 0, variance: 0, departingSinceMs: null };

export interface TrendStep {
  readonly state: TrendState;
  /** Null: the baseline is still being learnt. */
  readonly departs: 'yes' | 'no' | null;
}

export function stepTrend(before: TrendState, value: number, nowMs: number, windowMs: number, trend: Trend): TrendStep {
  const ewma = before.steps === 0 ? value : before.ewma + LAMBDA * (value - before.ewma);
  const isLearning = before.steps < STEPS_MIN;
  const departs = !isLearning && isDeparture(ewma, before, trend);
  const departingSinceMs = departs ? (before.departingSinceMs ?? nowMs) : null;
  const standsStill = departingSinceMs !== null && nowMs - departingSinceMs < trend.baselineMs;
  const state = { ...(standsStill ? before : learnt(before, value, windowMs, trend)), ewma, departingSinceMs };
  return { state, departs: isLearning ? null : departs ? 'yes' : 'no' };
}

function isDeparture(ewma: number, { mean, variance, steps }: TrendState, trend: Trend): boolean {
  // The spread of a few steps is itself uncertain.
  const caution = 1 + 4 / steps;
  const limit = LIMITS[trend.sensitivity] * caution * Math.sqrt((variance * LAMBDA) / (2 - LAMBDA));
  const change = ewma - mean;
  const isFar = Math.abs(change) > Math.max(limit, trend.changeMin * Math.abs(mean));
  return isFar && (trend.direction === 'both' || change > 0 === (trend.direction === 'up'));
}

function learnt(before: TrendState, value: number, windowMs: number, { baselineMs }: Trend): TrendState {
  const weight = Math.max(1 - 2 ** (-windowMs / baselineMs), 1 / (before.steps + 1));
  const difference = value - before.mean;
  return {
    ...before,
    steps: before.steps + 1,
    mean: before.mean + weight * difference,
    variance: (1 - weight) * (before.variance + weight * difference ** 2),
  };
}
