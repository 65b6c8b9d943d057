/** Calls to try rules on: those in the store, or recordings. */
import { createCallReader, cursorOf } from '../../adapters/clickhouse/callReader.ts';
import type { CallRecord, FactRecord } from '../../adapters/clickhouse/callRecords.ts';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import { callFigures, type FinishedCall } from '../../core/alerts/finishedCall.ts';
import type { InCallInput } from '../../core/alerts/inCall.ts';
import type { PastCall } from '../../core/alerts/replay.ts';
import { toldFact, toldFactOf, type ToldFact } from '../../core/alerts/toldFact.ts';
import type { Fact, FactOf } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { msFromSamples } from '../../core/units/time.ts';

const PAGE = 500;
const FACTS_MAX = 1_000_000;

export interface History {
  readonly calls: readonly PastCall[];
  /** There are more calls than were asked for. */
  readonly isCut: boolean;
}

export interface HistoryFilter {
  readonly tenant: string;
  readonly afterMs: number;
  readonly callsMax: number;
}

/** The newest calls that have ended. What was provisional is not kept, so facts come in the order of their ends. */
export async function callsOfStore(store: Store, { tenant, afterMs, callsMax }: HistoryFilter): Promise<History> {
  const reader = createCallReader(store);
  const calls: PastCall[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await reader.calls(tenant, {
      limit: PAGE,
      afterMs,
      state: 'ended',
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const call of page) {
      if (calls.length === callsMax) return { calls, isCut: true };
      const facts = await reader.facts(tenant, call.call_id, { limit: FACTS_MAX });
      calls.push(pastCall(call, facts));
    }
    if (page.length < PAGE) return { calls, isCut: false };
    cursor = cursorOf(page[page.length - 1]);
  }
}

function pastCall(call: CallRecord, facts: readonly FactRecord[]): PastCall {
  const startedAtMs = Date.parse(`${call.call_started_at.replace(' ', 'T')}Z`);
  const endOf = ({ start_ms, end_ms }: FactRecord): number => end_ms ?? start_ms;
  const told = facts
    .toSorted((a, b) => endOf(a) - endOf(b) || Number(a.kind === 'call_ended') - Number(b.kind === 'call_ended'))
    .map((record): InCallInput => {
      const heardMs = endOf(record);
      return { type: 'fact', fact: toldFact(record), heardMs, wallMs: startedAtMs + heardMs };
    });
  const finished: FinishedCall = {
    tenant: call.tenant,
    callId: call.call_id,
    endedAtMs: Math.round(startedAtMs + (call.duration_ms ?? 0)),
    revision: 0,
    labels: call.labels,
    figures: figuresOf(call),
    facts: facts.map(toldFact),
  };
  return { startedAtMs, told, finished };
}

/** What is no figure (labels, ids) is none of a rule's fields and does no harm. */
const figuresOf = (call: CallRecord): FinishedCall['figures'] =>
  Object.fromEntries(
    Object.entries(call as unknown as Record<string, unknown>).filter(
      (entry): entry is [string, string | number | null] => typeof entry[1] !== 'object' || entry[1] === null,
    ),
  );

/** Its facts, and what rules were told while it ran, in that order. */
export function callOfRecording(open: OpenCall, facts: readonly Fact[], inputs: readonly InCallInput[]): PastCall {
  const newest = new Map<string, ToldFact>();
  for (const fact of facts) if (fact.kind !== 'frames') newest.set(fact.id, toldFactOf(fact));
  const ended = facts.findLast((fact): fact is FactOf<'call_ended'> => fact.kind === 'call_ended');
  const summary = facts.findLast((fact): fact is FactOf<'summary'> => fact.kind === 'summary') ?? null;
  const finished: FinishedCall = {
    tenant: open.tenant,
    callId: open.callId,
    endedAtMs: Math.round(open.startedAtMs + msFromSamples(ended?.startSample ?? 0)),
    revision: 0,
    labels: open.labels,
    figures: ended === undefined ? {} : callFigures(open, summary, ended),
    facts: [...newest.values()],
  };
  // A recording's audio arrives when it is read: its wall time is that of the file.
  const told = inputs.map((input) => ({ ...input, wallMs: open.startedAtMs + input.heardMs }));
  return { startedAtMs: open.startedAtMs, told, finished };
}
