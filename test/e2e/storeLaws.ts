/** What every store keeps, embedded or behind a URL: one suite for both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCallReader } from '../../adapters/clickhouse/callReader.ts';
import { callStateRow, createCallStates } from '../../adapters/clickhouse/callStates.ts';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import { createRowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import { factId } from '../../core/facts/factId.ts';
import type { Fact, Finding } from '../../core/facts/facts.ts';
import { factRows } from '../../core/rows/factRows.ts';
import { TABLE_COLUMNS } from '../../core/rows/tables.ts';
import { asSampleIndex } from '../../core/units/time.ts';
import { openCall } from '../support/calls.ts';

const LIMITS = { rowsMax: 1_000, waitMs: 5, pendingRowsMax: 100_000 };

/** A call that began lately: rows older than a table's TTL would be dropped. */
const call = openCall({ callId: `laws-${process.pid}`, startedAtMs: Date.now() });

function speech(startMs: number, revision: number): Fact {
  const finding: Finding = {
    kind: 'speech',
    status: revision === 0 ? 'provisional' : 'final',
    revision,
    channel: 'caller',
    startSample: asSampleIndex(startMs * 16),
    endSample: revision === 0 ? null : asSampleIndex((startMs + 500) * 16),
    levelDbfs: -25.5,
    probabilityMean: 0.9,
  };
  return {
    ...finding,
    id: factId(call.tenant, call.callId, finding),
    tenant: call.tenant,
    callId: call.callId,
    startWallMs: call.startedAtMs + startMs,
  };
}

async function count(store: Store, view: string): Promise<number> {
  const result = await store.reading.query({
    query: `SELECT toUInt32(count()) AS n FROM earshot.${view} WHERE call_id = {callId:String}`,
    query_params: { callId: call.callId },
    format: 'JSONEachRow',
  });
  return (await result.json<{ n: number }>())[0].n;
}

/** `name`: of the kind of store, for the report. */
export function checkStoreLaws(name: string, storeOf: () => Store): void {
  test(`${name}: migrating twice applies nothing the second time`, async () => {
    await migrate(storeOf());
    assert.deepEqual(await migrate(storeOf()), []);
  });

  test(`${name}: the tables have the columns that the code writes`, async () => {
    for (const [table, columns] of Object.entries(TABLE_COLUMNS)) {
      const result = await storeOf().reading.query({
        query: `SELECT name FROM system.columns WHERE database = 'earshot' AND table = {table:String} ORDER BY position`,
        query_params: { table },
        format: 'JSONEachRow',
      });
      assert.deepEqual(
        (await result.json<{ name: string }>()).map((row) => row.name),
        [...columns],
        table,
      );
    }
  });

  test(`${name}: rows are there when append resolves; written again they are there once, in their newest revision`, async () => {
    const store = storeOf();
    const writer = createRowWriter(store, LIMITS);
    const rows = (revision: number) =>
      Array.from({ length: 200 }, (_, i) => speech(i * 1_000, revision)).flatMap((fact) => factRows(fact, call));
    await writer.append(rows(0));
    assert.equal(await count(store, 'v_speech'), 200);
    await Promise.all([writer.append(rows(1)), writer.append(rows(1)), writer.append(rows(0))]);
    assert.equal(await count(store, 'v_speech'), 200);
    const facts = await createCallReader(store).facts(call.tenant, call.callId, { limit: 1_000 });
    assert.ok(facts.every((fact) => fact.status === 'final' && fact.end_ms === Number(fact.start_ms) + 500));
    await writer.close();
  });

  test(`${name}: a row that the store refuses is set aside and reported; the others are written`, async () => {
    const store = storeOf();
    const bad: object[] = [];
    const writer = createRowWriter(store, { ...LIMITS, onBadRow: ({ row }) => bad.push(row) });
    const [good] = factRows(speech(900_000, 1), call);
    const broken = { table: 'facts' as const, row: { ...good.row, start_sample: 'not a number' } };
    const results = await Promise.allSettled([writer.append([good]), writer.append([broken]), writer.append([good])]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal(bad.length, 1);
    await writer.close();
  });

  test(`${name}: a full writer says so and takes nothing`, async () => {
    const writer = createRowWriter(storeOf(), { ...LIMITS, pendingRowsMax: 10 });
    const rows = Array.from({ length: 10 }, (_, i) => speech(i, 1)).flatMap((fact) => factRows(fact, call));
    const first = writer.append(rows);
    assert.throws(() => writer.append(rows), { name: 'Busy' });
    await first;
    await writer.append(rows);
    await writer.close();
  });

  test(`${name}: a call's newest state comes back as it was; an ended call stays ended`, async () => {
    const store = storeOf();
    const writer = createRowWriter(store, LIMITS);
    const states = createCallStates(store);
    const state = { a: [1, 2], b: new Float32Array([0.5, -1]), c: null };
    const save = (seq: number, { ended }: { ended: boolean }) =>
      writer.append([callStateRow('t', 'state-1', { seq, stateVersion: 1, ended, state: ended ? null : state })]);
    assert.equal(await states.load('t', 'state-1'), null);
    await save(10, { ended: false });
    await save(25, { ended: false });
    assert.deepEqual(await states.load('t', 'state-1'), { seq: 25, stateVersion: 1, ended: false, state });
    await save(30, { ended: true });
    assert.equal((await states.load('t', 'state-1'))?.ended, true);
    assert.equal(await states.load('other', 'state-1'), null);
    await writer.close();
  });

  test(`${name}: one tenant does not see another's calls`, async () => {
    const reader = createCallReader(storeOf());
    assert.deepEqual(await reader.facts('someone-else', call.callId, { limit: 10 }), []);
    assert.equal(await reader.call('someone-else', call.callId), null);
  });
}
