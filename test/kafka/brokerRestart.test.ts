/** The broker is stopped and killed while calls run: entries wait, and come all and in order when it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { listenerFor, startSpeaking } from '../support/liveCalls.ts';

const RESTARTS = Number(process.env.EARSHOT_RESTARTS ?? 10);
const CALLS = ['a', 'b', 'c', 'd', 'e', 'f'];
const BLOCK_MS = 100;
const AWAY_MS = 500;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

test(`${RESTARTS} restarts of the broker in mid-stream`, { skip: reason ?? false, timeout: 280_000 }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.close());
  const { bus, told } = await openTestBus(t, broker.address, await freshTopics(broker.address));
  const listener = listenerFor(() => bus);
  bus.consume(listener);
  const speaking = startSpeaking(bus, { calls: CALLS, blockMs: BLOCK_MS, blockBytes: 1_600 });
  await listener.until(() => listener.taken >= CALLS.length);

  const pausesMs: number[] = [];
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    await broker.halt(restart % 2 === 0 ? 'killed' : 'gently');
    await wait(AWAY_MS);
    await broker.start();
    const backAtMs = performance.now();
    const blocks = speaking.published / CALLS.length;
    await listener.until(() => CALLS.every((call) => listener.blocksOf(call) >= blocks));
    pausesMs.push(Math.round(performance.now() - backAtMs));
  }
  const blocks = await speaking.finish();
  await listener.until(() => CALLS.every((call) => listener.blocksOf(call) === blocks));
  t.diagnostic(
    `${speaking.published} entries, ${listener.repeats} handed out again, ${speaking.refused} refused; ` +
      `after each return ${pausesMs.join(', ')} ms until all that waited had come`,
  );
  assert.deepEqual([listener.faults, told.holes, told.stuck, told.deadLetters], [[], [], [], []]);
});
