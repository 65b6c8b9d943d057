/** Calls of the store as checks see them: the final facts of each, by its id. */
import { HEARD_COLUMNS, inOrder, type HeardCall, type HeardRow } from '../../core/checks/heardCall.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { createCallReader } from './callReader.ts';
import type { CallRecord } from './callRecords.ts';
import type { Store } from './openStore.ts';

/** 64-bit numbers come as texts unless they are made doubles; a call's samples are exact in one. */
const SELECTED = HEARD_COLUMNS.map((name) =>
  name.endsWith('_sample') || name.endsWith('_samples') ? `toFloat64(${name}) AS ${name}` : name,
).join(', ');

const FACTS = `
  SELECT ${SELECTED} FROM earshot.facts FINAL
  WHERE tenant = {tenant:String} AND call_id = {callId:String} AND status = 'final'
    AND toDate(call_started_at) = toDate({startedAt:String}) AND call_started_at = toDateTime64({startedAt:String}, 3, 'UTC')`;

/** Every call that is not there or still runs is told at once. */
export async function readHeardCalls(store: Store, tenant: string, callIds: readonly string[]): Promise<HeardCall[]> {
  const reader = createCallReader(store);
  const calls: HeardCall[] = [];
  const problems: string[] = [];
  for (const callId of callIds) {
    const record = await reader.call(tenant, callId).catch((error: unknown) => {
      throw isWithoutTables(error) ? NO_TABLES : error;
    });
    if (record === null) problems.push(`${callId} is not there`);
    else if (record.state === 'live') problems.push(`${callId} still runs`);
    else calls.push(await heardCall(store, record));
  }
  if (problems.length > 0) {
    throw new InvalidInput('not_found', { expected: `ended calls of tenant ${tenant}`, got: problems.join('; ') });
  }
  return calls;
}

/** UNKNOWN_TABLE, UNKNOWN_DATABASE. */
const isWithoutTables = (error: unknown): boolean => ['60', '81'].includes((error as { code?: string }).code ?? '');

const NO_TABLES = new InvalidInput('store_unavailable', {
  expected: "a store with Earshot's tables (EARSHOT_DATA_DIR or EARSHOT_CLICKHOUSE_URL; earshot migrate makes them)",
  got: 'one without',
});

async function heardCall({ reading }: Store, record: CallRecord): Promise<HeardCall> {
  const result = await reading.query({
    query: FACTS,
    query_params: { tenant: record.tenant, callId: record.call_id, startedAt: record.call_started_at },
    format: 'JSONEachRow',
    clickhouse_settings: { use_skip_indexes_if_final: 1 },
  });
  const rows = await result.json<HeardRow>();
  return { name: record.call_id, durationMs: record.duration_ms ?? 0, rows: inOrder(rows) };
}
