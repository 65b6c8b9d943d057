/** The store's laws on the embedded engine, and that a second process is refused with a clear word. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { checkStoreLaws } from './storeLaws.ts';

let folder = '';
let store: Store;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-store-'));
  store = await openStore({ kind: 'embedded', dataDir: folder });
  await migrate(store);
});
after(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

checkStoreLaws('embedded', () => store);

test('a second process is told that the folder is in use', async () => {
  const earshot = join(packageRoot, 'dist', 'cli', 'earshot.js');
  const asked = promisify(execFile)(process.execPath, [earshot, 'query', 'SELECT 1'], {
    env: { ...process.env, EARSHOT_DATA_DIR: folder },
  });
  await assert.rejects(asked, (error: { code: number; stderr: string }) => {
    assert.equal(error.code, 2);
    assert.match(error.stderr, /store_unavailable: expected/);
    return true;
  });
});
