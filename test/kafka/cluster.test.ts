/**
 * Three brokers with three replicas. One and then another is killed and comes back while calls run: others lead, entries go on being
 * acknowledged, and shares change meanwhile. With two of three dead nothing is acknowledged, and all of it is when one is back.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { kafkaClient } from '../../adapters/bus/kafkaSettings.ts';
import { startKafkaCluster, whyNoKafka } from '../support/kafkaBroker.ts';
import { connectionTo, freshTopics, openTestBus, type TestTopics } from '../support/kafkaTestBus.ts';
import { listenerFor, quantilesOf, startSpeaking } from '../support/liveCalls.ts';

const CALLS = Array.from({ length: 12 }, (_, index) => `call-${index}`);
const PARTITIONS = 6;
const BLOCK_MS = 100;
/** Blocks of each call that must come while a broker is down. */
const BLOCKS_WHILE_DOWN = 20;
const PAUSE_MS_MAX = 15_000;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

test('brokers of three die and return while calls run', { skip: reason ?? false, timeout: 280_000 }, async (t) => {
  const cluster = await startKafkaCluster(3);
  t.after(() => cluster.close());
  const addresses = cluster.nodes.map(({ address }) => address).join();
  const topics = await freshTopics(addresses, { partitions: PARTITIONS, replication: 3 });
  const { bus, told } = await openTestBus(t, addresses, topics);
  const heard = new Map<string, Set<number>>();
  const listener = listenerFor(() => bus, heard);
  bus.consume(listener);
  await bus.ready();
  const speaking = startSpeaking(bus, { calls: CALLS, blockMs: BLOCK_MS, blockBytes: 1_600 });
  const blocksMore = async (blocks: number): Promise<void> => {
    const before = new Map(CALLS.map((call) => [call, listener.blocksOf(call)]));
    const isThere = (call: string): boolean => listener.blocksOf(call) >= (before.get(call) ?? 0) + blocks;
    await listener.until(() => CALLS.every(isThere));
  };
  await blocksMore(1);
  speaking.takeDelaysMs();
  await blocksMore(BLOCKS_WHILE_DOWN);
  t.diagnostic(`all well: acknowledged after ${JSON.stringify(quantilesOf(speaking.takeDelaysMs()))} ms`);

  const pausesMs: number[] = [];
  const [first, second] = cluster.nodes;
  for (const node of [first, second]) {
    await node.halt('killed');
    await blocksMore(BLOCKS_WHILE_DOWN);
    pausesMs.push(quantilesOf(speaking.takeDelaysMs()).max);
    // Shares change while one is down: who takes over asks those who lead now.
    const other = await openTestBus(t, addresses, topics);
    const otherListener = listenerFor(() => other.bus, heard);
    other.bus.consume(otherListener);
    await otherListener.until(() => otherListener.taken > CALLS.length);
    await other.bus.close();
    assert.deepEqual(otherListener.faults, []);
    await node.start();
    await whenInSync(addresses, topics);
    speaking.takeDelaysMs();
  }
  t.diagnostic(`one of three killed: acknowledged after at most ${pausesMs.join(', ')} ms`);

  await Promise.all([first.halt('killed'), second.halt('killed')]);
  // What was under way may still have had its replicas.
  await wait(500);
  const before = speaking.acknowledged;
  await wait(2_000);
  assert.equal(speaking.acknowledged, before);
  await first.start();
  await blocksMore(1);
  t.diagnostic(`two of three killed for ${Math.round(quantilesOf(speaking.takeDelaysMs()).max / 100) / 10} s`);

  const blocks = await speaking.finish();
  await listener.until(() => CALLS.every((call) => listener.blocksOf(call) === blocks));
  t.diagnostic(`${speaking.published} entries, ${listener.repeats} handed out again`);
  assert.deepEqual([listener.faults, told.holes, told.stuck, told.deadLetters], [[], [], [], []]);
  assert.ok(Math.max(...pausesMs) <= PAUSE_MS_MAX, `acknowledged after up to ${Math.max(...pausesMs)} ms`);
});

/** All three have everything of the log. */
async function whenInSync(addresses: string, { prefix }: TestTopics): Promise<void> {
  const admin = kafkaClient(connectionTo(addresses)).admin();
  await admin.connect();
  try {
    while (!(await isInSync(admin, `${prefix}log`))) await wait(200);
  } finally {
    await admin.disconnect();
  }
}

async function isInSync(admin: Admin, topic: string): Promise<boolean> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics.every(({ partitions }) => partitions.every(({ isr }) => isr.length === 3));
}
