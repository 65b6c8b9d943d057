/**
 * What Earshot takes for granted of ClickHouse when an insert is tried again, asked of the engine that is installed. A new version of
 * chdb that answers otherwise fails here, and the writer has to be looked at before it is taken.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { factRows } from '../../core/rows/factRows.ts';
import { sampleOpenCall } from '../support/sampleCall.ts';
import { ask, countOf, speechFact, writerOf } from '../support/storeLaws/storeProbe.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'earshot-rules-'));
let store: Store;
before(async () => {
  store = await openStore({ kind: 'embedded', dataDir });
  await migrate(store);
});
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const command = (query: string): Promise<unknown> => store.writing.command({ query });

interface TableOptions {
  readonly window?: number;
  readonly partitionBy?: string;
}

async function table(name: string, { window, partitionBy = 'tuple()' }: TableOptions = {}): Promise<void> {
  const settings = window === undefined ? '' : ` SETTINGS non_replicated_deduplication_window = ${window}`;
  await command(
    `CREATE TABLE default.${name} (n UInt32) ENGINE = MergeTree PARTITION BY ${partitionBy} ORDER BY n${settings}`,
  );
}

/** Inserts these numbers. */
function insert(name: string, numbers: readonly number[], token = '', settings = 'async_insert = 0'): Promise<unknown> {
  const values = numbers.map((number) => `(${number})`).join(', ');
  return command(
    `INSERT INTO default.${name} SETTINGS ${settings}, insert_deduplication_token = '${token}' VALUES ${values}`,
  );
}

const numbersIn = async (name: string): Promise<number[]> =>
  (await ask(store, `SELECT n FROM default.${name} ORDER BY n`)).map(({ n }) => Number(n));

test('token: without a window nothing is told from a repeat, with one the same token is', async () => {
  await table('no_window');
  await table('window', { window: 100 });
  for (const name of ['no_window', 'window']) for (let i = 0; i < 2; i += 1) await insert(name, [1], 'token');
  assert.deepEqual(await numbersIn('no_window'), [1, 1]);
  assert.deepEqual(await numbersIn('window'), [1]);
});

test('every table that rows are written to has a window of 10,000', async () => {
  const tables = await ask(
    store,
    `SELECT name, engine_full FROM system.tables WHERE database = 'earshot' AND engine LIKE '%MergeTree' AND name != 'migrations'`,
  );
  assert.ok(tables.length > 10);
  for (const { name, engine_full } of tables) {
    assert.match(String(engine_full), /non_replicated_deduplication_window = 10000/, String(name));
  }
});

test('superset: under one token more rows are dropped, so a token must be of exactly its rows', async () => {
  await table('superset', { window: 100 });
  await insert('superset', [1], 'token');
  await insert('superset', [1, 2], 'token');
  assert.deepEqual(await numbersIn('superset'), [1], 'the new row is lost without a word');
  await insert('superset', [1, 2], 'token of both');
  assert.deepEqual(await numbersIn('superset'), [1, 1, 2]);
});

test('window: what came before as many newer inserts as the window holds is forgotten', async () => {
  await table('past', { window: 5 });
  await insert('past', [0], 'first');
  for (let n = 1; n <= 4; n += 1) await insert('past', [n], `later ${n}`);
  await insert('past', [0], 'first');
  assert.deepEqual(await numbersIn('past'), [0, 1, 2, 3, 4], 'within the window');
  await insert('past', [5], 'later 5');
  await insert('past', [0], 'first');
  assert.deepEqual(await numbersIn('past'), [0, 0, 1, 2, 3, 4, 5], 'past it');
});

test('partitions: each counts as a block of its own, and one that is missing is made up for', async () => {
  await table('small_window', { window: 3, partitionBy: 'n' });
  await table('parted', { window: 100, partitionBy: 'n' });
  for (let i = 0; i < 2; i += 1) await insert('small_window', [1, 2, 3, 4, 5], 'token');
  assert.ok((await numbersIn('small_window')).length > 5, 'more partitions than the window holds are doubled');
  await insert('parted', [1, 2], 'token');
  await insert('parted', [1, 2, 3], 'token');
  assert.deepEqual(await numbersIn('parted'), [1, 2, 3], 'an insert of which only some partitions were written');
});

test("materialized views: a retry is not counted twice, if the view's table has a window too", async () => {
  await table('viewed', { window: 100 });
  for (const [name, settings] of [
    ['sum_with', ' SETTINGS non_replicated_deduplication_window = 100'],
    ['sum_without', ''],
  ]) {
    await command(`CREATE TABLE default.${name} (n UInt64) ENGINE = SummingMergeTree ORDER BY tuple()${settings}`);
    await command(
      `CREATE MATERIALIZED VIEW default.${name}_mv TO default.${name} AS SELECT sum(n) AS n FROM default.viewed`,
    );
  }
  const settings = 'async_insert = 0, deduplicate_blocks_in_dependent_materialized_views = 1';
  for (let i = 0; i < 2; i += 1) await insert('viewed', [10], 'token', settings);
  const sumOf = async (name: string): Promise<number> =>
    Number((await ask(store, `SELECT sum(n) AS n FROM default.${name}`))[0].n);
  assert.equal(await sumOf('viewed'), 10);
  assert.equal(await sumOf('sum_with'), 10);
  assert.equal(await sumOf('sum_without'), 20);
});

test('async: a token holds for asynchronous inserts too, and across both kinds', async () => {
  await table('async', { window: 100 });
  const settings = 'async_insert = 1, wait_for_async_insert = 1, async_insert_deduplicate = 1';
  for (let i = 0; i < 2; i += 1) await insert('async', [1], 'token', settings);
  assert.deepEqual(await numbersIn('async'), [1]);
  await insert('async', [1], 'token');
  assert.deepEqual(await numbersIn('async'), [1]);
});

test('parts: inserts are delayed at 1,000 and refused at 3,000 parts of a partition', async () => {
  const settings = await ask(
    store,
    "SELECT name, value FROM system.merge_tree_settings WHERE name IN ('parts_to_delay_insert', 'parts_to_throw_insert') ORDER BY name",
  );
  assert.deepEqual(settings, [
    { name: 'parts_to_delay_insert', value: '1000' },
    { name: 'parts_to_throw_insert', value: '3000' },
  ]);
});

test('restart: tokens are remembered', async () => {
  await table('reopened', { window: 100 });
  await insert('reopened', [1], 'token');
  await store.close();
  store = await openStore({ kind: 'embedded', dataDir });
  await insert('reopened', [1], 'token');
  assert.deepEqual(await numbersIn('reopened'), [1]);
});

test("the writer's token and settings stay with its inserts: others by the same connection are not taken for repeats", async () => {
  const call = sampleOpenCall('leak', { tenant: 'leak' });
  const settings = (): Promise<Record<string, unknown>[]> =>
    store.writing
      .query({ query: 'SELECT name, value FROM system.settings WHERE changed ORDER BY name', format: 'JSONEachRow' })
      .then((result) => result.json());
  const settingsBefore = await settings();
  const writer = writerOf(store);
  await writer.append(factRows(speechFact(call, 1), call));
  await writer.close();
  assert.deepEqual(await settings(), settingsBefore);
  const values = "(tenant, call_id, id) VALUES ('leak', 'other', 'a')";
  await command(`INSERT INTO earshot.facts ${values}`);
  await command(`INSERT INTO earshot.facts ${values.replace("'a'", "'b'")}`);
  assert.equal(await countOf(store, "earshot.facts FINAL WHERE tenant = 'leak'"), 3);
});
