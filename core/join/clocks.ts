/**
 * Each clock that told wall times, aligned to Earshot's. A steady delay between what a framework calls the start of playback
 * and what the caller hears cannot be told from an offset: it is absorbed, unless the clock also tells when the caller spoke.
 */
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { FindingOf } from '../facts/facts.ts';
import type { ClockOffset } from '../facts/reported.ts';
import type { Request } from '../spans/request.ts';
import { asSampleIndex } from '../units/time.ts';
import { rounded } from '../units/weightedMean.ts';
import type { JoinInput } from './joinInput.ts';
import { heardMoments, toldMoments, type ToldMoments } from './moments.ts';
import { findOffset, type Fit, type Verdict } from './offsets.ts';
import { OFFSET_MS_MAX, type Moment, type Search } from './searchField.ts';
import type { WallClock } from './wallClock.ts';

/** Clocks by their ids, each with what is known of it. */
export type Clocks = ReadonlyMap<string, ClockOffset>;

/** Clocks of two machines that both tell Earshot's time may be this far apart. */
const RECEIPT_SLACK_MS = 250;
/** Delays that differ this little and are this long are a clock's, not a network's. */
const STEADY_MS = 100;
const STEADY_DELAY_MS = 250;
/** How long before an agent's onset its first audio comes, and how long after a caller's end a decision. */
const READY_MS = { min: -1_500, max: 150 };
const DECIDED_MS = { min: -250, max: 2_500 };
/** What the caller is heard to say is told after what the agent is heard to say is: by playout and by the way up. */
const PLAYOUT_MS = { min: -150, max: 1_000 };
/** So many of the caller's own moments are worth more than any number of the agent's. */
const CALLER_PAIRS_MIN = 4;
/** A start that fits an offset which stops have found. */
const START_FITS_MS = 150;
/** An onset that agrees with what is assumed. */
const AGREES_MS = 700;

export function clocksOf(input: JoinInput, wall: WallClock): Clocks {
  const ids = [...input.events.map(({ clock }) => clock), ...input.requests.map(({ clock }) => clock)];
  const heard = heardMoments(input, wall);
  const endMs = wall.wallAt(input.endSample);
  const clocks = [...new Set(ids)].sort().flatMap((id): [string, ClockOffset][] => {
    const events = input.events.filter(({ clock, occurredAtMs }) => clock === id && occurredAtMs !== null);
    const requests = input.requests.filter(({ clock }) => clock === id);
    if (events.length + requests.length === 0) return [];
    return [[id, { clock: id, ...aligned(events, requests, heard, { originMs: wall.originMs, endMs }) }]];
  });
  return new Map(clocks);
}

export function clockFindings(clocks: Clocks, { state, endSample }: JoinInput): FindingOf<'clock_offset'>[] {
  return [...clocks.values()].map((clock) => ({
    kind: 'clock_offset',
    status: state === 'ended' ? 'final' : 'provisional',
    revision: 0,
    startSample: asSampleIndex(0),
    endSample,
    ...clock,
    offsetMs: rounded(clock.offsetMs, 100) ?? 0,
    driftPpm: rounded(clock.driftPpm, 100) ?? 0,
    matchedShare: rounded(clock.matchedShare, 1000),
    spreadMs: rounded(clock.spreadMs, 100),
  }));
}

/** Time on Earshot's clock; both are ms since the call's start. */
export const onEarshotsClock = ({ offsetMs, driftPpm }: ClockOffset, toldMs: number): number =>
  (toldMs - offsetMs) / (1 + driftPpm / 1e6);

interface CallTime {
  readonly originMs: number;
  readonly endMs: number;
}

function aligned(
  events: readonly SpeechEvent[],
  requests: readonly Request[],
  heard: readonly Moment[],
  { originMs, endMs }: CallTime,
): Omit<ClockOffset, 'clock'> {
  const told = toldMoments(events, requests, originMs);
  const receipts = receiptsOf(events);
  const isFar = receipts.length > 0 && Math.abs(middleOf(receipts)) > OFFSET_MS_MAX;
  const search = {
    heard,
    expectedMs: isFar ? [0, middleOf(receipts)] : [0],
    offsetMsMin: aheadAtLeast(receipts),
  };
  const verdict = verdictOf(told, search);
  if (verdict.basis === 'estimated') return estimated(verdict.fit);
  if (verdict.basis === 'unknown' && isFarAndSteady(receipts)) return byReceipts(receipts);
  const isAssumed = verdict.basis === 'unknown' && !isContradicted(told, search, endMs);
  return {
    offsetMs: 0,
    driftPpm: 0,
    pairCount: 0,
    matchedShare: null,
    spreadMs: null,
    basis: isAssumed ? 'assumed' : 'ambiguous',
  };
}

/**
 * Its reports come as they are told, always as far from their time: that far it is off, but for the quickest delivery, which is
 * taken for none.
 */
const byReceipts = (receipts: readonly number[]): Omit<ClockOffset, 'clock'> => ({
  offsetMs: quickestOf(receipts),
  driftPpm: 0,
  pairCount: receipts.length,
  matchedShare: null,
  spreadMs: spreadOf(receipts),
  basis: 'receipts',
});

const estimated = ({ offsetMs, driftPpm, pairCount, toldCount, spreadMs }: Fit): Omit<ClockOffset, 'clock'> => ({
  offsetMs,
  driftPpm,
  pairCount,
  matchedShare: pairCount / toldCount,
  spreadMs,
  basis: 'estimated',
});

function verdictOf(told: ToldMoments, search: Omit<Search, 'told'>): Verdict {
  const byCaller = findOffset({ ...search, told: told.caller });
  const byAgent = byAgentOf(told, search);
  if (byCaller.basis !== 'estimated') return byAgent;
  if (byAgent.basis !== 'estimated') return byCaller;
  const playoutMs = byCaller.fit.offsetMs - byAgent.fit.offsetMs;
  if (playoutMs < PLAYOUT_MS.min || playoutMs > PLAYOUT_MS.max) return { basis: 'ambiguous' };
  return byCaller.fit.pairCount >= CALLER_PAIRS_MIN ? byCaller : byAgent;
}

/**
 * Stops are told when a queue is empty or a pause was long enough, steadily late by up to half a second: they may add to what
 * starts say, and do not stand alone.
 */
function byAgentOf({ agentStarts, agentStops }: ToldMoments, search: Omit<Search, 'told'>): Verdict {
  const byStarts = findOffset({ ...search, told: agentStarts });
  if (byStarts.basis === 'estimated' || agentStops.length === 0) return byStarts;
  const byBoth = findOffset({ ...search, told: [...agentStarts, ...agentStops] });
  if (byBoth.basis !== 'estimated' || agentStarts.some((start) => fits(byBoth.fit, start, search.heard))) return byBoth;
  return { basis: 'ambiguous' };
}

const fits = ({ offsetMs, driftPpm }: Fit, told: Moment, heard: readonly Moment[]): boolean =>
  heard.some(
    ({ kind, atMs }) =>
      kind === told.kind && Math.abs(told.atMs - atMs * (1 + driftPpm / 1e6) - offsetMs) <= START_FITS_MS,
  );

/** Told minus received: how far the clock is ahead, less the delivery. */
const receiptsOf = (events: readonly SpeechEvent[]): number[] =>
  events
    .flatMap(({ occurredAtMs, receivedAtMs }) => (occurredAtMs === null ? [] : [occurredAtMs - receivedAtMs]))
    .sort((a, b) => a - b);

const middleOf = (sorted: readonly number[]): number => sorted[sorted.length >> 1];

/** Nothing is received before it happens; one event in five may be nonsense. */
const aheadAtLeast = (receipts: readonly number[]): number =>
  receipts.length === 0 ? -Infinity : receipts[Math.ceil(receipts.length * 0.8) - 1] - RECEIPT_SLACK_MS;

/** Of those that are steady. */
const quickestOf = (receipts: readonly number[]): number => {
  const middle = middleOf(receipts);
  return receipts.reduce((best, receipt) => (receipt <= middle + STEADY_MS ? receipt : best), middle);
};

const isFarAndSteady = (receipts: readonly number[]): boolean =>
  receipts.length >= 4 && spreadOf(receipts) <= STEADY_MS && Math.abs(middleOf(receipts)) > STEADY_DELAY_MS;

/** Whether what is told speaks against the clock being right, without saying how far it is off. */
function isContradicted(told: ToldMoments, search: Omit<Search, 'told'>, endMs: number): boolean {
  if (search.offsetMsMin > 0) return true;
  const moments = [...told.caller, ...told.agentStarts, ...told.agentStops].filter(
    ({ atMs }) => atMs > -AGREES_MS && atMs < endMs - AGREES_MS,
  );
  const agrees = ({ kind, atMs }: Moment): boolean =>
    search.heard.some((moment) => moment.kind === kind && Math.abs(moment.atMs - atMs) <= AGREES_MS);
  if (moments.length > 0 && !moments.some(agrees)) return true;
  return isElsewhere(told.ready, search, READY_MS) || isElsewhere(told.decided, search, DECIDED_MS);
}

const spreadOf = (sorted: readonly number[]): number =>
  sorted[Math.floor(sorted.length * 0.75)] - sorted[Math.floor(sorted.length * 0.25)];

function isElsewhere(
  told: readonly Moment[],
  search: Omit<Search, 'told'>,
  usual: { readonly min: number; readonly max: number },
): boolean {
  const verdict = findOffset({ ...search, told, expectedMs: [(usual.min + usual.max) / 2] });
  if (verdict.basis !== 'estimated') return false;
  return verdict.fit.offsetMs < usual.min || verdict.fit.offsetMs > usual.max;
}
