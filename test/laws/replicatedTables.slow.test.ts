/**
 * What `earshot migrate` says to a cluster, asked of the real engine: it reads every statement as one for the cluster, and makes the
 * replicated tables. An embedded engine has no port for other replicas, so its tables stay read-only: what alters them and what is
 * inserted is not tried here, nor is the handing out to other servers.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { onCluster } from '../../adapters/clickhouse/onCluster.ts';
import { sqlStatements } from '../../adapters/clickhouse/sqlStatements.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { TABLES } from '../../core/rows/tables.ts';
import type { EngineReport } from './replicatedEngine.ts';

const SQL = join(packageRoot, 'deploy', 'clickhouse');
const CLUSTER = 'earshot_main';

const statements = readdirSync(SQL)
  .filter((name) => name.endsWith('.sql'))
  .sort()
  .flatMap((name) => sqlStatements(readFileSync(join(SQL, name), 'utf8')))
  .map((statement) => onCluster(statement, CLUSTER));

async function askEngine(): Promise<EngineReport> {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-replicated-'));
  const engine = fork(fileURLToPath(new URL('./replicatedEngine.js', import.meta.url)));
  try {
    engine.send({ folder, statements, cluster: CLUSTER });
    const [report] = (await Promise.race([once(engine, 'message'), failing(engine)])) as [EngineReport];
    return report;
  } finally {
    engine.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function failing(engine: ReturnType<typeof fork>): Promise<never> {
  await once(engine, 'exit');
  throw new Error('the engine ended without a report');
}

test('the engine reads every statement as one for the cluster, and makes every table a replicated one with its window', async () => {
  const { read, tables, replicas } = await askEngine();
  assert.equal(read.length, statements.length);
  for (const statement of read) assert.match(statement, new RegExp(`ON CLUSTER ${CLUSTER}`));
  for (const { name, engine, engine_full } of tables) {
    assert.match(engine, /^Replicated/, name);
    assert.ok(engine_full.includes(`'/clickhouse/tables/{shard}/earshot/${name}', '{replica}'`), engine_full);
    if (name !== 'migrations') assert.match(engine_full, /[ ,]replicated_deduplication_window = 10000/);
  }
  const names = tables.map(({ name }) => name);
  for (const table of Object.keys(TABLES)) assert.ok(names.includes(table), table);
  assert.deepEqual(replicas.map(({ table }) => table).sort(), names.sort());
  for (const { table, zookeeper_path } of replicas)
    assert.equal(zookeeper_path, `/clickhouse/tables/01/earshot/${table}`);
});
