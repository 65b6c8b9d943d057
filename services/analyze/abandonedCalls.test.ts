/** Calls that nobody else ends: when they are looked for, what is put into their logs, and when it is left alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallName, LogEntry } from '../../adapters/bus/bus.ts';
import type { StandingCall } from '../../adapters/clickhouse/callStates.ts';
import { Busy } from '../../core/units/errors.ts';
import { endAbandonedCalls, type AbandonedOptions } from './abandonedCalls.ts';

const call: StandingCall = { tenant: 'acme', callId: 'left', seq: 7, taken: 12, session: 'first' };
const SETTLE_MS = 30_000;

class World {
  nowMs = 0;
  isUpToDate = true;
  readonly published: LogEntry[] = [];
  readonly abandoned: CallName[] = [];
  readonly troubles: Error[] = [];
  readonly asked: [number, number][] = [];
  readonly stop: () => void;
  #look = (): void => undefined;

  constructor(changes: Partial<AbandonedOptions> = {}) {
    this.stop = endAbandonedCalls({
      bus: { publish: (entry) => Promise.resolve(void this.published.push(entry)) },
      states: {
        standing: (forMs, callsMax) => {
          this.asked.push([forMs, callsMax]);
          return Promise.resolve([call]);
        },
      },
      abandonedAfterMs: 1_800_000,
      settleMs: SETTLE_MS,
      isUpToDate: () => this.isUpToDate,
      onAbandoned: (name) => this.abandoned.push(name),
      onTrouble: (error) => this.troubles.push(error),
      nowMs: () => this.nowMs,
      every: (_, look) => {
        this.#look = look;
        return () => (this.#look = () => undefined);
      },
      ...changes,
    });
  }

  async lookAt(nowMs: number): Promise<void> {
    this.nowMs = nowMs;
    this.#look();
    await new Promise(setImmediate);
  }
}

test('the end of an abandoned call goes into its log, in the name of its session and of the place where it stands', async () => {
  const world = new World();
  await world.lookAt(SETTLE_MS);
  assert.deepEqual(world.asked, [[1_800_000, 100]]);
  assert.deepEqual(world.published, [
    {
      tenant: 'acme',
      callId: 'left',
      seq: 7,
      own: true,
      session: 'first@12',
      message: { type: 'close', reason: 'client_vanished', errorCode: '', errorText: '' },
    },
  ]);
  assert.deepEqual(world.abandoned, [{ tenant: 'acme', callId: 'left' }]);
});

test('clients get time to come back after a start, and after each time in which the log was not read to its end', async () => {
  const world = new World();
  await world.lookAt(SETTLE_MS - 1);
  assert.deepEqual(world.asked, []);
  world.isUpToDate = false;
  await world.lookAt(100_000);
  world.isUpToDate = true;
  await world.lookAt(100_000 + SETTLE_MS - 1);
  assert.deepEqual(world.asked, []);
  await world.lookAt(100_000 + SETTLE_MS);
  assert.equal(world.published.length, 1);
});

test('a store that does not answer is told of, and nothing is ended for a while after it', async () => {
  let isAway = true;
  const world = new World({
    states: { standing: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve([call])) },
  });
  await world.lookAt(SETTLE_MS);
  assert.deepEqual(
    world.troubles.map(({ message }) => message),
    ['away'],
  );
  isAway = false;
  await world.lookAt(2 * SETTLE_MS - 1);
  assert.deepEqual(world.published, []);
  await world.lookAt(2 * SETTLE_MS);
  assert.equal(world.published.length, 1);
});

test('a full bus takes no end; one that loses it is told of', async () => {
  const full = new World({
    bus: {
      publish() {
        throw new Busy('full', 1);
      },
    },
  });
  await full.lookAt(SETTLE_MS);
  assert.deepEqual([full.abandoned, full.troubles], [[], []]);
  const losing = new World({ bus: { publish: () => Promise.reject(new Error('closed')) } });
  await losing.lookAt(SETTLE_MS);
  assert.equal(losing.troubles.length, 1);
});

test('one look at a time, and none of what it finds is ended after a stop', async () => {
  let asked = 0;
  let answer: (calls: readonly StandingCall[]) => void = () => undefined;
  const world = new World({
    states: {
      standing() {
        asked += 1;
        return new Promise((resolve) => (answer = resolve));
      },
    },
  });
  await world.lookAt(SETTLE_MS);
  await world.lookAt(SETTLE_MS + 1);
  assert.equal(asked, 1);
  world.stop();
  answer([call]);
  await world.lookAt(SETTLE_MS + 2);
  assert.deepEqual([world.published, world.troubles, asked], [[], [], 1]);
});
