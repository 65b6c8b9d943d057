/**
 * How far one clock is off another, from moments that both tell without saying which belongs to which. Every pair of moments
 * votes for an offset, for each of a few drifts; the best bins are matched one to one, refitted, and judged by how likely
 * chance would give as many matches somewhere in the range that was searched (an a-contrario test, after Desolneux, Moisan
 * and Morel 2000). Offsets far from what is expected are searched among more others, so they need more evidence.
 */
import { hypothesesOf, type Hypothesis } from './offsetVotes.ts';
import { fieldOf, surpriseMs, type Field, type Search } from './searchField.ts';

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

/** Drift of computers' clocks that would be no surprise; it keeps few pairs from telling a drift that is only jitter. */
const DRIFT_PPM_USUAL = 150;
const TOLERANCES_MS = [40, 80, 150] as const;
const PAIRS_MIN = 2;
/** One fit in a thousand by chance. */
const LOG_CHANCE_MAX = Math.log(1e-3);
/** Offsets that are this far apart are clearly different. */
const OTHER_MS = 300;
/** Another offset that explains this share of the pairs leaves it open which is right. */
const OTHER_SHARE = 0.75;
/** Clocks are kept by NTP nearly everywhere: within this, an expected offset wins unless another explains more. */
const EXPECTED_MS = 300;

interface Pair {
  readonly toldMs: number;
  readonly heardMs: number;
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
  const drift = line.driftPpm / 1e6;
  return [...field.told].flatMap(([kind, toldTimes]) => {
    const heardTimes = field.heard.get(kind) ?? [];
    const takenBy = new Map<number, { toldMs: number; offMs: number }>();
    let next = 0;
    for (const toldMs of heardTimes.length === 0 ? [] : toldTimes) {
      const targetMs = (toldMs - line.offsetMs + drift * field.pivotMs) / (1 + drift);
      while (
        next + 1 < heardTimes.length &&
        Math.abs(heardTimes[next + 1] - targetMs) <= Math.abs(heardTimes[next] - targetMs)
      )
        next++;
      const offMs = Math.abs(heardTimes[next] - targetMs);
      const taken = takenBy.get(next);
      if (offMs <= toleranceMs && (taken === undefined || offMs < taken.offMs)) takenBy.set(next, { toldMs, offMs });
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
