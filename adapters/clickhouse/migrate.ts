/** Applies deploy/clickhouse/*.sql in the order of their names, each once; a file that changed after it was applied is refused. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInput } from '../../core/units/errors.ts';
import { packageRoot } from '../packageRoot.ts';
import type { Store } from './openStore.ts';

/** Files whose statements are all CREATE OR REPLACE VIEW are applied anew whenever they change. */
const REPEATABLE = /_views\.sql$/;

/** Returns the names of the files that were applied now. */
export async function migrate(store: Store): Promise<string[]> {
  const folder = join(packageRoot, 'deploy', 'clickhouse');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const before = await appliedBefore(store);
  const applied: string[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8');
    const sha256 = createHash('sha256').update(text).digest('hex');
    const known = before.get(name);
    if (known === sha256) continue;
    if (known !== undefined && !REPEATABLE.test(name)) {
      throw new InvalidInput('config_invalid', {
        expected: `deploy/clickhouse/${name} as it was applied (sha256 ${known}); changes go into a new file`,
        got: `sha256 ${sha256}`,
      });
    }
    for (const query of statements(text)) await store.writing.command({ query });
    await store.writing.insert({
      table: 'earshot.migrations',
      values: [{ name, sha256 }],
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0 },
    });
    applied.push(name);
  }
  return applied;
}

async function appliedBefore(store: Store): Promise<Map<string, string>> {
  const tables = await store.writing.query({
    query: "SELECT name FROM system.tables WHERE database = 'earshot' AND name = 'migrations'",
    format: 'JSONEachRow',
  });
  if ((await tables.json()).length === 0) return new Map();
  const rows = await store.writing.query({
    query: 'SELECT name, argMax(sha256, applied_at) AS sha256 FROM earshot.migrations GROUP BY name',
    format: 'JSONEachRow',
  });
  return new Map((await rows.json<{ name: string; sha256: string }>()).map(({ name, sha256 }) => [name, sha256]));
}

/** Our files hold no semicolon inside a string; comments are cut off first. */
export const statements = (text: string): string[] =>
  text
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
