/**
 * How sure a difference between two runs is: calls are drawn again and again with replacement, and the difference is taken
 * anew. What belongs to one call stays together, since a slow call is slow throughout. Calls that both runs have by the same
 * name are drawn together in both, so that what makes a scenario hard does not count as a difference.
 */
import { statisticOf, type Sample, type Statistic, type Times } from './statistics.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Draw {
  readonly now: number;
  readonly before: number;
}

const DRAWS = 2_000;

/** Draws in which both runs have a value; null when that is so in less than nine of ten. */
export function drawsOf(now: Sample, before: Sample, statistic: Statistic, seed: number): readonly Draw[] | null {
  const random = randomOf(seed);
  const strata = strataOf(now, before);
  const draws: Draw[] = [];
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const timesNow = new Uint32Array(now.calls.length);
    const timesBefore = new Uint32Array(before.calls.length);
    for (const stratum of strata) {
      for (let k = 0; k < stratum.length; k += 1) {
        const drawn = stratum[Math.floor(random() * stratum.length)];
        if (drawn.now !== null) timesNow[drawn.now] += 1;
        if (drawn.before !== null) timesBefore[drawn.before] += 1;
      }
    }
    const values = [valueOf(now, statistic, timesNow), valueOf(before, statistic, timesBefore)];
    if (values[0] !== null && values[1] !== null) draws.push({ now: values[0], before: values[1] });
  }
  return draws.length >= 0.9 * DRAWS ? draws : null;
}

function valueOf(sample: Sample, statistic: Statistic, drawn: Uint32Array): number | null {
  const times: Times = (call) => drawn[call];
  return statisticOf(sample, statistic, times);
}

/** The middle `confidencePercent` of the values. */
export function intervalOf(values: readonly number[], confidencePercent: number): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const tail = (1 - confidencePercent / 100) / 2;
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { low: at(tail), high: at(1 - tail) };
}

interface Drawn {
  readonly now: number | null;
  readonly before: number | null;
}

/** Places of the calls of both runs, of those of this one only, of those of the earlier one only. */
function strataOf(now: Sample, before: Sample): readonly (readonly Drawn[])[] {
  const placeBefore = new Map(before.calls.map(({ name }, place) => [name, place]));
  const names = new Set(now.calls.map(({ name }) => name));
  const ofNow = now.calls.map(({ name }, place): Drawn => ({ now: place, before: placeBefore.get(name) ?? null }));
  const onlyBefore = before.calls.flatMap(({ name }, place): Drawn[] =>
    names.has(name) ? [] : [{ now: null, before: place }],
  );
  return [
    ofNow.filter(({ before: place }) => place !== null),
    ofNow.filter(({ before: place }) => place === null),
    onlyBefore,
  ];
}

/** Numbers from 0 up to 1, the same ones for the same seed: a counter whose bits are mixed (splitmix, 32 bits). */
export function randomOf(seed: number): () => number {
  let counter = seed >>> 0;
  return () => {
    counter = (counter + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(counter ^ (counter >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
