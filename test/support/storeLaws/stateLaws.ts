/** Saved states of calls. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { createCallStates, type CallState } from '../../../adapters/clickhouse/callStates.ts';
import { sqlStatements } from '../../../adapters/clickhouse/sqlStatements.ts';
import { packageRoot } from '../../../adapters/packageRoot.ts';
import { createSealing } from '../../../adapters/sealing/sealing.ts';
import type { TableRow } from '../../../core/rows/tables.ts';
import { sampleOpenCall } from '../sampleCall.ts';
import { ask, writerOf, type StoreLaw } from './storeProbe.ts';

const [OLD, NEW, FOREIGN] = [1, 2, 3].map((fill) => Buffer.alloc(32, fill));
const sealingOf = (...secrets: Buffer[]): ReturnType<typeof createSealing> => createSealing(secrets, 'call-states');
const opened = { call: sampleOpenCall('state'), session: 'first', connectedAtMs: 7 };
const running = (seq: number, state: unknown, taken = seq): CallState => ({
  seq,
  taken,
  stateVersion: 3,
  ended: false,
  opened,
  state,
});

export const stateLaws: Readonly<Record<string, StoreLaw>> = {
  "a call's state is what was saved last, and an ended call stays ended": async (store) => {
    const states = createCallStates(store, sealingOf(NEW));
    assert.equal(await states.load('acme', 'never'), null);
    const writer = writerOf(store);
    const state = { samples: Float32Array.of(1, -0.5), nested: { bytes: Uint8Array.of(0, 255) }, big: 12n };
    await writer.append([states.row('acme', 'state', running(3, { old: true }))]);
    await writer.append([states.row('acme', 'state', running(2 ** 40, state))]);
    const found = await states.load('acme', 'state');
    assert.deepEqual([found?.seq, found?.stateVersion, found?.ended], [2 ** 40, 3, false]);
    assert.deepEqual(found?.open(), state);
    assert.deepEqual(found?.opened, opened);
    await writer.append([states.row('acme', 'state', running(2 ** 40, 'later', 2 ** 40 + 1))]);
    assert.equal((await states.load('acme', 'state'))?.open(), 'later', 'of one seq the one that contains more');
    assert.equal(await states.load('other', 'state'), null);
    await writer.append([states.row('acme', 'state', { ...running(2 ** 40, null), ended: true, opened: null })]);
    await writer.close();
    assert.equal((await states.load('acme', 'state'))?.ended, true);
    await store.writing.command({ query: 'OPTIMIZE TABLE earshot.call_states FINAL' });
    const merged = await states.load('acme', 'state');
    assert.deepEqual([merged?.seq, merged?.ended], [2 ** 40, true], 'also after a merge');
  },
  'a stored state is opened by every secret that is still known, and only at its own place': async (store) => {
    const writer = writerOf(store);
    const row = createCallStates(store, sealingOf(OLD)).row('acme', 'sealed', running(7, { heard: 'nothing' }));
    const moved = { table: row.table, row: { ...row.row, call_id: 'moved' } } as TableRow;
    const ahead = { table: row.table, row: { ...row.row, call_id: 'ahead', seq: 8 } } as TableRow;
    await writer.append([row, moved, ahead]);
    await writer.close();
    const load = (callId: string, ...secrets: Buffer[]) =>
      createCallStates(store, sealingOf(...secrets)).load('acme', callId);
    assert.deepEqual((await load('sealed', NEW, OLD))?.open(), { heard: 'nothing' });
    for (const found of [await load('sealed', FOREIGN), await load('moved', OLD), await load('ahead', OLD)]) {
      assert.throws(() => found?.open(), { code: 'state_unreadable' });
      assert.equal(found?.ended, false, 'where the call stands is known all the same');
    }
  },
  'states of before are emptied, their place in the log stays': async (store) => {
    const audio = serialize({ samples: Int16Array.of(1, 2, 3) }).toString('base64');
    const columns = { tenant: 'acme', seq: 41, taken: 41, ended: false, opened: '', state: audio };
    const writer = writerOf(store);
    await writer.append([
      { table: 'call_states', row: { ...columns, call_id: 'of-before', state_version: 2 } },
      { table: 'call_states', row: { ...columns, call_id: 'of-now', state_version: 3 } },
    ]);
    await writer.close();
    const sql = await readFile(join(packageRoot, 'deploy', 'clickhouse', '006_sealed_states.sql'), 'utf8');
    for (const query of sqlStatements(sql)) await store.writing.command({ query });
    const kept = await ask(
      store,
      "SELECT call_id, toInt32(seq) AS seq, state FROM earshot.call_states WHERE call_id LIKE 'of-%' ORDER BY call_id",
    );
    assert.deepEqual(kept, [
      { call_id: 'of-before', seq: 41, state: '' },
      { call_id: 'of-now', seq: 41, state: audio },
    ]);
    const found = await createCallStates(store, sealingOf(NEW)).load('acme', 'of-before');
    assert.deepEqual([found?.seq, found?.stateVersion], [41, 2]);
  },
  'superseded states are merged away within minutes': async (store) => {
    const [{ engine_full }] = await ask(
      store,
      "SELECT engine_full FROM system.tables WHERE database = 'earshot' AND name = 'call_states'",
    );
    for (const setting of ['min_age_to_force_merge_seconds', 'old_parts_lifetime', 'max_cleanup_delay_period']) {
      assert.match(String(engine_full), new RegExp(`${setting} = 60\\b`));
    }
  },
};
