/** The names by which spans speak of calls are the same here and in the store. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { CALL_ATTRIBUTES } from './callKeys.ts';

test('earshot.trace_calls is filled by the same attributes', () => {
  const sql = readFileSync(join(packageRoot, 'deploy', 'clickhouse', '005_reports.sql'), 'utf8');
  const [, list] = /\[((?:'[\w.]+',?\s*)+)\] AS names/.exec(sql) ?? [];
  assert.deepEqual([...list.matchAll(/'([\w.]+)'/g)].map(([, name]) => name).sort(), [...CALL_ATTRIBUTES].sort());
});
