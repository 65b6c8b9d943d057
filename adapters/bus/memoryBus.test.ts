/** The memory bus keeps the port's promises: order, acknowledgement at commit, and a bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Busy } from '../../core/units/errors.ts';
import type { LogEntry } from './bus.ts';
import { createMemoryBus } from './memoryBus.ts';

const entry = (callId: string, seq: number, bytes = 100): LogEntry => ({
  tenant: 't',
  callId,
  seq,
  own: false,
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
  bus.consume({ take: () => undefined });
  const durable: string[] = [];
  const published = ['a0', 'a1', 'b0'].map((name) =>
    bus.publish(entry(name[0], Number(name[1]))).then(() => durable.push(name)),
  );
  bus.commit('t', 'a', 0);
  await published[0];
  assert.deepEqual(durable, ['a0']);
  bus.commit('t', 'b', 5);
  bus.commit('t', 'a', 1);
  await Promise.all(published);
  assert.deepEqual(durable.sort(), ['a0', 'a1', 'b0']);
  assert.equal(bus.pendingBytes, 0);
});

test('a full bus says so, takes nothing, and has room again after a commit', () => {
  const bus = createMemoryBus({ bytesMax: 500 });
  const taken: number[] = [];
  bus.consume({ take: ({ seq }) => taken.push(seq) });
  void bus.publish(entry('a', 0, 400));
  assert.throws(() => bus.publish(entry('a', 1)), Busy);
  bus.commit('t', 'a', 0);
  void bus.publish(entry('a', 1));
  assert.deepEqual(taken, [0, 1]);
});
