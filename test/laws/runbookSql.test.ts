/** What the runbook asks the store can be asked. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';

test('every query of the runbook runs', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'earshot-runbook-'));
  const store = await openStore({ kind: 'embedded', dataDir });
  t.after(async () => {
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  await migrate(store);
  const text = readFileSync(join(packageRoot, 'docs', 'runbook.md'), 'utf8');
  const queries = [...text.matchAll(/`((?:SELECT|SHOW) [^`]+)`/g)].map(([, query]) => query.replaceAll('\n', ' '));
  assert.ok(queries.length >= 5);
  for (const query of queries) await store.reading.query({ query, format: 'JSONEachRow' }).then((rows) => rows.json());
});
