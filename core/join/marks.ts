/**
 * Which reports tell the ends of a response's stages. The reply that was heard is found backwards from its onset: the first
 * audio that came for it, the token that this was made of, the transcript before that, and the decision. A report that may
 * belong to another exchange, or to a reply that was given up, is not used: not known is better than wrong.
 */
import { samplesFromMs } from '../units/time.ts';
import { EARLY_SAMPLES, type Exchange } from './exchanges.ts';
import {
  toldBetween,
  type DelayReport,
  type FinalReport,
  type Report,
  type Reports,
  type WorkReport,
} from './reports.ts';

export interface Marks {
  readonly decision: Report | null;
  readonly final: FinalReport | null;
  readonly token: Report | null;
  readonly firstAudio: Report | null;
}

/** A final may be told this little before the caller's end: less is jitter, more is about something said before. */
const FINAL_EARLY_SAMPLES = samplesFromMs(150);
/** Unless its words say that it reaches the end; recognisers can be that quick when the last words were clear. */
const COVERING_EARLY_SAMPLES = samplesFromMs(1_500);
/** The last word of a recogniser ends before the last sound of the caller does. */
const WORD_END_SAMPLES = samplesFromMs(400);
/** Reports of the same clock come in the order in which things happened, but for this. */
const JITTER_SAMPLES = samplesFromMs(60);

export function marksOf(exchange: Exchange, reports: Reports): Marks {
  const heardAudio = within(exchange, reports.firstAudio).filter((report) => isHeard(exchange, report));
  const firstAudio = firstOf(heardAudio);
  const token = tokenOf(exchange, reports, firstAudio);
  const turnIds = [firstAudio, token].flatMap((report) => (report === null ? [] : [report.turnId]));
  const before = (token ?? firstAudio)?.sample ?? exchange.onset;
  return {
    decision: decisionOf(exchange, reports, turnIds),
    final: finalOf(exchange, reports, before),
    token,
    firstAudio,
  };
}

export const within = <R extends Report>({ from, to }: Exchange, reports: readonly R[]): R[] =>
  toldBetween(reports, from, to);

/** Given up before the onset: what was heard is another reply. Cut later, it was heard. */
export const isHeard = ({ to }: Exchange, { cancelledAt }: Report): boolean => cancelledAt === null || cancelledAt > to;

/** A time that was told goes before a time of receipt, in which the delivery is. */
function trusted<R extends Report>(reports: readonly R[]): readonly R[] {
  const told = reports.filter(({ by }) => by !== 'received');
  return told.length > 0 ? told : reports;
}

const firstOf = <R extends Report>(reports: readonly R[]): R | null => trusted(reports)[0] ?? null;
const lastOf = <R extends Report>(reports: readonly R[]): R | null => trusted(reports).at(-1) ?? null;

/** Where some name the same turn, the others are of another one. Ids that no one shares say nothing: each counts its own. */
function ofSameTurn<R extends Report>(reports: readonly R[], turnIds: readonly string[]): readonly R[] {
  const same = reports.filter(({ turnId }) => turnId !== '' && turnIds.includes(turnId));
  return same.length > 0 ? reports.filter(({ turnId }) => turnId === '' || turnIds.includes(turnId)) : reports;
}

/** The last generation before the first audio is the one that was spoken; those before it called tools. */
function tokenOf(exchange: Exchange, reports: Reports, firstAudio: Report | null): Report | null {
  const end = firstAudio?.sample ?? exchange.onset;
  const tokens = within(exchange, reports.tokens).filter(
    (report) => isHeard(exchange, report) && report.sample <= end + JITTER_SAMPLES,
  );
  const token = lastOf(ofSameTurn(tokens, [firstAudio?.turnId ?? '']));
  if (token === null) return null;
  const isFollowed = worksOf(exchange, reports.tools).some(
    (tool) => tool.endSample > token.sample + JITTER_SAMPLES && tool.endSample <= end,
  );
  return isFollowed ? null : token;
}

/** Work that began in this exchange. */
export const worksOf = ({ from, onset }: Exchange, works: readonly WorkReport[]): WorkReport[] =>
  toldBetween(works, from, onset);

function finalOf(exchange: Exchange, reports: Reports, before: number): FinalReport | null {
  const { callerEnd, agentEnd, to } = exchange;
  const until = Math.min(before + JITTER_SAMPLES, to);
  const told = toldBetween(reports.finals, Math.max(callerEnd - COVERING_EARLY_SAMPLES, agentEnd), until).filter(
    ({ sample, media, cancelledAt }) =>
      cancelledAt === null && (media === null ? sample >= callerEnd - FINAL_EARLY_SAMPLES : covers(media, callerEnd)),
  );
  const final = lastOf(told);
  if (final !== null && final.by !== 'received') return final;
  const derived = derivedOf(exchange, reports.finalDelays, reports.callerEnds, []);
  return derived === null ? final : { ...derived, media: null, confidence: final?.confidence ?? null };
}

function covers({ startSample, endSample }: NonNullable<FinalReport['media']>, callerEnd: number): boolean {
  return startSample < callerEnd && (endSample ?? startSample) >= callerEnd - WORD_END_SAMPLES;
}

/**
 * What says that a turn is over comes first. A delay that counts from the caller's end is worth more than the end of the
 * span around a detector, which may still wait after it; that a framework saw the caller stop is a decision only where
 * nothing else ever is.
 */
function decisionOf(exchange: Exchange, reports: Reports, turnIds: readonly string[]): Report | null {
  const last = (candidates: readonly Report[]): Report | null =>
    ofSameTurn(within(exchange, candidates), turnIds).findLast(({ cancelledAt }) => cancelledAt === null) ?? null;
  const told = (candidates: readonly Report[]) => candidates.filter(({ by }) => by !== 'received');
  return (
    last(told(reports.turnEnds)) ??
    derivedOf(exchange, reports.turnDelays, reports.callerEnds, turnIds) ??
    last(reports.turnRequests) ??
    last(reports.turnEnds) ??
    last(trusted(reports.speechStops))
  );
}

/** A delay counts from where its own reporter saw the caller end, if that is known, else from where the caller was heard to. */
function derivedOf(
  exchange: Exchange,
  delays: readonly DelayReport[],
  callerEnds: readonly Report[],
  turnIds: readonly string[],
): Report | null {
  const { callerEnd } = exchange;
  const told = within(exchange, delays).filter(({ by }) => by !== 'received');
  const delay = ofSameTurn(told, turnIds).at(-1) ?? null;
  if (delay === null) return null;
  const near = toldBetween(callerEnds, callerEnd - EARLY_SAMPLES, callerEnd + EARLY_SAMPLES);
  const own = near.filter(({ clock }) => clock === delay.clock);
  const start = own.at(-1)?.sample ?? callerEnd;
  return { ...delay, sample: Math.min(start + delay.delaySamples, delay.sample) };
}
