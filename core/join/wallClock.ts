/**
 * The call's timeline beside wall time on Earshot's clock, by the anchors that were taken while the call ran. Between two
 * anchors the earlier one counts, so what was placed once is not moved by what is learnt later.
 */
import { SAMPLES_PER_MS } from '../units/time.ts';
import type { Anchor } from './joinInput.ts';

/** Wall times are ms since `originMs`, so that fractions survive arithmetic that Unix times would round away. */
export interface WallClock {
  /** Unix ms of sample 0 by the first anchor. */
  readonly originMs: number;
  /** Not rounded. */
  readonly samplesAt: (wallMs: number) => number;
  readonly wallAt: (sample: number) => number;
}

export function wallClock(anchors: readonly Anchor[]): WallClock {
  const sorted = [...anchors].sort((a, b) => a.sample - b.sample || a.wallMs - b.wallMs);
  const originMs = sorted[0].wallMs - sorted[0].sample / SAMPLES_PER_MS;
  const marks = sorted.map(({ sample, wallMs }) => ({ sample, wallMs: wallMs - originMs }));
  return {
    originMs,
    samplesAt(wallMs) {
      const anchor = marks[lastAtOrBefore(marks, (mark) => mark.wallMs, wallMs)];
      return anchor.sample + (wallMs - anchor.wallMs) * SAMPLES_PER_MS;
    },
    wallAt(sample) {
      const anchor = marks[lastAtOrBefore(marks, (mark) => mark.sample, sample)];
      return anchor.wallMs + (sample - anchor.sample) / SAMPLES_PER_MS;
    },
  };
}

/** Index of the last item whose key is not after `value`; the first where all are. */
function lastAtOrBefore<Item>(items: readonly Item[], keyOf: (item: Item) => number, value: number): number {
  let low = 0;
  let high = items.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (keyOf(items[middle]) <= value) low = middle;
    else high = middle;
  }
  return low;
}
