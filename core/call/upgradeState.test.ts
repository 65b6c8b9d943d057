/** States of every version that may still lie in a store: each goes on to exactly what a call that ran through tells. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { InvalidInput } from '../units/errors.ts';
import {
  savedHalfway,
  stateFixture,
  stateFixturePath,
  toldFromHalfway,
  UPGRADE_AUDIO,
} from '../../test/support/upgradeCall.ts';
import { CALL_STATE_VERSION } from './call.ts';
import { OLDEST_STATE_VERSION, STATE_HISTORY, upgradeState, type StateHistory } from './upgradeState.ts';

const versions = Array.from(
  { length: CALL_STATE_VERSION - OLDEST_STATE_VERSION + 1 },
  (_, i) => OLDEST_STATE_VERSION + i,
);

test('every version since the oldest has a kept state, and all but the newest a step to the next', () => {
  for (const version of versions) {
    assert.ok(
      existsSync(stateFixturePath(version)),
      `no state of version ${version} is kept: run "npm run state:fixture" with the code of that version and commit ${stateFixturePath(version)}`,
    );
  }
  for (const version of versions.slice(0, -1)) {
    assert.equal(
      typeof STATE_HISTORY.steps[version],
      'function',
      `CALL_STATE_VERSION is ${CALL_STATE_VERSION}, and no step in core/call/upgradeState.ts leads on from ${version}: running calls would begin anew`,
    );
  }
  assert.deepEqual(
    Object.keys(STATE_HISTORY.steps).map(Number),
    versions.slice(0, -1),
    'steps from versions that nobody has',
  );
});

test('the call that the kept states are of has not changed', () => {
  const sha256 = createHash('sha256').update(UPGRADE_AUDIO).digest('hex');
  assert.equal(sha256, '600f02af7988f9cc99bd4fbc3528fbb669b3475024a596248be9ad0c37b4aaa1');
});

for (const version of versions) {
  test(`a state of version ${version} goes on to what the call that ran through tells`, () => {
    const state = upgradeState({ stateVersion: version, open: () => stateFixture(version) });
    const { calm, goneOn } = toldFromHalfway(state);
    const told = (facts: typeof calm): string[] =>
      facts.map((fact) => `${fact.kind} ${fact.status} ${fact.revision} ${fact.id}`);
    assert.ok(calm.some(({ kind, status }) => kind === 'interruption' && status === 'final'));
    assert.deepEqual(told(goneOn), told(calm));
  });
}

test('a state of today has the shape of the kept one: what changes it raises CALL_STATE_VERSION', () => {
  assert.deepEqual(
    differences('state', stateFixture(CALL_STATE_VERSION), savedHalfway()),
    [],
    'the shape of the state has changed: raise CALL_STATE_VERSION and write the step',
  );
});

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
const typeName = (value: unknown): string =>
  typeof value === 'object' && value !== null ? value.constructor.name : typeof value;

/** Of names and types: values may differ, and what is null or an empty list at this moment says nothing. */
function differences(path: string, kept: unknown, now: unknown): string[] {
  if (kept === null || now === null) return [];
  if (typeName(kept) !== typeName(now)) return [`${path}: ${typeName(kept)} has become ${typeName(now)}`];
  if (Array.isArray(kept) && Array.isArray(now)) {
    return kept.length === 0 || now.length === 0 ? [] : differences(`${path}[]`, kept[0], now[0]);
  }
  if (!isPlain(kept) || !isPlain(now)) return [];
  return [...new Set([...Object.keys(kept), ...Object.keys(now)])].flatMap((name) => {
    if (!(name in now)) return [`${path}.${name} is gone`];
    return name in kept ? differences(`${path}.${name}`, kept[name], now[name]) : [`${path}.${name} is new`];
  });
}

test('such a change is seen', () => {
  const kept = { a: [{ b: 1 }], c: new Float32Array(1), d: null, e: 'x' };
  assert.deepEqual(differences('s', kept, { a: [{ b: 2 }], c: new Float32Array(2), d: 1, e: 'y' }), []);
  assert.deepEqual(differences('s', kept, { a: [{ b: '2', n: 1 }], c: new Float64Array(1), d: null }), [
    's.a[].b: number has become string',
    's.a[].n is new',
    's.c: Float32Array has become Float64Array',
    's.e is gone',
  ]);
});

const history: StateHistory = {
  version: 6,
  steps: {
    4: (state) => ({ ...(state as object), five: true }),
    5: (state) => ({ ...(state as object), six: Object.keys(state as object) }),
  },
};
const refuses = (
  stateVersion: number,
  got: RegExp,
  open: () => unknown = () => assert.fail('not to be opened'),
): void =>
  assert.throws(
    () => upgradeState({ stateVersion, open }, history),
    (error) => error instanceof InvalidInput && error.code === 'state_unreadable' && got.test(error.got),
  );

test('steps are taken one after another, and none for a state of today', () => {
  const from = (stateVersion: number): unknown => upgradeState({ stateVersion, open: () => ({ old: 1 }) }, history);
  assert.deepEqual(from(4), { old: 1, five: true, six: ['old', 'five'] });
  assert.deepEqual(from(5), { old: 1, six: ['old'] });
  assert.deepEqual(from(6), { old: 1 });
});

test('a newer state, and one from before the first step, are unreadable without being opened', () => {
  refuses(7, /^version 7$/);
  refuses(3, /^version 3$/);
});

test('a state that a step cannot take is unreadable, not a fault of the call', () => {
  const steps = { ...history.steps, 5: () => (undefined as unknown as { a: { b: 1 } }).a.b };
  assert.throws(
    () => upgradeState({ stateVersion: 4, open: () => ({}) }, { version: 6, steps }),
    /state_unreadable.*of version 4 that cannot be upgraded \(TypeError/,
  );
});
