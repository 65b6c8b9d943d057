/**
 * The calls of one group within a window, in bounded memory. Where there are too many, calls are kept by the hash of their id:
 * a fair sample, the same in a replay. What is counted is then scaled; shares and percentiles need no scaling.
 */
import type { Contribution } from './contributions.ts';
import { PERCENTILES, type WindowedRule } from './rules.ts';

/** Calls and values kept of a group. */
export const KEPT_MAX = 10_000;

export interface CallGroup {
  readonly calls: Map<string, Contribution>;
  /** Share of the calls that is kept. */
  keptShare: number;
  kept: number;
}

export const emptyGroup = (): CallGroup => ({ calls: new Map(), keptShare: 1, kept: 0 });

const weightOf = ({ values }: Contribution): number => 1 + values.length;

export function addCall(group: CallGroup, callId: string, contribution: Contribution): void {
  if (shareOf(callId) >= group.keptShare) return;
  removeCall(group, callId);
  group.calls.set(callId, contribution);
  group.kept += weightOf(contribution);
  while (group.kept > KEPT_MAX && group.calls.size > 1) {
    group.keptShare /= 2;
    for (const id of group.calls.keys()) if (shareOf(id) >= group.keptShare) removeCall(group, id);
  }
}

export function removeCall(group: CallGroup, callId: string): void {
  const before = group.calls.get(callId);
  if (before === undefined) return;
  group.calls.delete(callId);
  group.kept -= weightOf(before);
}

export function dropBefore(group: CallGroup, atMs: number): void {
  for (const [callId, { endedAtMs }] of group.calls) if (endedAtMs <= atMs) removeCall(group, callId);
  if (group.calls.size === 0) group.keptShare = 1;
}

export interface Aggregated {
  /** Null: nothing to compute it of. */
  readonly value: number | null;
  /** Over how many: values, facts or calls, whatever the aggregate is of. */
  readonly count: number;
}

/** Of the calls that ended up to `untilMs`. */
export function aggregated(rule: WindowedRule, group: CallGroup, untilMs: number): Aggregated {
  const calls = [...group.calls.values()].filter(({ endedAtMs }) => endedAtMs <= untilMs);
  const total = (of: (call: Contribution) => number): number => calls.reduce((sum, call) => sum + of(call), 0);
  const scaled = (value: number): number => Math.round(value / group.keptShare);
  const matchedCalls = (): number => total(({ matched }) => (matched >= rule.atLeast ? 1 : 0));
  const over = (value: number, count: number): Aggregated => ({ value: count === 0 ? null : value / count, count });
  const matched = total((call) => call.matched);
  switch (rule.aggregate) {
    case 'count':
      return { value: scaled(matched), count: scaled(calls.length) };
    case 'calls':
      return { value: scaled(matchedCalls()), count: scaled(calls.length) };
    case 'share':
      return over(
        matched,
        total(({ among }) => among),
      );
    case 'per_call':
      return over(matched, calls.length);
    case 'calls_share':
      return over(matchedCalls(), calls.length);
    case 'absent':
      return { value: scaled(calls.length), count: scaled(calls.length) };
    case 'mean':
    case 'min':
    case 'max':
    case 'p50':
    case 'p75':
    case 'p90':
    case 'p95':
    case 'p99':
      return ofValues(
        rule.aggregate,
        calls.flatMap(({ values }) => values),
      );
  }
}

function ofValues(aggregate: 'mean' | 'min' | 'max' | keyof typeof PERCENTILES, values: readonly number[]): Aggregated {
  const count = values.length;
  if (count === 0) return { value: null, count };
  // Sorted first, so that a sum does not depend on the order in which calls came.
  const sorted = values.toSorted((a, b) => a - b);
  if (aggregate === 'mean') return { value: sorted.reduce((sum, value) => sum + value, 0) / count, count };
  if (aggregate === 'min') return { value: sorted[0], count };
  if (aggregate === 'max') return { value: sorted[count - 1], count };
  // Nearest rank: a value that was measured, not one between two.
  return { value: sorted[Math.max(0, Math.ceil(PERCENTILES[aggregate] * count) - 1)], count };
}

/** The calls that show it best, to look at: those with the most, or with the least where too little is what is wrong. */
export function tellingCalls(group: CallGroup, untilMs: number, wrong: 'high' | 'low', countMax: number): string[] {
  const sign = wrong === 'high' ? -1 : 1;
  const sizeOf = ({ values, matched }: Contribution): number =>
    values.reduce(wrong === 'high' ? (a, b) => Math.max(a, b) : (a, b) => Math.min(a, b), values.at(0) ?? matched);
  return [...group.calls]
    .filter(([, call]) => call.endedAtMs <= untilMs && call.matched > 0)
    .map(([id, call]) => ({ id, size: sizeOf(call) }))
    .sort((a, b) => sign * (a.size - b.size) || (a.id < b.id ? -1 : 1))
    .slice(0, countMax)
    .map(({ id }) => id);
}

/** 0 <= share < 1, even over ids: FNV-1a, then mixed, since ids that differ in their last letter only lie close together. */
function shareOf(callId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < callId.length; i += 1) hash = Math.imul(hash ^ callId.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
