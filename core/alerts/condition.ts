/** Conditions on fields: all of them have to hold. What is unknown holds for none, not even for `ne`. */
import type { FieldValues } from './toldFact.ts';

export const COMPARISONS = ['gt', 'gte', 'lt', 'lte', 'eq', 'ne'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** Of numbers; several together make a range. */
export type Threshold = Readonly<Partial<Record<Comparison, number>>>;

export type FieldCondition =
  | { readonly field: string; readonly type: 'text'; readonly in: readonly string[]; readonly isNegated: boolean }
  | { readonly field: string; readonly type: 'number'; readonly threshold: Threshold };

export type Condition = readonly FieldCondition[];

export const holds = (condition: Condition, fields: FieldValues): boolean =>
  condition.every((part) => partHolds(part, fields[part.field] ?? null));

function partHolds(part: FieldCondition, value: number | string | null): boolean {
  if (part.type === 'number') return typeof value === 'number' && within(part.threshold, value);
  return typeof value === 'string' && value !== '' && part.in.includes(value) !== part.isNegated;
}

export function within(threshold: Threshold, value: number): boolean {
  const { gt, gte, lt, lte, eq, ne } = threshold;
  return (
    (gt === undefined || value > gt) &&
    (gte === undefined || value >= gte) &&
    (lt === undefined || value < lt) &&
    (lte === undefined || value <= lte) &&
    (eq === undefined || value === eq) &&
    (ne === undefined || value !== ne)
  );
}

const SIGNS: Readonly<Record<Comparison, string>> = { gt: '>', gte: '>=', lt: '<', lte: '<=', eq: '=', ne: '!=' };

export const thresholdText = (threshold: Threshold): string =>
  COMPARISONS.filter((name) => threshold[name] !== undefined)
    .map((name) => `${SIGNS[name]} ${threshold[name]}`)
    .join(' and ');

export const conditionText = (condition: Condition): string =>
  condition
    .map((part) =>
      part.type === 'number'
        ? `${part.field} ${thresholdText(part.threshold)}`
        : `${part.field} ${part.isNegated ? 'not ' : ''}${part.in.join(' or ')}`,
    )
    .join(', ');
