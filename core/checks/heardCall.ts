/** A call as checks see it: the rows of its final facts, whether they come from a recording just analysed or from the store. */
import type { Fact } from '../facts/facts.ts';
import { factRow } from '../rows/factRow.ts';
import type { RowOf } from '../rows/tables.ts';
import { TIMELINE_RATE_HZ } from '../units/time.ts';

/** The columns of a row of `facts` that metrics are made of. */
export const HEARD_COLUMNS = [
  'id',
  'kind',
  'channel',
  'start_sample',
  'end_sample',
  'outcome',
  'latency_samples',
  'speech_samples',
  'level_dbfs',
  'loss_db',
  'measures',
] as const satisfies readonly (keyof RowOf<'facts'>)[];

export type HeardRow = Pick<RowOf<'facts'>, (typeof HEARD_COLUMNS)[number]>;

export interface HeardCall {
  /** What it is called in reports, and what it is matched by with the same call of an earlier run. */
  readonly name: string;
  readonly durationMs: number;
  /** Each fact once, final, in the order of time. */
  readonly rows: readonly HeardRow[];
}

/** `facts`: all that analysing a recording told, in the order it was told. */
export function heardCallOf(name: string, facts: readonly Fact[]): HeardCall {
  const newest = new Map<string, HeardRow>();
  let endSample = 0;
  for (const fact of facts) {
    if (fact.kind === 'summary') endSample = fact.endSample ?? 0;
    // What the wall clock said is of no matter here.
    if (fact.kind !== 'frames' && fact.status === 'final') newest.set(fact.id, factRow(fact, { startedAtMs: 0 }));
  }
  return { name, durationMs: (endSample * 1_000) / TIMELINE_RATE_HZ, rows: inOrder([...newest.values()]) };
}

export const inOrder = (rows: readonly HeardRow[]): HeardRow[] =>
  rows.toSorted((a, b) => a.start_sample - b.start_sample);
