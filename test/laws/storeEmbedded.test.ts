/** The store's laws on the embedded engine, and what is special to it: one process a folder. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { storeLaws } from '../support/storeLaws/storeLaws.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'earshot-store-'));
let store: Store;

before(async () => {
  store = await openStore({ kind: 'embedded', dataDir });
});
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

storeLaws('embedded', () => store);

test('a second process on the folder is told so', () => {
  const openStoreUrl = new URL('../../adapters/clickhouse/openStore.js', import.meta.url).href;
  const script = `
    const { openStore } = await import(${JSON.stringify(openStoreUrl)});
    await openStore({ kind: 'embedded', dataDir: ${JSON.stringify(dataDir)} }).then(
      () => console.log('opened'),
      (error) => console.log(error.code, error.expected),
    );`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.match(said, /^store_unavailable the data folder .* to be free/);
});

test('a second folder in one process is refused, and the first goes on', async () => {
  const other = mkdtempSync(join(tmpdir(), 'earshot-store-'));
  await assert.rejects(openStore({ kind: 'embedded', dataDir: other }), { code: 'store_unavailable' });
  assert.equal(await store.ping(), true);
  rmSync(other, { recursive: true, force: true });
});

test('closed under a running query it waits for that, and the folder opens again as it was', async () => {
  const countCalls = async (): Promise<unknown> => {
    const result = await store.reading.query({
      query: 'SELECT count() AS n FROM earshot.v_calls',
      format: 'JSONEachRow',
    });
    return (await result.json<{ n: unknown }>())[0].n;
  };
  const calls = await countCalls();
  const slow = store.reading
    .query({ query: 'SELECT max(sipHash64(number)) FROM numbers(30000000)', format: 'JSONEachRow' })
    .then(
      () => 'answered',
      () => 'refused',
    );
  await store.close();
  assert.equal(await slow, 'answered');
  store = await openStore({ kind: 'embedded', dataDir });
  assert.deepEqual(await migrate(store), []);
  assert.equal(await countCalls(), calls);
});
