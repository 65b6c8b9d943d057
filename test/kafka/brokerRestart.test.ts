/** The broker is stopped and killed while calls run: entries wait, and come all and in order when it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Busy } from '../../core/units/errors.ts';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { audioEntry, collector } from '../support/logEntries.ts';

const RESTARTS = Number(process.env.EARSHOT_RESTARTS ?? 3);
const CALLS = ['a', 'b', 'c', 'd', 'e', 'f'];
const BLOCK_MS = 100;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

test(`${RESTARTS} restarts of the broker in mid-stream`, { skip: reason ?? false, timeout: 280_000 }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.close());
  const { bus, told } = await openTestBus(t, broker.address, await freshTopics(broker.address));
  /** By call, what was handed out since it was last revoked. */
  const tenures = new Map<string, number[]>();
  const taken = collector();
  bus.consume({
    take(entry) {
      const tenure = tenures.get(entry.callId) ?? [];
      tenures.set(entry.callId, tenure);
      const before = tenure.at(-1);
      if (before !== undefined) assert.equal(entry.seq, before + 1);
      tenure.push(entry.seq);
      taken.take(entry);
      bus.commit(entry.tenant, entry.callId, entry.position);
    },
    revoked(calls) {
      for (const { callId } of calls) tenures.delete(callId);
      taken.revoked?.(calls);
    },
  });
  const acknowledged: Promise<void>[] = [];
  const next = new Map(CALLS.map((call) => [call, 0]));
  let refused = 0;
  const speak = setInterval(() => {
    for (const call of CALLS) {
      const seq = next.get(call) ?? 0;
      try {
        acknowledged.push(bus.publish(audioEntry(call, seq, 1_600)));
        next.set(call, seq + 1);
      } catch (error) {
        assert.ok(error instanceof Busy);
        refused += 1;
      }
    }
  }, BLOCK_MS);
  t.after(() => clearInterval(speak));
  await taken.count(CALLS.length);

  const pausesMs: number[] = [];
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    await broker.halt(restart % 2 === 0 ? 'killed' : 'gently');
    await wait(1_500);
    await broker.start();
    const backAtMs = performance.now();
    const count = acknowledged.length;
    await taken.count(count);
    pausesMs.push(Math.round(performance.now() - backAtMs));
  }
  clearInterval(speak);
  await Promise.all(acknowledged);
  const isWhole = (call: string): boolean => new Set(taken.seqsOf(call)).size === next.get(call);
  await taken.until(() => CALLS.every(isWhole));
  t.diagnostic(
    `${acknowledged.length} entries, ${taken.entries.length - acknowledged.length} handed out again, ${refused} refused; ` +
      `after each return ${pausesMs.join(', ')} ms until all that waited had come`,
  );
  assert.deepEqual([told.holes, told.stuck, told.deadLetters], [[], [], []]);
});
