/** A client that keeps its place in the group and hands out nothing is noticed and replaced; nothing is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kafka } from 'kafkajs';
import { startKafkaLogConsumer } from '../../adapters/bus/kafkaLogConsumer.ts';
import { kafkaClient } from '../../adapters/bus/kafkaSettings.ts';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { connectionTo, freshTopics, hooksInto, openTestBus, TEST_TUNING } from '../support/kafkaTestBus.ts';
import { audioEntry, collector } from '../support/logEntries.ts';

const STUCK_AFTER_MS = 3_000;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

test('a client that stands still is replaced', { skip: reason ?? false, timeout: 60_000 }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.close());
  const topics = await freshTopics(broker.address);
  const { bus } = await openTestBus(t, broker.address, topics);
  await Promise.all(Array.from({ length: 20 }, (_, seq) => bus.publish(audioEntry('a', seq))));

  const kafka = kafkaClient(connectionTo(broker.address));
  const admin = kafka.admin();
  await admin.connect();
  t.after(() => admin.disconnect());
  let clients = 0;
  const firstStandsStill: Pick<Kafka, 'consumer'> = {
    consumer(config) {
      const client = kafka.consumer(config);
      clients += 1;
      if (clients > 1) return client;
      return { ...client, run: (options) => client.run({ ...options, eachBatch: () => Promise.resolve() }) };
    },
  };
  const { hooks, told } = hooksInto();
  const taken = collector();
  const startedAtMs = performance.now();
  const consumer = startKafkaLogConsumer({
    kafka: firstStandsStill as Kafka,
    admin,
    topic: `${topics.prefix}log`,
    groupId: topics.groupId,
    tuning: { ...TEST_TUNING, stuckAfterMs: STUCK_AFTER_MS },
    consumer: taken,
    bury: () => Promise.resolve('buried'),
    hooks,
  });
  t.after(() => consumer.close());
  await taken.count(20);
  t.diagnostic(`all handed out ${Math.round(performance.now() - startedAtMs)} ms after the start`);
  assert.equal(told.stuck.length, 1);
  assert.equal(clients, 2);
  assert.deepEqual(
    taken.seqsOf('a'),
    Array.from({ length: 20 }, (_, seq) => seq),
  );
});
