/** What is searched for an offset: the moments of both sides by kind, and the offsets and drifts that are tried. */
import { leastOf, mostOf } from './extremes.ts';

const MOMENT_KINDS = ['agent_start', 'agent_stop', 'caller_start', 'caller_stop'] as const;
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

/** How far from what is expected offsets are searched. */
export const OFFSET_MS_MAX = 10_000;
const DRIFT_PPM_MAX = 300;
/** Enough for calls of two hours; longer ones, and times that are nonsense, must not make the search endless. */
const DRIFT_STEP_PPM_MIN = 15;
/** The same moment told twice, by an event and a span. */
const SAME_MS = 30;

/** Moments of one kind, in the order of time. */
export type ByKind = ReadonlyMap<MomentKind, readonly number[]>;

export interface Field {
  readonly told: ByKind;
  readonly heard: ByKind;
  readonly toldCount: number;
  /** Drift is counted from here while searching, so that it does not move the offset. */
  readonly pivotMs: number;
  readonly spanMs: number;
  readonly drifts: readonly number[];
  readonly search: Search;
}

export function fieldOf(search: Search): Field {
  const told = byKind(search.told, SAME_MS);
  const times = [...told.values()].flat();
  const heard = byKind(search.heard, 0);
  const heardTimes = [...heard.values()].flat();
  const toldSpanMs = spanOf(times);
  return {
    told,
    heard,
    toldCount: times.length,
    pivotMs: heardTimes.length === 0 ? 0 : (leastOf(heardTimes) + mostOf(heardTimes)) / 2,
    spanMs: Math.max(spanOf(heardTimes), 1_000),
    drifts: driftsFor(times.length, toldSpanMs),
    search,
  };
}

const spanOf = (times: readonly number[]): number => (times.length === 0 ? 0 : mostOf(times) - leastOf(times));

/** So close that the nearest one is off by a quarter of the window at most at either end of the call. */
function driftsFor(count: number, spanMs: number): number[] {
  const stepPpm = Math.max((100 / spanMs) * 1e6, DRIFT_STEP_PPM_MIN);
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

/** How far an offset is from the nearest that is expected. */
export const surpriseMs = (search: Search, offsetMs: number): number =>
  Math.min(...search.expectedMs.map((expected) => Math.abs(offsetMs - expected)));
