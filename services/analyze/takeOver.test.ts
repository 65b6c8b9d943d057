/**
 * A call that moves: to another worker in the middle of its log, to another process of ingest, away from here. The facts are those
 * of a calm run, whoever tells them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TakenEntry } from '../../adapters/bus/bus.ts';
import type { CallState, FoundState } from '../../adapters/clickhouse/callStates.ts';
import type { CallMessage } from '../../core/audio/message.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { ModelBatcher } from '../../core/inference/windowModel.ts';
import { AGENT, CALLER, DURATION_MS, interleaved, openCall, sideOf } from '../../test/support/calls.ts';
import { fakeBatcher } from '../../test/support/fakeBatcher.ts';
import { createCallRunner, type CallRunner } from './callRunner.ts';
import { standingAt } from './logOrder.ts';
import type { Begun, RunnerPorts } from './runnerPorts.ts';

const call = openCall();
const payload = interleaved(sideOf(DURATION_MS, CALLER), sideOf(DURATION_MS, AGENT, 8_000, 2));
const MESSAGE_BYTES = 3_200;
const LAST = payload.length / MESSAGE_BYTES - 1;
const STATE_EVERY_MS = 2_000;

interface Written {
  readonly seq: number;
  readonly message: CallMessage;
  readonly session?: string;
  readonly own?: true;
}

/** A log, each entry at the position of its index. */
const logOf = (written: readonly Written[]): TakenEntry[] =>
  written.map(({ seq, message, session = 'a', own }, position) => ({
    tenant: call.tenant,
    callId: call.callId,
    seq,
    own: own === true,
    session,
    message,
    position,
  }));
const opening = (session: string, connectedAtMs = 0): Written => ({
  seq: -1,
  message: { type: 'open', call, connectedAtMs },
  session,
  own: true,
});
const sound = (seq: number, session = 'a'): Written => {
  const at = seq * MESSAGE_BYTES;
  const piece = payload.subarray(at, at + MESSAGE_BYTES);
  return {
    seq,
    session,
    message: { type: 'audio', lane: 'both', position: at / 4, payload: piece, arrivedAtMs: at / 32 },
  };
};
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const ending = (reason: 'completed' | 'client_vanished'): CallMessage => ({
  type: 'close',
  reason,
  errorCode: '',
  errorText: '',
});
const bye = (session = 'a'): Written => ({ seq: LAST + 1, session, message: ending('completed') });
const vanished = (seq: number, session: string): Written => ({
  seq,
  session,
  own: true,
  message: ending('client_vanished'),
});
const calmLog = logOf([opening('a'), ...range(0, LAST + 1).map((seq) => sound(seq)), bye()]);

/** What outlives a worker: rows by id, the newest state, how far the log is committed. */
class World {
  readonly facts = new Map<string, Fact>();
  readonly begun: Begun[] = [];
  readonly writes: string[] = [];
  state: CallState | null = null;
  committed = -1;
  over = 0;

  runner(changes: Partial<RunnerPorts> = {}): CallRunner {
    const ports: RunnerPorts = {
      batcher: fakeBatcher,
      load: () => Promise.resolve(this.#found()),
      record: () => Promise.resolve(),
      store: (facts) => {
        this.writes.push('rows');
        for (const fact of facts) {
          const known = this.facts.get(fact.id);
          if (known === undefined || known.revision <= fact.revision) this.facts.set(fact.id, fact);
        }
        return Promise.resolve();
      },
      save: (_, saved) => {
        this.writes.push('state');
        this.state = structuredClone(saved);
        return Promise.resolve();
      },
      commit: (_, position) => (this.committed = Math.max(this.committed, position)),
      begun: (_, how) => this.begun.push(how),
      tell: () => undefined,
      report: ({ error }) => assert.fail(error),
      reportLost: ({ error }) => assert.fail(error),
      ...changes,
    };
    return createCallRunner(call, ports, STATE_EVERY_MS, () => (this.over += 1));
  }

  #found(): FoundState | null {
    const saved = this.state;
    return saved === null ? null : { ...saved, open: () => structuredClone(saved.state) };
  }

  get outcome(): string[] {
    return [...this.facts.values()].map(({ kind, id, revision, ...rest }) =>
      JSON.stringify([kind, id, revision, rest]),
    );
  }
}

async function run(world: World, log: readonly TakenEntry[]): Promise<World> {
  const runner = world.runner();
  for (const entry of log) runner.take(entry);
  await runner.idle();
  return world;
}
const calm = (): Promise<World> => run(new World(), calmLog);

test('a worker that gets the log from where it is committed goes on as if nothing had been, however often', async () => {
  const expected = (await calm()).outcome.sort();
  const world = new World();
  for (const until of [30, 31, 70, 110, calmLog.length]) {
    const runner = world.runner();
    for (const entry of calmLog.slice(world.committed + 1, until)) runner.take(entry);
    await runner.idle();
    runner.drop();
  }
  assert.deepEqual(world.outcome.sort(), expected);
  assert.equal(world.committed, calmLog.length - 1);
  assert.deepEqual(new Set(world.begun), new Set(['new', 'taken over']));
});

test('a worker that gets more than is new takes nothing twice', async () => {
  const world = new World();
  const first = world.runner();
  for (const entry of calmLog.slice(0, 70)) first.take(entry);
  await first.idle();
  first.drop();
  assert.notEqual(world.state, null);
  await run(world, calmLog);
  assert.deepEqual(world.outcome.sort(), (await calm()).outcome.sort());
});

test('another process of ingest goes on, sends again what it has, and the one before is not heard any more', async () => {
  const log = logOf([
    opening('a'),
    ...range(0, 50).map((seq) => sound(seq)),
    opening('b'),
    ...range(45, 60).map((seq) => sound(seq, 'b')),
    // It believes that its client is gone; and it had still something on its way.
    vanished(49, 'a'),
    sound(50, 'a'),
    ...range(60, LAST + 1).map((seq) => sound(seq, 'b')),
    bye('b'),
  ]);
  const expected = (await calm()).outcome.sort();
  assert.deepEqual((await run(new World(), log)).outcome.sort(), expected);
  // Whoever takes over in the middle knows who is heard.
  const world = new World();
  for (const until of [40, 66, 67, log.length]) {
    const runner = world.runner();
    for (const entry of log.slice(world.committed + 1, until)) runner.take(entry);
    await runner.park();
    runner.drop();
  }
  assert.deepEqual(world.outcome.sort(), expected);
});

test('what a process says late of a connection that was left does not take the call from the one that came after', async () => {
  const log = logOf([
    opening('a', 1),
    ...range(0, 50).map((seq) => sound(seq)),
    opening('c', 3),
    ...range(50, 60).map((seq) => sound(seq, 'c')),
    // It was cut off from the log, and its client went on to c.
    opening('b', 2),
    sound(50, 'b'),
    vanished(50, 'b'),
    ...range(60, LAST + 1).map((seq) => sound(seq, 'c')),
    bye('c'),
  ]);
  assert.deepEqual((await run(new World(), log)).outcome.sort(), (await calm()).outcome.sort());
});

test('the session that has the call may end it', async () => {
  const log = logOf([opening('a'), sound(0), opening('b'), sound(1, 'b'), vanished(1, 'b'), sound(2, 'a')]);
  const world = await run(new World(), log);
  const end = [...world.facts.values()].find(({ kind }) => kind === 'call_ended');
  assert.equal(end?.kind === 'call_ended' && end.reason, 'client_vanished');
  assert.equal(world.committed, log.length - 1, 'what comes after the end holds nothing up');
  assert.equal(world.over, 1);
});

test('an abandoned call ends where it stands, whether a runner has it or not', async () => {
  const abandoned = async (until: number, between: 'kept' | 'dropped'): Promise<World> => {
    const world = new World();
    const runner = world.runner();
    for (const entry of calmLog.slice(0, until)) runner.take(entry);
    await runner.park();
    if (between === 'dropped') runner.drop();
    const { seq, taken } = world.state ?? assert.fail('nothing was saved');
    const [end] = logOf([vanished(seq, standingAt('a', taken))]);
    const last = between === 'dropped' ? world.runner() : runner;
    last.take({ ...end, position: until });
    await last.idle();
    return world;
  };
  const kept = await abandoned(50, 'kept');
  assert.equal(kept.state?.ended, true);
  assert.equal(kept.committed, 50);
  const end = [...kept.facts.values()].find(({ kind }) => kind === 'call_ended');
  assert.equal(end?.kind === 'call_ended' && end.reason, 'client_vanished');
  assert.deepEqual((await abandoned(50, 'dropped')).outcome.sort(), kept.outcome.sort());
});

test('whoever says anything before that end goes on: the same session, or another one', async () => {
  const expected = (await calm()).outcome.sort();
  for (const session of ['a', 'b']) {
    const written = [opening('a'), ...range(0, 50).map((seq) => sound(seq))];
    const isBack = session === 'a' ? [] : [opening('b')];
    const log = logOf([
      ...written,
      ...isBack,
      ...(session === 'a' ? [sound(50)] : []),
      vanished(49, standingAt('a', written.length)),
      ...range(session === 'a' ? 51 : 50, LAST + 1).map((seq) => sound(seq, session)),
      bye(session),
    ]);
    assert.deepEqual((await run(new World(), log)).outcome.sort(), expected, session);
  }
});

test('who comes after the end is told of it again; it counts once', async () => {
  const world = new World();
  const told: [string, string][] = [];
  const runner = world.runner({ tell: ({ kind }, time) => void told.push([kind, time]) });
  const log = logOf([opening('a'), sound(0), vanished(0, 'a'), sound(1, 'a'), opening('b'), sound(1, 'b')]);
  for (const entry of log) runner.take(entry);
  await runner.idle();
  assert.deepEqual(
    told.filter(([kind]) => kind === 'call_ended'),
    [
      ['call_ended', 'first'],
      ['call_ended', 'again'],
    ],
  );
  assert.equal(world.writes.filter((write) => write === 'state').length, 1);
  assert.equal(world.committed, log.length - 1);
});

test('scores that fail end their call as our fault, told and stored, and hold nothing up', async () => {
  const world = new World();
  const failures: Error[] = [];
  let scored = 0;
  const score: ModelBatcher['score'] = (row) => {
    scored += 1;
    return scored > 40 ? Promise.reject(new Error('models: broken')) : fakeBatcher.score(row);
  };
  const runner = world.runner({
    batcher: { ...fakeBatcher, score },
    report: ({ error }) => void failures.push(error),
  });
  for (const entry of calmLog) {
    runner.take(entry);
    await runner.idle();
  }
  const end = [...world.facts.values()].find(({ kind }) => kind === 'call_ended');
  assert.ok(end?.kind === 'call_ended');
  assert.deepEqual([end.reason, end.errorCode, end.errorText], ['failed', 'call_failed', 'models: broken']);
  assert.equal(failures[0].message, 'models: broken');
  assert.ok(failures.length <= 2, `told of ${failures.length} times`);
  assert.deepEqual([world.state?.ended, world.committed], [true, calmLog.length - 1]);
});

test('a dropped call writes, tells and commits nothing more, whatever it was about', async () => {
  const world = new World();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const told: Fact[] = [];
  const runner = world.runner({
    store: () => held,
    tell: (fact) => void told.push(fact),
  });
  for (const entry of calmLog.slice(0, 100)) runner.take(entry);
  await new Promise(setImmediate);
  runner.drop();
  const toldBefore = told.length;
  for (const entry of calmLog.slice(100)) runner.take(entry);
  release();
  await runner.idle();
  assert.deepEqual(world.writes, []);
  assert.equal(world.committed, -1);
  assert.equal(told.length, toldBefore);
});

test('a call that stands still is saved and committed at the second sweep, once', async () => {
  const world = new World();
  const runner = world.runner();
  for (const entry of calmLog.slice(0, 10)) runner.take(entry);
  await runner.idle();
  assert.equal(world.committed, -1, 'too little audio for a state');
  for (let round = 0; round < 4; round += 1) {
    runner.sweep();
    await runner.idle();
  }
  assert.equal(world.committed, 9);
  assert.equal(world.writes.filter((write) => write === 'state').length, 1);
});

test('entries of a call of which nothing is known are told of once and hold nothing up', async () => {
  const world = new World();
  const runner = world.runner();
  for (const entry of calmLog.slice(20, 40)) runner.take(entry);
  await runner.idle();
  assert.deepEqual(world.begun, ['orphan']);
  assert.equal(world.committed, 39);
  assert.equal(world.over, 0);
  runner.sweep();
  runner.sweep();
  assert.equal(world.over, 1, 'let go when nothing more comes');
});

test('while the saved state cannot be asked for, the log waits; a drop meanwhile leaves nothing behind', async () => {
  const world = new World();
  let answer: (found: FoundState | null) => void = () => undefined;
  const runner = world.runner({ load: () => new Promise((resolve) => (answer = resolve)) });
  for (const entry of calmLog.slice(0, 50)) runner.take(entry);
  await new Promise(setImmediate);
  assert.deepEqual([world.writes, world.committed], [[], -1]);
  runner.drop();
  answer(null);
  await runner.idle();
  assert.deepEqual([world.writes, world.committed, world.begun], [[], -1, []]);
});

test('while rows wait for the store, no more than two states wait behind them', async () => {
  const world = new World();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const runner = world.runner({
    async store(facts) {
      await held;
      for (const fact of facts) world.facts.set(fact.id, fact);
    },
  });
  for (const entry of calmLog.slice(0, -1)) {
    runner.take(entry);
    // One at a time, or there would be one state for all.
    for (let turn = 0; turn < 4; turn += 1) await new Promise(setImmediate);
  }
  assert.deepEqual(world.writes, []);
  release();
  await runner.park();
  const states = world.writes.filter((write) => write === 'state').length;
  assert.ok(states >= 2 && states <= 3, `${states} states were kept: the first, the newest, the one of parking`);
  assert.equal(world.committed, calmLog.length - 2);
});
