/** What the store's laws write with and look with. */
import type { Store } from '../../../adapters/clickhouse/openStore.ts';
import { createRowWriter, type RowWriter, type RowWriterOptions } from '../../../adapters/clickhouse/rowWriter.ts';
import type { Fact } from '../../../core/facts/facts.ts';
import type { OpenCall } from '../../../core/facts/openCall.ts';
import { factRows } from '../../../core/rows/factRows.ts';
import type { TableRow } from '../../../core/rows/tables.ts';
import { sampleFact, sampleMs } from '../sampleCall.ts';

export type StoreLaw = (store: Store) => Promise<void>;

export const rowsOf = (facts: readonly Fact[], call: OpenCall): TableRow[] =>
  facts.flatMap((fact) => factRows(fact, call));

/** The `index`th of many runs of speech, 50 ms in every 100. */
export const speechFact = (call: OpenCall, index: number): Fact =>
  sampleFact(call, 'speech', {
    startSample: sampleMs(index * 100),
    endSample: sampleMs(index * 100 + 50),
    channel: 'caller',
    levelDbfs: -20,
    probabilityMean: 0.5,
  });

export const writerOf = (store: Store, options: Partial<RowWriterOptions> = {}): RowWriter =>
  createRowWriter(store, { rowsMax: 1_000, waitMs: 1, pendingRowsMax: 100_000, ...options });

export async function ask(store: Store, query: string): Promise<Record<string, unknown>[]> {
  return (await store.reading.query({ query, format: 'JSONEachRow' })).json();
}

export async function countOf(store: Store, from: string): Promise<number> {
  return Number((await ask(store, `SELECT count() AS n FROM ${from}`))[0].n);
}
