/** The store's laws through HTTP, as with a ClickHouse server; and what happens when that server has bad days. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { createRowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { startClickHouseFront, type ClickHouseFront, type Fault } from '../support/clickhouseFront.ts';
import { checkStoreLaws } from './storeLaws.ts';

let folder = '';
let front: ClickHouseFront;
let store: Store;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-front-'));
  front = await startClickHouseFront(folder);
  store = await openStore({ kind: 'server', url: front.url });
  await migrate(store);
});
after(async () => {
  await store.close();
  await front.close();
  await rm(folder, { recursive: true });
});

checkStoreLaws('server', () => store);

test('a server that is away is named', async () => {
  await assert.rejects(openStore({ kind: 'server', url: 'http://127.0.0.1:9' }), {
    code: 'store_unavailable',
    message: /http:\/\/127\.0\.0\.1:9/,
  });
});

test('60 bad days (resets, 503, lost replies, too many parts): every row once, none lost', async () => {
  const faults: Fault[] = ['reset', '503', 'lost reply', 'too many parts', 'none'];
  let asked = 0;
  let met = 0;
  front.fault = () => {
    const fault = met < 60 ? faults[(asked * 7) % faults.length] : 'none';
    asked += 1;
    if (fault !== 'none') met += 1;
    return fault;
  };
  const retries: string[] = [];
  const writer = createRowWriter(store, {
    rowsMax: 50,
    waitMs: 1,
    pendingRowsMax: 100_000,
    onRetry: ({ error }) => retries.push(error.message),
    pauseMsMax: 5,
  });
  const row = (i: number): TableRow => ({
    table: 'facts',
    row: {
      tenant: 'faults',
      call_id: 'f',
      call_started_at: '2026-01-01 00:00:00.000',
      kind: 'speech',
      id: String(i).padStart(32, '0'),
      start_sample: i,
      revision: 1,
      status: 'final',
      ts: '2026-01-01 00:00:00.000',
    },
  });
  for (let i = 0; i < 40; i += 1) await writer.append(Array.from({ length: 50 }, (_, k) => row(i * 50 + k)));
  await writer.close();
  front.fault = () => 'none';
  const result = await store.reading.query({
    query: `SELECT toUInt32(count()) AS n, toUInt32(uniqExact(id)) AS ids FROM earshot.facts WHERE tenant = 'faults'`,
    format: 'JSONEachRow',
  });
  assert.deepEqual(await result.json(), [{ n: 2_000, ids: 2_000 }]);
  assert.ok(met >= 60 && retries.length >= 60, `${met} faults, ${retries.length} retries`);
});
