/** The memory bus keeps the port's promises: order, acknowledgement at commit, and a bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fact } from '../../core/facts/facts.ts';
import { Busy } from '../../core/units/errors.ts';
import type { LogEntry } from './bus.ts';
import { createMemoryBus } from './memoryBus.ts';

const entry = (callId: string, seq: number, bytes = 100): LogEntry => ({
  tenant: 't',
  callId,
  seq,
  own: false,
  session: '',
  message: { type: 'audio', lane: 'both', position: 0, payload: new Uint8Array(bytes), arrivedAtMs: 0 },
});

test('entries reach the consumer in order, those from before it came as well', () => {
  const bus = createMemoryBus({ bytesMax: 1e6 });
  const taken: number[] = [];
  void bus.publish(entry('a', 0));
  void bus.publish(entry('a', 1));
  bus.consume({ take: ({ seq }) => taken.push(seq) });
  void bus.publish(entry('a', 2));
  assert.deepEqual(taken, [0, 1, 2]);
});

test('a message is acknowledged when its call is committed up to it, not before and not by another call', async () => {
  const bus = createMemoryBus({ bytesMax: 1e6 });
  const positions = new Map<string, number>();
  const positionOf = (name: string): number => positions.get(name) ?? assert.fail(`${name} was not handed out`);
  bus.consume({ take: ({ callId, seq, position }) => positions.set(`${callId}${seq}`, position) });
  const durable: string[] = [];
  const published = ['a0', 'a1', 'b0'].map((name) =>
    bus.publish(entry(name[0], Number(name[1]))).then(() => durable.push(name)),
  );
  bus.commit('t', 'a', positionOf('a0'));
  await published[0];
  assert.deepEqual(durable, ['a0']);
  bus.commit('t', 'b', positionOf('b0'));
  bus.commit('t', 'a', positionOf('a1'));
  await Promise.all(published);
  assert.deepEqual(durable.sort(), ['a0', 'a1', 'b0']);
  assert.equal(bus.pendingBytes, 0);
});

test('a full bus says so, takes nothing, and has room again after a commit', () => {
  const bus = createMemoryBus({ bytesMax: 500 });
  const taken: number[] = [];
  let last = 0;
  bus.consume({
    take({ seq, position }) {
      taken.push(seq);
      last = position;
    },
  });
  void bus.publish(entry('a', 0, 400));
  assert.throws(() => bus.publish(entry('a', 1)), Busy);
  bus.commit('t', 'a', last);
  void bus.publish(entry('a', 1));
  assert.deepEqual(taken, [0, 1]);
});

test('whatever calls publish and commit in whatever order, each is heard in order, and what is committed is forgotten', async () => {
  const step = fc.record({ call: fc.constantFrom('a', 'b', 'c'), bytes: fc.nat(300), commits: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
      const bus = createMemoryBus({ bytesMax: 10_000 });
      const taken: Record<string, number[]> = { a: [], b: [], c: [] };
      const durable: Record<string, number[]> = { a: [], b: [], c: [] };
      const next: Record<string, number> = { a: 0, b: 0, c: 0 };
      let last = 0;
      bus.consume({
        take({ callId, seq, position }) {
          taken[callId].push(seq);
          last = position;
        },
      });
      for (const { call, bytes, commits } of steps) {
        const seq = next[call];
        try {
          void bus.publish(entry(call, seq, bytes)).then(() => durable[call].push(seq));
          next[call] += 1;
        } catch (error) {
          assert.ok(error instanceof Busy && bus.pendingBytes >= 10_000);
        }
        assert.ok(bus.pendingBytes < 10_000 + 500, 'the bound is passed by no more than the last message');
        if (commits) bus.commit('t', call, last);
      }
      for (const call of ['a', 'b', 'c']) bus.commit('t', call, last);
      assert.equal(bus.pendingBytes, 0);
      await Promise.resolve();
      for (const call of ['a', 'b', 'c']) {
        const all = Array.from({ length: next[call] }, (_, i) => i);
        assert.deepEqual(taken[call], all);
        assert.deepEqual(durable[call], all);
      }
    }),
  );
});

test('facts go to whoever listens at the time', () => {
  const bus = createMemoryBus({ bytesMax: 1e6 });
  const heard: string[] = [];
  const fact = (id: string): Fact => ({ id }) as Fact;
  const stop = bus.subscribeFacts(({ id }) => heard.push(`first ${id}`));
  bus.subscribeFacts(({ id }) => heard.push(`second ${id}`));
  bus.publishFact(fact('1'));
  stop();
  bus.publishFact(fact('2'));
  assert.deepEqual(heard, ['first 1', 'second 1', 'second 2']);
});

test('a closed bus holds nothing and hands out nothing', async () => {
  const bus = createMemoryBus({ bytesMax: 1e6 });
  bus.consume({ take: () => undefined });
  void bus.publish(entry('a', 0));
  await bus.close();
  assert.equal(bus.pendingBytes, 0);
});
