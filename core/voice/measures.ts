/** Small statistics that the measures of voice share. */

/** A difference of pitch in semitones: 12 are an octave. */
export const semitones = (hz: number, referenceHz: number): number => 12 * Math.log2(hz / referenceHz);

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export function standardDeviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** Between the nearest two values; `share` 0 is the least, 1 the greatest. NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export const medianOf = (values: readonly number[]): number => percentile(values, 0.5);
