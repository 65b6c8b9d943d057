/** Applies deploy/clickhouse/*.sql in the order of their names, each once; a file that changed after it was applied is refused. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInput } from '../../core/units/errors.ts';
import { packageRoot } from '../packageRoot.ts';
import type { Store } from './openStore.ts';
import { sqlStatements } from './sqlStatements.ts';

/**
 * Views hold no data: their file is applied anew whenever it has changed. But not by a process of before that starts during an
 * upgrade: views that were made once and have been replaced since are not put back. What is new in views is only added, so the
 * newest serve everybody.
 */
const REPEATABLE = /_views\.sql$/;

const SQL_FOLDER = join(packageRoot, 'deploy', 'clickhouse');

/** Returns the names of the files that were applied now. Interrupted or run twice at once, it can simply be run again. */
export async function migrate(store: Store, folder = SQL_FOLDER): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const before = await appliedBefore(store);
  const applied: string[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8');
    const sha256 = createHash('sha256').update(text).digest('hex');
    const known = before.get(name);
    if (known === sha256) continue;
    if (known !== undefined && !REPEATABLE.test(name)) throw changed(name, known, sha256);
    if (before.has(versionOf(name, sha256))) continue;
    for (const query of sqlStatements(text)) await store.writing.command({ query });
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

async function appliedBefore({ writing }: Store): Promise<Map<string, string>> {
  const tables = await writing.query({
    query: "SELECT name FROM system.tables WHERE database = 'earshot' AND name = 'migrations'",
    format: 'JSONEachRow',
  });
  if ((await tables.json()).length === 0) return new Map();
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
