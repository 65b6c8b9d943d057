/** How far the analysis is behind, told by a real broker: to one that has looked all the time, and to one that just came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { audioEntry, collector } from '../support/logEntries.ts';

const LOOK_EVERY_MS = 500;
/** Of the tool: between two looks, or between two times that were asked for. */
const COARSE_MS = 2_500;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

test('the delay grows while nothing is committed and ends with the commit', { skip: reason ?? false }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.close());
  const topics = await freshTopics(broker.address, { partitions: 4 });
  const { bus } = await openTestBus(t, broker.address, topics);
  const taken = collector();
  bus.consume(taken);
  await bus.ready();
  assert.deepEqual(await bus.logDelay(), { uncommittedEntries: 0, delayMs: 0 });
  const firstAtMs = Date.now();
  await bus.publish(audioEntry('a', 0));
  await bus.publish(audioEntry('b', 0));
  const looksMs: number[] = [];
  while (Date.now() - firstAtMs < 6_000) {
    const beganAtMs = performance.now();
    const { uncommittedEntries, delayMs } = await bus.logDelay();
    looksMs.push(performance.now() - beganAtMs);
    assert.equal(uncommittedEntries, 2);
    const meantMs = Date.now() - firstAtMs;
    assert.ok(Math.abs(delayMs - meantMs) <= COARSE_MS, `${delayMs} ms, meant are ${meantMs}`);
    await wait(LOOK_EVERY_MS);
  }
  const late = await openTestBus(t, broker.address, topics);
  const { delayMs } = await late.bus.logDelay();
  const meantMs = Date.now() - firstAtMs;
  assert.ok(Math.abs(delayMs - meantMs) <= COARSE_MS, `${delayMs} ms to a newcomer, meant are ${meantMs}`);
  await taken.count(2);
  for (const call of ['a', 'b']) bus.commit('t', call, taken.positionOf(call, 0));
  while ((await bus.logDelay()).uncommittedEntries > 0) await wait(20);
  assert.deepEqual(await late.bus.logDelay(), { uncommittedEntries: 0, delayMs: 0 });
  looksMs.sort((a, b) => a - b);
  t.diagnostic(
    `a look takes ${looksMs[looksMs.length >> 1].toFixed(1)} ms (median of ${looksMs.length}), at most ${Math.max(...looksMs).toFixed(1)}`,
  );
});
