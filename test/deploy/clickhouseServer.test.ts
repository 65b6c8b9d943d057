/**
 * deploy/clickhouse-server and deploy/grafana held against the engine that the tests run on, started with these very files: what the
 * roles do, done with the grants of `earshot` and no others, and what Grafana asks, asked as `earshot_reader`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { openClickhouseFront, type ClickhouseFront } from '../support/clickhouseFront.ts';
import { engineArgsAs, type ClickhouseUser } from '../support/clickhouseUsers.ts';
import { storeLaws } from '../support/storeLaws/storeLaws.ts';
import { ask, countOf } from '../support/storeLaws/storeProbe.ts';

const files = join(packageRoot, 'deploy', 'clickhouse-server');
const xmlOf = (name: string): string => readFileSync(join(files, name), 'utf8').replace(/<!--[^]*?-->/g, '');

const folder = mkdtempSync(join(tmpdir(), 'earshot-server-'));
let front: ClickhouseFront;
let store: Store;
async function openAs(user: ClickhouseUser): Promise<void> {
  const engineArgs = engineArgsAs(user, join(folder, user));
  front = await openClickhouseFront({ dataDir: join(folder, 'data'), engineArgs });
  store = await openStore({ kind: 'server', url: front.url });
}
async function close(): Promise<void> {
  await store.close();
  await front.close();
}
before(() => openAs('earshot'));
after(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

/** Of the elements directly within the one that is named. */
function namesIn(xml: string, element: string): string[] {
  const body = new RegExp(`<${element}>([^]*?)</${element}>`).exec(xml)?.[1] ?? '';
  return [...body.matchAll(/<(\w+)>[^<]*<\/\1>/g)].map(([, name]) => name);
}

test('the profiles hold settings that the engine has, and they hold for the roles', async () => {
  const known = new Set((await ask(store, 'SELECT name FROM system.settings')).map(({ name }) => name));
  for (const profile of ['earshot', 'earshot_reader']) {
    const names = namesIn(xmlOf('users.xml').split('</profiles>')[0], profile);
    assert.ok(names.length >= 5, profile);
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
    );
  }
  const settings = await ask(
    store,
    "SELECT name, value FROM system.settings WHERE name IN ('max_execution_time', 'insert_deduplicate') ORDER BY name",
  );
  assert.deepEqual(settings, [
    { name: 'insert_deduplicate', value: '1' },
    { name: 'max_execution_time', value: '25' },
  ]);
});

/** Sections that are no settings of the server by the engine's own list, but of its configuration. */
const SECTIONS = ['listen_host', 'logger', 'query_log', 'part_log', 'core_dump'];

test('config.xml holds settings and sections that the engine has', async () => {
  const known = new Set((await ask(store, 'SELECT name FROM system.server_settings')).map(({ name }) => name));
  const names = [...xmlOf('config.xml').matchAll(/^ {4}<(\w+)>/gm)].map(([, name]) => name);
  const settings = names.filter((name) => !SECTIONS.includes(name));
  assert.deepEqual(settings, ['max_server_memory_usage_to_ram_ratio', 'max_concurrent_queries', 'keep_alive_timeout']);
  assert.deepEqual(
    settings.filter((name) => !known.has(name)),
    [],
  );
  const taken = await ask(
    store,
    "SELECT name, value FROM system.server_settings WHERE name = 'keep_alive_timeout' OR name LIKE '%_to_ram_ratio' AND changed ORDER BY name",
  );
  assert.deepEqual(taken, [
    { name: 'keep_alive_timeout', value: '30' },
    { name: 'max_server_memory_usage_to_ram_ratio', value: '0.8' },
  ]);
});

/** What the server's own file turns on, that takes a row a query, a part or a second and is never deleted. */
const GROWING = ['text_log', 'trace_log', 'metric_log', 'query_metric_log', 'latency_log', 'error_log'];

test("of the server's own logs, what is kept is deleted in time, and what would grow without an end is taken away", () => {
  const config = xmlOf('config.xml');
  for (const name of GROWING) assert.ok(config.includes(`<${name} remove="1"/>`), name);
  const kept = [...config.matchAll(/<(\w+_log)>([^]*?)<\/\1>/g)];
  assert.deepEqual(
    kept.map(([, name]) => name),
    ['query_log', 'part_log'],
  );
  for (const [, name, body] of kept) assert.match(body, /<ttl>event_date \+ INTERVAL 7 DAY DELETE<\/ttl>/, name);
});

storeLaws('with the grants of the roles', () => store);

async function textOf(query: string): Promise<string> {
  const { stream } = await store.writing.exec({ query });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return chunks.join('').trim();
}
const isGranted = async (grant: string): Promise<boolean> => (await textOf(`CHECK GRANT ${grant}`)) === '1';

/** What is not tried by the laws, since this engine has no replicas; and tables that a server asks a grant for, but not this engine. */
const OF_CLUSTERS = ['CLUSTER ON *.*', 'SYSTEM SYNC REPLICA ON earshot.*'];
const OF_SYSTEM = ['system.clusters', 'system.tables'];

test('the roles may do what a cluster needs, and nothing to users, other databases or the server', async () => {
  for (const grant of OF_CLUSTERS) assert.equal(await isGranted(grant), true, grant);
  const granted = await textOf('SHOW GRANTS');
  for (const table of OF_SYSTEM) assert.ok(granted.includes(`GRANT SELECT ON ${table} TO`), granted);
  for (const grant of [
    'CREATE USER ON *.*',
    'CREATE TABLE ON other.*',
    'DROP DATABASE ON earshot.*',
    'TRUNCATE ON earshot.*',
    'SYSTEM SHUTDOWN ON *.*',
    'FILE ON *.*',
    'URL ON *.*',
    'REMOTE ON *.*',
  ]) {
    assert.equal(await isGranted(grant), false, grant);
  }
  await assert.rejects(store.writing.command({ query: 'CREATE DATABASE other' }), /Not enough privileges/);
  await assert.rejects(ask(store, "SELECT * FROM url('http://127.0.0.1:9/', 'CSV')"), /Not enough privileges/);
});

test('every statement about the system that the code has is among the grants', () => {
  const code = ['adapters', 'services', 'cli', 'core']
    .flatMap((room) =>
      readdirSync(join(packageRoot, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
    )
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(packageRoot, name), 'utf8'))
    .join('\n');
  const tables = new Set([...code.matchAll(/\bFROM system\.(\w+)/g)].map(([, table]) => table));
  const doings = new Set([...code.matchAll(/'(SYSTEM [A-Z ]+?) earshot\./g)].map(([, doing]) => doing));
  assert.deepEqual([...tables].map((table) => `system.${table}`).sort(), OF_SYSTEM);
  assert.deepEqual(
    [...doings].map((doing) => `${doing} ON earshot.*`),
    OF_CLUSTERS.slice(1),
  );
});

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly rawSql: string }[];
  }[];
}

/** The macros of the data source, as it replaces them. */
const withMacros = (sql: string): string =>
  sql.replace(
    /\$__timeFilter\((\w+)\)/g,
    (_, column: string) => `${column} >= toDateTime(${nowS() - 3_600}) AND ${column} <= toDateTime(${nowS() + 60})`,
  );
const nowS = (): number => Math.round(Date.now() / 1_000);

test('every panel of Grafana gets an answer as earshot_reader, of the calls that the laws stored', async () => {
  await close();
  await openAs('earshot_reader');
  const dashboards = join(packageRoot, 'deploy', 'grafana', 'dashboards');
  for (const name of readdirSync(dashboards)) {
    const { panels } = JSON.parse(readFileSync(join(dashboards, name), 'utf8')) as Dashboard;
    assert.ok(panels.length >= 5);
    for (const { title, targets } of panels) {
      for (const { rawSql } of targets) {
        const rows = await ask(store, withMacros(rawSql));
        assert.ok(rows.length > 0, `${title} shows something`);
        const [{ time }] = rows;
        if (rawSql.includes(' AS time')) assert.match(String(time), /^\d{4}-\d\d-\d\d /, title);
      }
    }
  }
});

test('earshot_reader reads every view and changes nothing', async () => {
  const views = await ask(store, "SELECT name FROM system.tables WHERE database = 'earshot' AND engine = 'View'");
  assert.ok(views.length > 20);
  for (const { name } of views) await countOf(store, `earshot.${String(name)}`);
  for (const query of [
    "INSERT INTO earshot.migrations (name, sha256) VALUES ('a', 'b')",
    'ALTER TABLE earshot.facts DELETE WHERE 1',
    'DROP TABLE earshot.facts',
    'CREATE TABLE earshot.mine (a UInt8) ENGINE = MergeTree ORDER BY a',
    'SYSTEM STOP MERGES earshot.facts',
  ]) {
    await assert.rejects(store.writing.command({ query }), /Not enough privileges|readonly/, query);
  }
});
