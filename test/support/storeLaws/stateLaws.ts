/** Saved states of calls. */
import assert from 'node:assert/strict';
import { callStateRow, createCallStates } from '../../../adapters/clickhouse/callStates.ts';
import { writerOf, type StoreLaw } from './storeProbe.ts';

export const stateLaws: Readonly<Record<string, StoreLaw>> = {
  "a call's state is what was saved last, and an ended call stays ended": async (store) => {
    const states = createCallStates(store);
    assert.equal(await states.load('acme', 'never'), null);
    const writer = writerOf(store);
    const state = { samples: Float32Array.of(1, -0.5), nested: { bytes: Uint8Array.of(0, 255) }, big: 12n };
    await writer.append([
      callStateRow('acme', 'state', { seq: 3, stateVersion: 1, ended: false, state: { old: true } }),
    ]);
    await writer.append([callStateRow('acme', 'state', { seq: 2 ** 40, stateVersion: 2, ended: false, state })]);
    assert.deepEqual(await states.load('acme', 'state'), { seq: 2 ** 40, stateVersion: 2, ended: false, state });
    assert.equal(await states.load('other', 'state'), null);
    await writer.append([callStateRow('acme', 'state', { seq: 2 ** 40, stateVersion: 2, ended: true, state: null })]);
    await writer.close();
    const ended = { seq: 2 ** 40, stateVersion: 2, ended: true, state: null };
    assert.deepEqual(await states.load('acme', 'state'), ended);
    await store.writing.command({ query: 'OPTIMIZE TABLE earshot.call_states FINAL' });
    assert.deepEqual(await states.load('acme', 'state'), ended, 'also after a merge');
  },
};
