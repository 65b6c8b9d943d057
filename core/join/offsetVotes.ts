/** Every pair of moments votes for an offset; the bins with the most votes are worth a closer look. */
import { OFFSET_MS_MAX, surpriseMs, type Field } from './searchField.ts';

const BIN_MS = 20;
const WINDOW_BINS = 8;
/** Hypotheses that are matched one to one; the others had fewer votes. */
const HYPOTHESES_MAX = 80;

export interface Hypothesis {
  /** At the pivot. */
  readonly offsetMs: number;
  readonly driftPpm: number;
  readonly votes: number;
}

/** The bins with the most votes around each offset that is expected; with less than half of the most, none is even a rival. */
export function hypothesesOf(field: Field): Hypothesis[] {
  const { drifts, search } = field;
  const found = drifts.flatMap((driftPpm) => search.expectedMs.flatMap((centreMs) => peaks(field, driftPpm, centreMs)));
  const rank = ({ offsetMs, votes }: Hypothesis): number => votes - Math.log1p(surpriseMs(search, offsetMs) / 300) / 4;
  const mostVotes = found.reduce((most, { votes }) => Math.max(most, votes), 0);
  return found
    .filter(({ votes }) => votes >= mostVotes / 2)
    .sort((a, b) => rank(b) - rank(a) || a.offsetMs - b.offsetMs || Math.abs(a.driftPpm) - Math.abs(b.driftPpm))
    .slice(0, HYPOTHESES_MAX);
}

function peaks(field: Field, driftPpm: number, centreMs: number): Hypothesis[] {
  const bins = votesOf(field, driftPpm, centreMs);
  const sums = new Int32Array(bins.length);
  for (let index = 0, sum = 0; index < bins.length; index++) {
    sum += bins[index] - (index >= WINDOW_BINS ? bins[index - WINDOW_BINS] : 0);
    sums[index] = sum;
  }
  const found: Hypothesis[] = [];
  for (let index = 0; index < sums.length; index++) {
    const votes = sums[index];
    const around = sums.subarray(Math.max(0, index - WINDOW_BINS / 2), index + WINDOW_BINS / 2 + 1);
    if (votes === 0 || around.some((other) => other > votes)) continue;
    const offsetMs = centreMs - OFFSET_MS_MAX + (index + 1 - WINDOW_BINS / 2) * BIN_MS;
    const isPlateau = found.length > 0 && offsetMs - found[found.length - 1].offsetMs < (WINDOW_BINS / 2) * BIN_MS;
    if (!isPlateau) found.push({ offsetMs, driftPpm, votes });
  }
  return found;
}

function votesOf({ told, heard, pivotMs }: Field, driftPpm: number, centreMs: number): Int32Array {
  const bins = new Int32Array(Math.ceil((2 * OFFSET_MS_MAX) / BIN_MS) + WINDOW_BINS);
  for (const [kind, toldTimes] of told) {
    const heardTimes = (heard.get(kind) ?? []).map((time) => time + (driftPpm / 1e6) * (time - pivotMs) + centreMs);
    let from = 0;
    for (const time of toldTimes) {
      while (from < heardTimes.length && heardTimes[from] < time - OFFSET_MS_MAX) from++;
      for (let index = from; index < heardTimes.length && heardTimes[index] < time + OFFSET_MS_MAX; index++) {
        bins[Math.floor((time - heardTimes[index] + OFFSET_MS_MAX) / BIN_MS)]++;
      }
    }
  }
  return bins;
}
