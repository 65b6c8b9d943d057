/** Applies deploy/clickhouse/*.sql in the order of their names, each once; a file that changed after it was applied is refused. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInput } from '../../core/units/errors.ts';
import { packageRoot } from '../packageRoot.ts';
import type { Store } from './openStore.ts';
import { onCluster } from './onCluster.ts';
import { sqlStatements } from './sqlStatements.ts';

/**
 * Views hold no data: their file is applied anew whenever it has changed. But not by a process of before that starts during an
 * upgrade: views that were made once and have been replaced since are not put back. What is new in views is only added, so the
 * newest serve everybody.
 */
const REPEATABLE = /_views\.sql$/;

const SQL_FOLDER = join(packageRoot, 'deploy', 'clickhouse');

export interface MigrateOptions {
  readonly folder?: string;
  /** Replicated tables on every server of this cluster; empty: plain ones on the server that is asked. */
  readonly cluster?: string;
}

/** Returns the names of the files that were applied now. Interrupted or run twice at once, it can simply be run again. */
export async function migrate(store: Store, options: MigrateOptions = {}): Promise<string[]> {
  const { folder = SQL_FOLDER, cluster = store.cluster } = options;
  if (cluster !== '') await checkCluster(store, cluster);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const before = await appliedBefore(store, cluster);
  const applied: string[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8');
    const sha256 = createHash('sha256').update(text).digest('hex');
    const known = before.get(name);
    if (known === sha256) continue;
    if (known !== undefined && !REPEATABLE.test(name)) throw changed(name, known, sha256);
    if (before.has(versionOf(name, sha256))) continue;
    for (const statement of sqlStatements(text)) {
      await store.writing.command({ query: cluster === '' ? statement : onCluster(statement, cluster) });
    }
    await remember(store, name, sha256);
    if (REPEATABLE.test(name)) await remember(store, versionOf(name, sha256), sha256);
    applied.push(name);
  }
  return applied;
}

/** Kept beside the file's own record, which only knows the last version. */
const versionOf = (name: string, sha256: string): string => `${name}#${sha256}`;

const changed = (name: string, known: string, sha256: string): InvalidInput =>
  new InvalidInput('config_invalid', {
    expected: `deploy/clickhouse/${name} as it was applied (sha256 ${known}); changes go into a new file`,
    got: `sha256 ${sha256}`,
  });

/** Earshot asks one server for everything, so each has to have it all. */
async function checkCluster({ writing }: Store, cluster: string): Promise<void> {
  const result = await writing.query({
    query: 'SELECT toInt32(max(shard_num)) AS shards FROM system.clusters WHERE cluster = {cluster:String}',
    query_params: { cluster },
    format: 'JSONEachRow',
  });
  const [{ shards }] = await result.json<{ shards: number }>();
  if (shards === 1) return;
  throw new InvalidInput('config_invalid', {
    expected: 'a cluster of one shard with any number of replicas, known to the server that is asked',
    got: shards === 0 ? `no cluster ${cluster} in its system.clusters` : `${cluster} of ${shards} shards`,
  });
}

async function appliedBefore({ writing }: Store, cluster: string): Promise<Map<string, string>> {
  const tables = await writing.query({
    query: "SELECT name FROM system.tables WHERE database = 'earshot' AND name = 'migrations'",
    format: 'JSONEachRow',
  });
  if ((await tables.json()).length === 0) return new Map();
  if (cluster !== '') await writing.command({ query: 'SYSTEM SYNC REPLICA earshot.migrations LIGHTWEIGHT' });
  const rows = await writing.query({
    query: 'SELECT name, argMax(sha256, applied_at) AS sha256 FROM earshot.migrations GROUP BY name',
    format: 'JSONEachRow',
  });
  return new Map((await rows.json<{ name: string; sha256: string }>()).map(({ name, sha256 }) => [name, sha256]));
}

const remember = ({ writing }: Store, name: string, sha256: string): Promise<unknown> =>
  writing.insert({
    table: 'earshot.migrations',
    values: [{ name, sha256 }],
    format: 'JSONEachRow',
    clickhouse_settings: { async_insert: 0 },
  });
