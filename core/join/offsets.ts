/**
 * How far one clock is off another, from moments that both tell without saying which belongs to which. Every pair of moments
 * votes for an offset, for each of a few drifts; the best bins are matched one to one, refitted, and judged by how likely
 * chance would give as many matches somewhere in the range that was searched (an a-contrario test, after Desolneux, Moisan
 * and Morel 2000). Offsets far from what is expected are searched among more others, so they need more evidence.
 */
export const MOMENT_KINDS = ['agent_start', 'agent_stop', 'caller_start', 'caller_stop'] as const;
export type MomentKind = (typeof MOMENT_KINDS)[number];

/** ms since the call's start, on the clock of who tells. */
export interface Moment {
  readonly kind: MomentKind;
  readonly atMs: number;
}

export interface Search {
  readonly told: readonly Moment[];
  readonly heard: readonly Moment[];
  /** Offsets that would be no surprise; the first is the one to be assumed without evidence. */
  readonly expectedMs: readonly number[];
  /** The told clock cannot be less ahead than this: things would have been known before they happened. */
  readonly offsetMsMin: number;
}

/** told = heard + offsetMs + driftPpm / 1e6 x heard. */
export interface Fit {
  readonly offsetMs: number;
  readonly driftPpm: number;
  readonly pairCount: number;
  readonly toldCount: number;
  readonly spreadMs: number;
  /** Natural logarithm of how many fits as good chance would give. */
  readonly logChance: number;
}

export type Verdict =
  | { readonly basis: 'estimated'; readonly fit: Fit }
  /** Too little evidence for any, or as much for another. */
  | { readonly basis: 'ambiguous' | 'unknown' };

/** How far from what is expected offsets are searched. */
export const OFFSET_MS_MAX = 10_000;
const DRIFT_PPM_MAX = 300;
/** Drift of computers' clocks that would be no surprise; it keeps few pairs from telling a drift that is only jitter. */
const DRIFT_PPM_USUAL = 150;
const BIN_MS = 20;
const WINDOW_BINS = 8;
const TOLERANCES_MS = [40, 80, 150] as const;
/** Hypotheses that are matched one to one; the others had fewer votes. */
const HYPOTHESES_MAX = 80;
const PAIRS_MIN = 2;
/** One fit in a thousand by chance. */
const LOG_CHANCE_MAX = Math.log(1e-3);
/** Offsets that are this far apart are clearly different. */
const OTHER_MS = 300;
/** Another offset that explains this share of the pairs leaves it open which is right. */
const OTHER_SHARE = 0.75;
/** Clocks are kept by NTP nearly everywhere: within this, an expected offset wins unless another explains more. */
const EXPECTED_MS = 300;
/** The same moment told twice, by an event and a span. */
const SAME_MS = 30;

interface Hypothesis {
  /** At the pivot. */
  readonly offsetMs: number;
  readonly driftPpm: number;
  readonly votes: number;
}

interface Pair {
  readonly toldMs: number;
  readonly heardMs: number;
}

/** Moments of one kind, in the order of time. */
type ByKind = ReadonlyMap<MomentKind, readonly number[]>;

interface Field {
  readonly told: ByKind;
  readonly heard: ByKind;
  readonly toldCount: number;
  /** Drift is counted from here while searching, so that it does not move the offset. */
  readonly pivotMs: number;
  readonly spanMs: number;
  readonly drifts: readonly number[];
  readonly search: Search;
}

export function findOffset(search: Search): Verdict {
  const field = fieldOf(search);
  if (field.toldCount < PAIRS_MIN) return { basis: 'unknown' };
  const fits = hypothesesOf(field)
    .map((hypothesis) => fitted(field, hypothesis))
    .filter((fit): fit is Fit => fit !== null && aheadMost(field, fit) >= search.offsetMsMin)
    .sort(betterFirst(search));
  if (fits.length === 0 || fits[0].logChance > LOG_CHANCE_MAX) return { basis: 'unknown' };
  const [best] = fits;
  return fits.some((fit) => rivals(field, best, fit)) ? { basis: 'ambiguous' } : { basis: 'estimated', fit: best };
}

/** A clock that drifts is most ahead at one end of the call. */
const aheadMost = ({ pivotMs }: Field, { offsetMs, driftPpm }: Fit): number =>
  Math.max(offsetMs, offsetMs + (driftPpm / 1e6) * 2 * pivotMs);

const surpriseMs = (search: Search, offsetMs: number): number =>
  Math.min(...search.expectedMs.map((expected) => Math.abs(offsetMs - expected)));

const betterFirst =
  (search: Search) =>
  (a: Fit, b: Fit): number =>
    a.logChance - b.logChance ||
    surpriseMs(search, a.offsetMs) - surpriseMs(search, b.offsetMs) ||
    a.offsetMs - b.offsetMs ||
    a.driftPpm - b.driftPpm;

function rivals({ pivotMs, search }: Field, best: Fit, other: Fit): boolean {
  const at = ({ offsetMs, driftPpm }: Fit): number => offsetMs + (driftPpm / 1e6) * pivotMs;
  if (Math.abs(at(best) - at(other)) <= OTHER_MS) return false;
  const isExpected = surpriseMs(search, at(best)) <= EXPECTED_MS;
  return isExpected ? other.pairCount > best.pairCount : other.pairCount >= OTHER_SHARE * best.pairCount;
}

function fieldOf(search: Search): Field {
  const told = byKind(search.told, SAME_MS);
  const times = [...told.values()].flat();
  const heard = byKind(search.heard, 0);
  const heardTimes = [...heard.values()].flat();
  const toldSpanMs = spanOf(times);
  return {
    told,
    heard,
    toldCount: times.length,
    pivotMs: heardTimes.length === 0 ? 0 : (Math.min(...heardTimes) + Math.max(...heardTimes)) / 2,
    spanMs: Math.max(spanOf(heardTimes), 1_000),
    drifts: driftsFor(times.length, toldSpanMs),
    search,
  };
}

const spanOf = (times: readonly number[]): number => (times.length === 0 ? 0 : Math.max(...times) - Math.min(...times));

/** So close that the nearest one is off by a quarter of the window at most at either end of the call. */
function driftsFor(count: number, spanMs: number): number[] {
  const stepPpm = (100 / spanMs) * 1e6;
  if (count < 5 || stepPpm > 2 * DRIFT_PPM_MAX) return [0];
  const steps = Math.ceil(DRIFT_PPM_MAX / stepPpm);
  return Array.from({ length: 2 * steps + 1 }, (_, index) => (index - steps) * stepPpm);
}

function byKind(moments: readonly Moment[], sameMs: number): ByKind {
  const kinds = MOMENT_KINDS.map((kind): [MomentKind, number[]] => {
    const times = moments.filter((moment) => moment.kind === kind).map(({ atMs }) => atMs);
    times.sort((a, b) => a - b);
    return [kind, times.filter((time, index) => index === 0 || time - times[index - 1] > sameMs)];
  });
  return new Map(kinds.filter(([, times]) => times.length > 0));
}

/** The bins with the most votes around each offset that is expected. */
function hypothesesOf(field: Field): Hypothesis[] {
  const { drifts, search } = field;
  const found = drifts.flatMap((driftPpm) => search.expectedMs.flatMap((centreMs) => peaks(field, driftPpm, centreMs)));
  const rank = ({ offsetMs, votes }: Hypothesis): number => votes - Math.log1p(surpriseMs(search, offsetMs) / 300) / 4;
  return found
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

/** The hypothesis made better by what it matches, at the tolerance that makes it least likely to be chance. */
function fitted(field: Field, hypothesis: Hypothesis): Fit | null {
  let line = { offsetMs: hypothesis.offsetMs, driftPpm: hypothesis.driftPpm };
  let best: Fit | null = null;
  for (const toleranceMs of [...TOLERANCES_MS].reverse()) {
    line = refitted(field, match(field, line, toleranceMs), line);
    const pairs = match(field, line, toleranceMs);
    if (pairs.length < PAIRS_MIN) continue;
    const refined = refitted(field, pairs, line);
    const logChance = logChanceOf(field, refined.offsetMs, pairs.length, toleranceMs);
    if (best === null || logChance < best.logChance) best = fitOf(field, refined, pairs, logChance);
  }
  return best;
}

interface Line {
  readonly offsetMs: number;
  readonly driftPpm: number;
}

function fitOf(field: Field, line: Line, pairs: readonly Pair[], logChance: number): Fit {
  const off = pairs
    .map(({ toldMs, heardMs }) => Math.abs(residual(field, line, toldMs, heardMs)))
    .sort((a, b) => a - b);
  return {
    offsetMs: line.offsetMs - (line.driftPpm / 1e6) * field.pivotMs,
    driftPpm: line.driftPpm,
    pairCount: pairs.length,
    toldCount: field.toldCount,
    spreadMs: off[off.length >> 1],
    logChance,
  };
}

const residual = ({ pivotMs }: Field, { offsetMs, driftPpm }: Line, toldMs: number, heardMs: number): number =>
  toldMs - heardMs - offsetMs - (driftPpm / 1e6) * (heardMs - pivotMs);

/** Least squares over what was matched, with the usual drift as a prior: 200 ppm need some minutes to be believed. */
function refitted(field: Field, pairs: readonly Pair[], line: Line): Line {
  if (pairs.length < PAIRS_MIN) return line;
  const differences = pairs.map(({ toldMs, heardMs }) => toldMs - heardMs);
  const meanHeard = meanOf(pairs.map(({ heardMs }) => heardMs));
  const meanDifference = meanOf(differences);
  if (pairs.length < 5) {
    const offsetMs = meanDifference - (line.driftPpm / 1e6) * (meanHeard - field.pivotMs);
    return { offsetMs, driftPpm: line.driftPpm };
  }
  let squares = 0;
  let products = 0;
  pairs.forEach(({ heardMs }, index) => {
    squares += (heardMs - meanHeard) ** 2;
    products += (heardMs - meanHeard) * (differences[index] - meanDifference);
  });
  const jitterMs = Math.max(
    5,
    Math.sqrt(meanOf(pairs.map(({ toldMs, heardMs }) => residual(field, line, toldMs, heardMs) ** 2))),
  );
  const drift = products / (squares + (jitterMs / (DRIFT_PPM_USUAL / 1e6)) ** 2);
  return { offsetMs: meanDifference - drift * (meanHeard - field.pivotMs), driftPpm: drift * 1e6 };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** One to one: each told moment takes the nearest heard one, and gives it up to one that is nearer. */
function match(field: Field, line: Line, toleranceMs: number): Pair[] {
  return [...field.told].flatMap(([kind, toldTimes]) => {
    const heardTimes = field.heard.get(kind) ?? [];
    const takenBy = new Map<number, { toldMs: number; offMs: number }>();
    let next = 0;
    for (const toldMs of toldTimes) {
      const off = (index: number): number => Math.abs(residual(field, line, toldMs, heardTimes[index]));
      while (next + 1 < heardTimes.length && off(next + 1) <= off(next)) next++;
      if (next >= heardTimes.length || off(next) > toleranceMs) continue;
      const taken = takenBy.get(next);
      if (taken === undefined || off(next) < taken.offMs) takenBy.set(next, { toldMs, offMs: off(next) });
    }
    return [...takenBy].map(([index, { toldMs }]) => ({ toldMs, heardMs: heardTimes[index] }));
  });
}

/** Hoeffding's bound on the binomial tail, times the number of hypotheses that are no more surprising than this one. */
function logChanceOf(field: Field, offsetMs: number, pairCount: number, toleranceMs: number): number {
  const { told, heard, toldCount, spanMs, drifts, search } = field;
  const chances = [...told].map(([kind, times]) => {
    const perMs = (heard.get(kind)?.length ?? 0) / spanMs;
    return times.length * (1 - Math.exp(-perMs * 2 * toleranceMs));
  });
  const chance = chances.reduce((sum, value) => sum + value, 0) / toldCount;
  const share = pairCount / toldCount;
  if (share <= chance) return 0;
  const rest = share === 1 ? 0 : (1 - share) * Math.log((1 - share) / (1 - chance));
  const hypotheses = (1 + surpriseMs(search, offsetMs) / toleranceMs) * drifts.length * TOLERANCES_MS.length;
  return Math.log(hypotheses) - toldCount * (share * Math.log(share / chance) + rest);
}
