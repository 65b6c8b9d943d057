/** Over a real broker: what goes in comes out, topics are held to their settings, nothing unreadable is dropped, and names and passwords. */
import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { LogEntry } from '../../adapters/bus/bus.ts';
import { openKafkaBus } from '../../adapters/bus/kafkaBus.ts';
import { kafkaClient } from '../../adapters/bus/kafkaSettings.ts';
import { checkTopics, TOPIC_SETTINGS } from '../../adapters/bus/kafkaTopics.ts';
import { placesOf } from '../../adapters/bus/partitionOffsets.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { startKafka, whyNoKafka, type KafkaBroker } from '../support/kafkaBroker.ts';
import { connectionTo, freshTopics, hooksInto, openTestBus, TEST_TUNING } from '../support/kafkaTestBus.ts';
import { audioEntry, closeEntry, collector } from '../support/logEntries.ts';

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

void describe('over a real broker', { skip: reason ?? false }, () => {
  let broker: KafkaBroker;
  before(async () => (broker = await startKafka()));
  after(() => broker.close());

  async function openAdmin(t: TestContext): Promise<Admin> {
    const admin = kafkaClient(connectionTo(broker.address)).admin();
    await admin.connect();
    t.after(() => admin.disconnect());
    return admin;
  }

  test('entries of many calls come in order within each, to the bit', async (t) => {
    const { bus } = await openTestBus(t, broker.address, await freshTopics(broker.address));
    const taken = collector();
    bus.consume(taken);
    const entries: LogEntry[] = [];
    for (let seq = 0; seq < 50; seq += 1) {
      for (let call = 0; call < 20; call += 1) entries.push(audioEntry(`call-${call}`, seq, 320));
    }
    await Promise.all(entries.map((entry) => bus.publish(entry)));
    await taken.count(entries.length);
    for (let call = 0; call < 20; call += 1) {
      const ofCall = (all: readonly LogEntry[]): LogEntry[] => all.filter(({ callId }) => callId === `call-${call}`);
      assert.deepEqual(ofCall(taken.entries), ofCall(entries));
    }
  });

  test('a restart goes on exactly at the first entry of a partition that is not committed', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 1 });
    const first = await openTestBus(t, broker.address, topics);
    const taken = collector();
    first.bus.consume(taken);
    for (const seq of [0, 1, 2, 3]) for (const call of ['a', 'b']) await first.bus.publish(audioEntry(call, seq));
    await taken.count(8);
    first.bus.commit('t', 'a', taken.positionOf('a', 1));
    first.bus.commit('t', 'b', taken.positionOf('b', 3));
    await first.bus.close();
    const { bus } = await openTestBus(t, broker.address, topics);
    const again = collector();
    bus.consume(again);
    await bus.publish(closeEntry('a', 4));
    await again.until(() => again.entries.at(-1)?.message.type === 'close');
    // a2 is the first that is not committed; of b, what lies behind it comes again.
    assert.deepEqual(
      again.entries.map(({ callId, seq }) => `${callId}${seq}`),
      ['a2', 'b2', 'a3', 'b3', 'a4'],
    );
  });

  test('topics are created once, and what is not as it is meant is told and left', async (t) => {
    const admin = await openAdmin(t);
    const settings = { ...TOPIC_SETTINGS, prefix: 'check.', partitions: 3, replication: 1 };
    const created = await checkTopics(admin, settings);
    assert.equal(created.created.length, 7);
    assert.deepEqual(created.mismatches, []);
    assert.deepEqual(await checkTopics(admin, settings), { created: [], mismatches: [] });
    const { mismatches } = await checkTopics(admin, { ...settings, partitions: 6, logKeptMs: 60_000_000 });
    assert.ok(mismatches.includes('check.log: the number of partitions is 3, meant is 6'));
    assert.ok(mismatches.includes('check.log: retention.ms is 7200000, meant is 60000000'));
  });

  test('a record that cannot be read goes to the dead letters, with reason and place, and what follows it comes', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 1 });
    const { bus, told } = await openTestBus(t, broker.address, topics);
    const taken = collector();
    bus.consume(taken);
    const producer = kafkaClient(connectionTo(broker.address)).producer();
    await producer.connect();
    t.after(() => producer.disconnect());
    await bus.publish(audioEntry('a', 0));
    await producer.send({
      topic: `${topics.prefix}log`,
      messages: [
        { key: 't/a', value: 'not an entry' },
        { key: null, value: null },
      ],
    });
    await bus.publish(audioEntry('a', 1));
    await taken.count(2);
    bus.commit('t', 'a', taken.positionOf('a', 1));
    assert.deepEqual(
      told.deadLetters.map(({ topic, partition, offset }) => [topic, partition, offset]),
      [1, 2].map((offset) => [`${topics.prefix}log`, 0, String(offset)]),
    );
    const dead = kafkaClient(connectionTo(broker.address)).consumer({ groupId: `${topics.prefix}dead-reader` });
    t.after(() => dead.disconnect());
    await dead.connect();
    await dead.subscribe({ topic: `${topics.prefix}dead`, fromBeginning: true });
    const letter = await new Promise<{ value: string; headers: Record<string, string> }>((resolve) => {
      void dead.run({
        eachMessage({ message: { value, headers = {} } }) {
          const texts = Object.entries(headers).map(([name, text]) => [name, String(text)] as const);
          if (value?.length) resolve({ value: value.toString(), headers: Object.fromEntries(texts) });
          return Promise.resolve();
        },
      });
    });
    assert.equal(letter.value, 'not an entry');
    assert.equal(letter.headers.topic, `${topics.prefix}log`);
    assert.equal(letter.headers.offset, '1');
    assert.ok(letter.headers.reason.length > 0);
    // It does not hold the offset.
    const admin = await openAdmin(t);
    for (;;) {
      const [place] = await placesOf(admin, `${topics.prefix}log`, topics.groupId);
      if (place.committedOffset === 4) break;
      await wait(50);
    }
  });

  test('an entry that no broker would take is refused at once', async (t) => {
    const { bus } = await openTestBus(t, broker.address, await freshTopics(broker.address));
    assert.throws(() => bus.publish(audioEntry('a', 0, 2_000_000)), InvalidInput);
    assert.equal(bus.pendingBytes, 0);
  });

  test('gzip when asked for', async (t) => {
    const { bus } = await openTestBus(t, broker.address, await freshTopics(broker.address), { compression: 'gzip' });
    const taken = collector();
    bus.consume(taken);
    await bus.publish(audioEntry('a', 0, 8_000));
    await taken.count(1);
    assert.deepEqual(taken.entries, [audioEntry('a', 0, 8_000)]);
  });

  test('a name and a password open the broker, and others do not', async (t) => {
    const { prefix, groupId } = await freshTopics(broker.address);
    const open = (password: string): ReturnType<typeof openKafkaBus> =>
      openKafkaBus({
        connection: {
          ...connectionTo(broker.saslAddress),
          sasl: { mechanism: 'plain', username: 'earshot', password },
        },
        topicPrefix: prefix,
        groupId,
        tuning: TEST_TUNING,
        hooks: hooksInto().hooks,
      });
    await assert.rejects(open('wrong'), /SASL|Authentication/i);
    const bus = await open(broker.saslPassword);
    t.after(() => bus.close());
    const taken = collector();
    bus.consume(taken);
    await bus.publish(audioEntry('a', 0));
    await taken.count(1);
  });
});
