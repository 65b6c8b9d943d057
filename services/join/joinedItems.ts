/** What joining a call gives, as the rows that are written and the facts that are told. */
import type { CallInputs, KnownCall } from '../../adapters/clickhouse/joinReader.ts';
import { factId } from '../../core/facts/factId.ts';
import type { Fact, Finding, FindingOf } from '../../core/facts/facts.ts';
import type { AlignedRequest, Joined } from '../../core/join/joined.ts';
import { joinRevision, type TextAtHand } from '../../core/join/revision.ts';
import type { WallClock } from '../../core/join/wallClock.ts';
import { factRow, type RowFact } from '../../core/rows/factRow.ts';
import { callEventRow, callRequestRow, callScoreRow } from '../../core/rows/joinedRows.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Request } from '../../core/spans/request.ts';
import { samplesFromMs } from '../../core/units/time.ts';

/** A row that joining gives, and the fact that it is of, if it is of one. */
export interface Item {
  readonly id: string;
  readonly row: TableRow;
  readonly fact?: Fact;
}

/** Texts further away from a turn than this tell nothing of it: no synthesis is longer, nor played so late. */
const TEXT_REACH_SAMPLES = samplesFromMs(120_000);

/** `given`: requests that were taken for the call's before; `isWhole`: whether the event is here with all its text. */
export function itemsOf(
  known: CallInputs,
  joined: Joined,
  given: readonly AlignedRequest[],
  clock: WallClock,
  isWhole: (event: SpeechEvent) => boolean,
): Item[] {
  const { call } = known;
  const count = knownCount(known);
  const revision = joinRevision(count, 'counts');
  const reduced = joined.events.filter(({ event }) => !isWhole(event));
  const textOf = (finding: Finding): TextAtHand =>
    finding.kind === 'agent_text' && !reduced.some((event) => isAround(event.startSample, finding))
      ? 'whole'
      : 'counts';
  // What was found out while the texts were here is not given up for what their counts alone tell.
  const facts = joined.findings
    .map((finding) => ({ finding, text: textOf(finding) }))
    .filter(
      ({ finding, text }) =>
        finding.kind !== 'agent_text' || text === 'whole' || !known.textStarts.has(finding.startSample),
    )
    .map(({ finding, text }) => factOf(finding, call, clock, joinRevision(count, text)));
  const joinedCall = { ...call, wallMsOf: (sample: number): number => clock.originMs + clock.wallAt(sample) };
  const kept = new Map(known.events.map((event) => [event.id, event]));
  return [
    ...facts.map((fact): Item => ({ id: fact.id, fact, row: { table: 'facts', row: factRow(fact, call) } })),
    ...joined.events.map((aligned) => ({
      id: `event ${aligned.event.id}`,
      // What is written is the event as the text policy left it.
      row: callEventRow({ ...aligned, event: kept.get(aligned.event.id) ?? aligned.event }, joinedCall, revision),
    })),
    ...[...joined.requests, ...given].map((aligned) => ({
      id: requestId(aligned.request),
      row: callRequestRow(aligned, joinedCall, revision),
    })),
    ...joined.scores.map((aligned) => ({
      id: `score ${aligned.score.id}`,
      row: callScoreRow(aligned, joinedCall, revision),
    })),
  ];
}

export const requestId = ({ traceId, spanId }: Pick<Request, 'traceId' | 'spanId'>): string =>
  `request ${traceId} ${spanId}`;

/** Grows even when another call on the trace comes to be known, and fewer of its spans are taken for this one's. */
const knownCount = ({ facts, events, spans, otherKeys, scores }: CallInputs): number =>
  facts.reduce((sum, fact) => sum + 1 + fact.revision, 0) +
  events.length +
  spans.length +
  otherKeys.size +
  scores.length;

function isAround(sample: number | null, { startSample, endSample }: FindingOf<'agent_text'>): boolean {
  if (sample === null) return true;
  return sample >= startSample - TEXT_REACH_SAMPLES && sample <= (endSample ?? Infinity) + TEXT_REACH_SAMPLES;
}

function factOf(finding: Finding, { tenant, callId }: KnownCall, clock: WallClock, revision: number): RowFact {
  const told = { ...finding, revision };
  return {
    ...told,
    id: factId(tenant, callId, told),
    tenant,
    callId,
    startWallMs: clock.originMs + clock.wallAt(finding.startSample),
    // Joining never tells of frames.
  } as RowFact;
}
