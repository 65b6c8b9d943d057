/** A mean that goes on as values come, each with its weight; and numbers rounded to what they can be trusted for. */
export interface WeightedMean {
  sum: number;
  weight: number;
}

export const noMean = (): WeightedMean => ({ sum: 0, weight: 0 });

/** What is unknown adds nothing. */
export function addTo(mean: WeightedMean, value: number | null, weight: number): void {
  if (value === null) return;
  mean.sum += value * weight;
  mean.weight += weight;
}

/** Null when nothing was added. */
export const meanOf = ({ sum, weight }: WeightedMean): number | null => (weight === 0 ? null : sum / weight);

/** To steps of 1 / `steps`; null stays null. */
export const rounded = (value: number | null, steps: number): number | null =>
  value === null ? null : Math.round(value * steps) / steps;
