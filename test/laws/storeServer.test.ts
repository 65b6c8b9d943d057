/** The store's laws over HTTP, as against a ClickHouse server, and what is special to it: it can be away. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { openClickhouseFront, type ClickhouseFront } from '../support/clickhouseFront.ts';
import { storeLaws } from '../support/storeLaws/storeLaws.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'earshot-store-'));
let front: ClickhouseFront;
let store: Store;

before(async () => {
  front = await openClickhouseFront({ dataDir });
  store = await openStore({ kind: 'server', url: front.url });
});
after(async () => {
  await store.close();
  await front.close();
  rmSync(dataDir, { recursive: true, force: true });
});

storeLaws('server', () => store);

test('a server that is away is told of by its address', async () => {
  await assert.rejects(openStore({ kind: 'server', url: 'http://127.0.0.1:1' }), {
    code: 'store_unavailable',
    message: /expected ClickHouse to answer at http:\/\/127\.0\.0\.1:1; got .*ECONNREFUSED/,
  });
});
