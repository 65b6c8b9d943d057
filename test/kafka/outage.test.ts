/**
 * The brokers are away for a while under load. A process with room keeps all that its calls say; one without is full, and its calls wait
 * as paused sockets do. When the brokers are back all of it comes, in order, and how fast is told.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { KAFKA_TUNING } from '../../adapters/bus/kafkaSettings.ts';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { listenerFor, startSpeaking, type Listener, type LiveCalls } from '../support/liveCalls.ts';

const AWAY_MS = Number(process.env.EARSHOT_AWAY_MS ?? 20_000);
const CALLS = 100;
const BLOCK_MS = 100;
/** Both channels of 8 kHz mu-law. */
const BLOCK_BYTES = 1_600;
/** Room for some two seconds of it. */
const SMALL_BYTES = 4 * 1_048_576;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

const title = `the broker is away for ${AWAY_MS / 1_000} s while ${CALLS} calls run`;
test(title, { skip: reason ?? false, timeout: 280_000 }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.close());
  const roomy = await begin(t, broker.address, KAFKA_TUNING.sendBytesMax);
  const small = await begin(t, broker.address, SMALL_BYTES);
  const both = [roomy, small];
  for (const { listener } of both) await listener.until(() => listener.taken >= CALLS);

  const rssBefore = process.memoryUsage().rss;
  await broker.halt('killed');
  await wait(AWAY_MS);
  const mebibytes = (bytes: number): number => Math.round((bytes / 1_048_576) * 10) / 10;
  t.diagnostic(
    `at the end ${mebibytes(roomy.bus.pendingBytes)} and ${mebibytes(small.bus.pendingBytes)} MiB wait in the two, ` +
      `which took ${mebibytes(process.memoryUsage().rss - rssBefore)} MiB of memory; ` +
      `refused ${roomy.speaking.refused} and ${small.speaking.refused} times`,
  );
  assert.equal(roomy.speaking.refused, 0);
  assert.ok(small.speaking.refused > 0);
  assert.ok(small.bus.pendingBytes < SMALL_BYTES + 2 * BLOCK_BYTES);

  await broker.start();
  const backAtMs = performance.now();
  await Promise.all(both.map((side) => caughtUp(t, side, backAtMs)));
  for (const { speaking, listener, told } of both) {
    const blocks = await speaking.finish();
    await listener.until(() => CALL_NAMES.every((call) => listener.blocksOf(call) === blocks));
    assert.deepEqual([listener.faults, told.holes, told.stuck, told.deadLetters], [[], [], [], []]);
  }
});

const CALL_NAMES = Array.from({ length: CALLS }, (_, index) => `call-${index}`);

interface Side extends Awaited<ReturnType<typeof openTestBus>> {
  readonly name: string;
  readonly speaking: LiveCalls;
  readonly listener: Listener;
}

async function begin(t: TestContext, address: string, sendBytesMax: number): Promise<Side> {
  const opened = await openTestBus(t, address, await freshTopics(address), { sendBytesMax });
  const { bus } = opened;
  const listener = listenerFor(() => bus);
  bus.consume(listener);
  await bus.ready();
  const speaking = startSpeaking(bus, { calls: CALL_NAMES, blockMs: BLOCK_MS, blockBytes: BLOCK_BYTES });
  return { ...opened, name: `room for ${sendBytesMax / 1_048_576} MiB`, speaking, listener };
}

/** Until nothing waits but what was spoken a moment ago. */
async function caughtUp(t: TestContext, { name, bus, speaking, listener }: Side, backAtMs: number): Promise<void> {
  const before = listener.taken;
  const dueMs = (): number =>
    speaking.spokenMs - Math.min(...CALL_NAMES.map((call) => listener.blocksOf(call))) * BLOCK_MS;
  const behindMs = dueMs();
  await listener.until(() => listener.taken % CALLS === 0 && dueMs() < 1_000);
  const tookS = (performance.now() - backAtMs) / 1_000;
  const blocks = listener.taken - before;
  const audioS = (blocks / CALLS) * (BLOCK_MS / 1_000);
  t.diagnostic(
    `${name}: ${Math.round(behindMs / 100) / 10} s behind, caught up ${Math.round(tookS * 10) / 10} s after the return: ` +
      `${blocks} blocks, ${Math.round((audioS / tookS) * 10) / 10} times real time; ${Math.round(bus.pendingBytes / 1_024)} KiB wait`,
  );
}
