/** So many records a minute may be unreadable, of each topic; then it is read no further. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KafkaMessage } from 'kafkajs';
import { createDeadLetters, type DeadLetter } from './deadLetters.ts';

test('the limit is of a topic and of a minute, and holds from then on', async () => {
  let nowMs = 0;
  const sent: (string | undefined)[] = [];
  const stops: DeadLetter[] = [];
  const sender = {
    pendingBytes: 0,
    send(records: readonly { readonly headers?: Readonly<Record<string, string>> }[]) {
      sent.push(...records.map(({ headers }) => headers?.topic));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const letters = createDeadLetters({
    sender,
    topic: 'dead',
    lettersMax: 3,
    onDeadLetter: () => undefined,
    onStopped: (letter) => stops.push(letter),
    nowMs: () => nowMs,
  });
  const bury = (topic: string, offset: string): Promise<string> =>
    letters.bury({ topic, partition: 0 }, { offset, key: null, value: null } as KafkaMessage, new Error('why'));
  const outcomes: string[] = [];
  for (const atMs of [0, 20_000, 40_000, 61_000, 62_000]) {
    nowMs = atMs;
    outcomes.push(await bury('log', String(atMs)), await bury('log2', String(atMs)));
  }
  // By 61 s the first is older than a minute; by 62 s three are not.
  assert.deepEqual(outcomes, [...Array<string>(8).fill('buried'), 'stopped', 'stopped']);
  nowMs = 1e9;
  assert.equal(await bury('log', 'later'), 'stopped');
  assert.equal(await bury('events', '1'), 'buried');
  assert.deepEqual(
    stops.map(({ topic, offset }) => `${topic} ${offset}`),
    ['log 62000', 'log2 62000'],
  );
  assert.equal(sent.length, 9);
  assert.deepEqual([...letters.stopped], ['log', 'log2']);
});
