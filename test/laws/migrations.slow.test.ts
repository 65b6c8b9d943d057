/**
 * Versions of Earshot meet at one store during an upgrade. Files only add: from whatever version a store comes, its tables keep
 * their columns and keys, its rows are read by today's code, and who still runs the older version goes on writing.
 */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createCallReader } from '../../adapters/clickhouse/callReader.ts';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { spanRow } from '../../core/rows/spanRow.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { sampleFacts, sampleOpenCall } from '../support/sampleCall.ts';
import { sampleReportRows } from '../support/sampleReports.ts';
import { ask, countOf, rowsOf } from '../support/storeLaws/storeProbe.ts';

const folder = mkdtempSync(join(tmpdir(), 'earshot-migrations-'));
const SQL = join(packageRoot, 'deploy', 'clickhouse');
const files = readdirSync(SQL)
  .filter((name) => name.endsWith('.sql'))
  .sort();
const once = files.filter((name) => !name.endsWith('_views.sql'));
let store: Store;

before(async () => {
  store = await openStore({ kind: 'embedded', dataDir: join(folder, 'data') });
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The folder of SQL files as a version had it that knew only these. */
function folderOf(names: readonly string[]): string {
  const path = mkdtempSync(join(folder, 'sql-'));
  for (const name of names) cpSync(join(SQL, name), join(path, name));
  return path;
}

async function emptied(): Promise<void> {
  await store.writing.command({ query: 'DROP DATABASE IF EXISTS earshot' });
}

type Columns = ReadonlyMap<string, string>;

async function columnsNow(): Promise<Columns> {
  const columns = await ask(
    store,
    `SELECT table || '.' || name AS name, type || ' ' || default_kind AS type FROM system.columns
     WHERE database = 'earshot' AND table IN (SELECT name FROM system.tables WHERE database = 'earshot' AND engine LIKE '%MergeTree')`,
  );
  return new Map(columns.map(({ name, type }) => [String(name), String(type)]));
}

const keysNow = (tables: readonly string[]): Promise<Record<string, unknown>[]> =>
  ask(
    store,
    `SELECT name, engine, partition_key, sorting_key, primary_key FROM system.tables
     WHERE database = 'earshot' AND name IN ('${tables.join("', '")}') ORDER BY name`,
  );

/** Rows as a version wrote them that knew only these tables and columns. */
async function writeAs(version: Columns, rows: readonly TableRow[]): Promise<void> {
  for (const { table, row } of rows) {
    const known = Object.entries(row).filter(([column]) => version.has(`${table}.${column}`));
    if (known.length === 0) continue;
    await store.writing.insert({
      table: `earshot.${table}`,
      values: [Object.fromEntries(known)],
      format: 'JSONEachRow',
      clickhouse_settings: {
        async_insert: 0,
        date_time_input_format: 'best_effort',
        input_format_skip_unknown_fields: 0,
      },
    });
  }
}

const STATE: Readonly<Record<string, unknown>> = {
  tenant: 'acme',
  call_id: 'running',
  seq: 7,
  taken: 9,
  state_version: 3,
  ended: false,
  opened: '',
  state: 'c2VhbGVk',
};

/** A call and all that there can be of it. */
function rowsOfCall(callId: string): TableRow[] {
  const call = sampleOpenCall(callId);
  return [
    ...rowsOf(sampleFacts(call), call),
    ...sampleReportRows(call),
    { table: 'call_states', row: { ...STATE, call_id: callId } } as TableRow,
    { table: 'otel_traces', row: spanRow(span(call.traceId)) },
  ];
}

const span = (traceId: string) => ({
  tenant: 'acme',
  traceId,
  spanId: '00f067aa0ba902b7',
  parentSpanId: '',
  traceState: '',
  name: 'chat',
  kind: 'Internal' as const,
  serviceName: 'agent',
  resourceAttributes: {},
  scopeName: '',
  scopeVersion: '',
  attributes: {},
  startNs: BigInt(Date.now()) * 1_000_000n,
  durationNs: 1n,
  statusCode: 'Unset' as const,
  statusMessage: '',
  events: [],
  links: [],
});

async function checkRead(callId: string): Promise<void> {
  const reader = createCallReader(store);
  const record = await reader.call('acme', callId);
  assert.deepEqual([record?.state, record?.duration_ms, record?.yielded], ['ended', 20_000, 1]);
  const facts = await reader.facts('acme', callId, { limit: 1_000 });
  const told = sampleFacts(sampleOpenCall(callId)).filter(
    ({ kind, status }) => kind !== 'frames' && status === 'final',
  );
  assert.deepEqual(new Set(facts.map(({ id }) => id)), new Set(told.map(({ id }) => id)));
  assert.equal((await reader.frames('acme', callId, 0, 10_000, 'agent')).length, 1);
}

for (let count = 2; count <= once.length; count += 1) {
  const last = once[count - 1];
  test(`a store that was made up to ${last} is brought up to date with all its rows, and its writers go on`, async () => {
    await emptied();
    const older = folderOf(once.slice(0, count));
    await migrate(store, { folder: older });
    const version = await columnsNow();
    const tables = [...new Set([...version.keys()].map((name) => name.split('.')[0]))];
    const keys = await keysNow(tables);
    await writeAs(version, rowsOfCall('before'));
    const written = await Promise.all(tables.map((table) => countOf(store, `earshot.${table}`)));

    const applied = await migrate(store);
    assert.deepEqual(applied, files.slice(count));

    const now = await columnsNow();
    const changed = [...version].filter(([name, type]) => now.get(name) !== type);
    assert.deepEqual(changed, [], 'columns that are gone or of another type');
    assert.deepEqual(await keysNow(tables), keys);
    const kept = await Promise.all(
      tables.map((table) =>
        countOf(store, `earshot.${table}${table === 'migrations' ? " WHERE position(name, '_views') = 0" : ''}`),
      ),
    );
    const expected = written.map((rows, i) => (tables[i] === 'migrations' ? rows + once.length - count : rows));
    assert.deepEqual(kept, expected);
    await checkRead('before');

    assert.deepEqual(await migrate(store, { folder: older }), [], 'a process of the older version that starts now');
    await writeAs(version, rowsOfCall('meanwhile'));
    await checkRead('meanwhile');
    for (const { name } of await ask(
      store,
      "SELECT name FROM system.tables WHERE database = 'earshot' AND engine = 'View'",
    )) {
      await countOf(store, `earshot.${String(name)}`);
    }
  });
}

test('a process of the older version does not put its views back', async () => {
  await emptied();
  await migrate(store);
  const newer = folderOf(files);
  const views = files.find((name) => name.endsWith('_views.sql')) ?? assert.fail('no views');
  appendFileSync(join(newer, views), '\nCREATE OR REPLACE VIEW earshot.v_speech AS SELECT 1 AS added;\n');
  assert.deepEqual(await migrate(store, { folder: newer }), [views]);
  assert.deepEqual(await migrate(store), []);
  assert.deepEqual(await ask(store, 'SELECT * FROM earshot.v_speech'), [{ added: 1 }]);
  assert.deepEqual(await migrate(store, { folder: newer }), []);
});
