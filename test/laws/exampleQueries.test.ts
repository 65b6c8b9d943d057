/** The example queries run, answer, and use nothing but the documented views. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { createRowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { factRows } from '../../core/rows/factRows.ts';
import { sampleFacts, sampleOpenCall } from '../support/sampleCall.ts';
import { sampleReportRows } from '../support/sampleReports.ts';

const folder = join(packageRoot, 'examples', 'queries');
const dataDir = mkdtempSync(join(tmpdir(), 'earshot-queries-'));
let store: Store;

before(async () => {
  store = await openStore({ kind: 'embedded', dataDir });
  await migrate(store);
  const writer = createRowWriter(store, { rowsMax: 1_000, waitMs: 1, pendingRowsMax: 10_000 });
  for (const [callId, talkRatio] of [
    ['demo-call', 0.6],
    ['monologue', 0.95],
  ] as const) {
    const call = sampleOpenCall(callId);
    const facts = sampleFacts(call).map((fact) => (fact.kind === 'summary' ? { ...fact, talkRatio } : fact));
    await writer.append([...facts.flatMap((fact) => factRows(fact, call)), ...sampleReportRows(call)]);
  }
  await writer.close();
});
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

for (const name of readdirSync(folder)) {
  test(`${name} asks its question first, uses views only, and has an answer`, async () => {
    const text = readFileSync(join(folder, name), 'utf8');
    assert.match(text, /^-- .*\?/, 'opens with its question');
    const sources = [...text.matchAll(/\b(?:FROM|JOIN)\s+(\S+)/g)].map(([, source]) => source);
    assert.ok(sources.length > 0);
    for (const source of sources) assert.match(source, /^earshot\.v_[a-z_]+$/);
    const rows = await (await store.reading.query({ query: text, format: 'JSONEachRow' })).json();
    assert.ok(rows.length > 0, 'no rows');
  });
}
