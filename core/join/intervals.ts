/** How much of a stretch is covered by any of some intervals. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

export function covered(intervals: readonly Interval[], from: number, to: number): number {
  let sum = 0;
  let until = from;
  for (const { start, end } of [...intervals].sort((a, b) => a.start - b.start)) {
    const begin = Math.max(start, until);
    const stop = Math.min(end, to);
    if (stop <= begin) continue;
    sum += stop - begin;
    until = stop;
  }
  return sum;
}
