/** When much of a topic cannot be read, its reading stops instead: the rest is neither lost nor put aside. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Reports } from '../../adapters/bus/bus.ts';
import { kafkaClient } from '../../adapters/bus/kafkaSettings.ts';
import { placesOf } from '../../adapters/bus/partitionOffsets.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import { startKafka, whyNoKafka, type KafkaBroker } from '../support/kafkaBroker.ts';
import { connectionTo, freshTopics, openTestBus, type Told } from '../support/kafkaTestBus.ts';
import { audioEntry, collector } from '../support/logEntries.ts';

const UNREADABLE = 12;
const IN_ROW_MAX = 5;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

void describe('a topic of another version', { skip: reason ?? false }, () => {
  let broker: KafkaBroker;
  before(async () => (broker = await startKafka()));
  after(() => broker.close());

  async function spoil(t: TestContext, topic: string): Promise<void> {
    const producer = kafkaClient(connectionTo(broker.address)).producer();
    await producer.connect();
    t.after(() => producer.disconnect());
    const messages = Array.from({ length: UNREADABLE }, () => ({ key: 't/a', value: 'of another version' }));
    await producer.send({ topic, messages });
  }

  async function stopOf(told: Told): Promise<void> {
    while (told.stopped.length === 0) await wait(20);
  }

  test('the log: stops at the limit, keeps its offset there, and a new process reads on', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 1 });
    const log = `${topics.prefix}log`;
    const first = await openTestBus(t, broker.address, topics, { deadLettersInRowMax: IN_ROW_MAX });
    const taken = collector();
    first.bus.consume(taken);
    await first.bus.publish(audioEntry('a', 0));
    await spoil(t, log);
    await first.bus.publish(audioEntry('a', 1));
    await stopOf(first.told);
    assert.deepEqual(first.told.stopped, [{ topic: log, reason: '5 one after the other could not be read' }]);
    assert.equal(first.told.deadLetters.length, IN_ROW_MAX);
    assert.equal(first.bus.isHealthy(), false);
    // What was handed out before is committed as ever.
    first.bus.commit('t', 'a', taken.positionOf('a', 0));
    assert.deepEqual(taken.seqsOf('a'), [0]);
    await first.bus.close();
    const admin = kafkaClient(connectionTo(broker.address)).admin();
    await admin.connect();
    t.after(() => admin.disconnect());
    const [place] = await placesOf(admin, log, topics.groupId);
    assert.equal(place.committedOffset, 1 + IN_ROW_MAX);
    const second = await openTestBus(t, broker.address, topics, { deadLettersInRowMax: UNREADABLE });
    const again = collector();
    second.bus.consume(again);
    await again.count(1);
    assert.deepEqual(again.seqsOf('a'), [1]);
    assert.equal(second.told.deadLetters.length, UNREADABLE - IN_ROW_MAX);
    assert.equal(second.bus.isHealthy(), true);
  });

  for (const name of ['events', 'spans', 'scores']) {
    test(`the reports' topic ${name}: the others are read on`, async (t) => {
      const topics = await freshTopics(broker.address, { partitions: 1 });
      const { bus, told } = await openTestBus(t, broker.address, topics, { deadLettersInRowMax: IN_ROW_MAX });
      const came = new EventEmitter();
      bus.consumeReports({
        take(reports) {
          came.emit('reports', reports);
          return Promise.resolve();
        },
        notice: () => Promise.resolve(),
        owned: () => undefined,
      });
      await bus.ready();
      await spoil(t, `${topics.prefix}${name}`);
      await stopOf(told);
      assert.equal(told.stopped[0].topic, `${topics.prefix}${name}`);
      assert.equal(told.deadLetters.length, IN_ROW_MAX);
      assert.equal(bus.isHealthy(), false);
      const other = name === 'scores' ? 'events' : 'scores';
      const heard = once(came, 'reports');
      await bus.publishReports(other === 'scores' ? SCORED : HAPPENED);
      await heard;
    });
  }

  test('the facts: stop as well', async (t) => {
    const topics = await freshTopics(broker.address, { partitions: 1 });
    const { bus, told } = await openTestBus(t, broker.address, topics, { deadLettersInRowMax: IN_ROW_MAX });
    bus.subscribeFacts(() => undefined);
    await bus.ready();
    await spoil(t, `${topics.prefix}facts`);
    await stopOf(told);
    assert.equal(told.stopped[0].topic, `${topics.prefix}facts`);
    assert.equal(told.deadLetters.length, IN_ROW_MAX);
  });
});

const HAPPENED: Reports = {
  tenant: 't',
  events: [
    eventOf(
      { type: 'turn_ended', role: 'caller', occurredAtMs: 1_790_000_000_000, startMs: 1 },
      { tenant: 't', callKey: 'a', source: 'test', receivedAtMs: 1_790_000_000_500 },
    ),
  ],
  spans: [],
  scores: [],
};

const SCORED: Reports = {
  tenant: 't',
  events: [],
  spans: [],
  scores: [
    {
      id: 's',
      tenant: 't',
      callKey: 'a',
      name: 'helpful',
      value: 1,
      label: '',
      explanation: '',
      source: 'test',
      traceId: '',
      spanId: '',
      turnId: '',
      turnIndex: null,
      mediaMs: null,
      receivedAtMs: 1_790_000_000_500,
    },
  ],
};
