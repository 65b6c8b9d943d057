/** A running call whose saved state cannot be read goes on all the same: anew, told of, and nothing durable taken twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TakenEntry } from '../../adapters/bus/bus.ts';
import type { CallState, FoundState } from '../../adapters/clickhouse/callStates.ts';
import type { CallMessage } from '../../core/audio/message.ts';
import { CALL_STATE_VERSION } from '../../core/call/call.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { AGENT, CALLER, DURATION_MS, interleaved, openCall, sideOf } from '../../test/support/calls.ts';
import { fakeBatcher } from '../../test/support/fakeBatcher.ts';
import { createCallRunner, type CallRunner } from './callRunner.ts';

const open = openCall();
const SESSION = 'first';
const payload = interleaved(sideOf(DURATION_MS, CALLER), sideOf(DURATION_MS, AGENT, 8_000, 2));
const MESSAGE_BYTES = 3_200;

const entry = (seq: number, message: CallMessage, own = false): TakenEntry => ({
  tenant: open.tenant,
  callId: open.callId,
  seq,
  own,
  session: SESSION,
  position: seq + 1,
  message,
});
const audioEntry = (seq: number): TakenEntry => {
  const at = seq * MESSAGE_BYTES;
  const piece = payload.subarray(at, at + MESSAGE_BYTES);
  return entry(seq, { type: 'audio', lane: 'both', position: at / 4, payload: piece, arrivedAtMs: at / 32 });
};
const LAST = payload.length / MESSAGE_BYTES - 1;

class World {
  readonly facts: Fact[] = [];
  readonly saved: CallState[] = [];
  readonly committed: number[] = [];
  readonly lost: InvalidInput[] = [];
  readonly failures: Error[] = [];

  runner(found: FoundState | null): CallRunner {
    const runner = createCallRunner(
      open,
      {
        batcher: fakeBatcher,
        load: () => Promise.resolve(found),
        record: () => Promise.resolve(),
        store: () => Promise.resolve(),
        save: (_, saved) => Promise.resolve(void this.saved.push(saved)),
        commit: (_, position) => void this.committed.push(position),
        begun: () => undefined,
        tell: (fact) => void this.facts.push(fact),
        report: ({ error }) => void this.failures.push(error),
        reportLost: ({ error }) => void this.lost.push(error),
      },
      2_000,
      () => undefined,
    );
    runner.take(entry(-1, { type: 'open', call: open, connectedAtMs: 0 }, true));
    return runner;
  }
}

const foundAt = (seq: number, changes: Partial<FoundState>): FoundState => ({
  seq,
  taken: seq + 2,
  opened: { call: open, session: SESSION, connectedAtMs: 0 },
  stateVersion: CALL_STATE_VERSION,
  ended: false,
  open: () => assert.fail('not to be opened'),
  ...changes,
});
const sealedByOthers = (): never => {
  throw new InvalidInput('state_unreadable', { expected: 'a known key', got: 'key 00000000' });
};
const close: CallMessage = { type: 'close', reason: 'completed', errorCode: '', errorText: '' };

for (const [name, changes, message] of [
  ['its key is lost', { open: sealedByOthers }, /key 00000000/],
  ['it is of another version', { stateVersion: 1 }, /expected a state of version \d+; got version \d+/],
] as const) {
  test(`${name}: the call begins anew after what is durable, and comes to its end`, async () => {
    const world = new World();
    const runner = world.runner(foundAt(60, changes));
    // What is durable comes again nevertheless: from a bus that replays, say.
    for (let seq = 55; seq <= LAST; seq += 1) runner.take(audioEntry(seq));
    runner.take(entry(LAST + 1, close));
    await runner.idle();
    assert.deepEqual([world.lost.length, world.lost[0].code, world.failures], [1, 'state_unreadable', []]);
    assert.match(world.lost[0].message, message);
    const gaps = world.facts.filter((fact) => fact.kind === 'gap' && fact.status === 'final');
    const fromSample = 61 * (MESSAGE_BYTES / 4) * 2;
    assert.deepEqual(
      gaps.map((gap) => gap.kind === 'gap' && [gap.startSample, gap.endSample, gap.reason]),
      [
        [0, fromSample, 'restart'],
        [0, fromSample, 'restart'],
      ],
    );
    assert.ok(world.saved.every(({ seq }) => seq > 60));
    const last = world.saved.at(-1);
    assert.deepEqual([last?.seq, last?.ended, last?.opened, last?.state], [LAST + 1, true, null, null]);
    assert.equal(world.committed.at(-1), LAST + 2, 'the position of the last entry');
    assert.equal(world.facts.filter(({ kind }) => kind === 'call_ended').length, 1);
  });
}

test('stopped before anything more came, it begins anew at the same message, and is told of once', async () => {
  const world = new World();
  await world.runner(foundAt(60, { open: sealedByOthers })).park();
  const [saved] = world.saved;
  assert.deepEqual([saved.seq, saved.ended], [60, false]);
  const runner = world.runner(foundAt(60, { open: () => structuredClone(saved.state) }));
  for (let seq = 61; seq <= LAST; seq += 1) runner.take(audioEntry(seq));
  runner.take(entry(LAST + 1, close));
  await runner.idle();
  assert.equal(world.lost.length, 1);
  const reasons = world.facts.flatMap((fact) => (fact.kind === 'gap' ? [fact.reason] : []));
  assert.deepEqual(new Set(reasons), new Set(['restart']));
});

test('its client never comes back: the call ends where it stood', async () => {
  const world = new World();
  const runner = world.runner(foundAt(60, { open: sealedByOthers }));
  runner.take(entry(60, { ...close, reason: 'client_vanished' }, true));
  await runner.idle();
  assert.deepEqual(
    world.saved.map(({ seq, ended }) => [seq, ended]),
    [[60, true]],
  );
  assert.deepEqual(world.committed, [61]);
});
