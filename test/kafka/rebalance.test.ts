/** Workers join, leave and are killed while calls run: no entry is lost, none comes out of order, and all is committed. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { kafkaClient } from '../../adapters/bus/kafkaSettings.ts';
import { placesOf } from '../../adapters/bus/partitionOffsets.ts';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { connectionTo, freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { audioEntry, closeEntry } from '../support/logEntries.ts';
import { openFleet } from '../support/workerFleet.ts';

const CHANGES = Number(process.env.EARSHOT_REBALANCES ?? 12);
const CHANGE_EVERY_MS = 2_500;
const AFTER_KILL_MS = 8_000;
const CALLS = 24;
const PARTITIONS = 8;
const BLOCK_MS = 100;
const WORKERS_MAX = 4;
const RESUME_MS_MAX = 15_000;
/** So that what the bus sends twice itself is known as repeats. */
const SESSION = 'test';

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

test(`${CHANGES} changes of workers under ${CALLS} calls`, { skip: reason ?? false, timeout: 280_000 }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.close());
  const topics = await freshTopics(broker.address, { partitions: PARTITIONS });
  const { bus } = await openTestBus(t, broker.address, topics);
  const fleet = openFleet([broker.address, topics.prefix, topics.groupId]);
  t.after(() => fleet.close());

  const calls = Array.from({ length: CALLS }, (_, index) => `call-${index}`);
  const acknowledged: Promise<void>[] = [];
  const publishedAtMs = new Map<string, number>();
  let seq = 0;
  const speak = setInterval(() => {
    for (const call of calls) {
      publishedAtMs.set(`${call} ${seq}`, performance.now());
      acknowledged.push(bus.publish({ ...audioEntry(call, seq, 1_600), session: SESSION }));
    }
    seq += 1;
  }, BLOCK_MS);
  t.after(() => clearInterval(speak));

  fleet.join();
  fleet.join();
  await fleet.until(() => fleet.takenAtMs.size > 0);
  // The seed tells which changes were made; when they met what, only the clock knows.
  const seed = Number(process.env.EARSHOT_SEED ?? randomInt(1_000_000));
  const random = mulberry(seed);
  const made: string[] = [];
  const leaving: Promise<void>[] = [];
  for (let change = 0; change < CHANGES; change += 1) {
    // The promise is of one death at a time: a killed worker is gone for the others after its session (6 s here) at the latest.
    await wait(made.at(-1) === 'kill' ? AFTER_KILL_MS : CHANGE_EVERY_MS);
    const { workers } = fleet;
    const canLeave = workers.length > 1;
    const canJoin = workers.length < WORKERS_MAX;
    const what = !canLeave
      ? 'join'
      : !canJoin
        ? 'kill'
        : (['join', 'leave', 'kill'] as const)[Math.floor(random() * 3)];
    made.push(what);
    if (what === 'join') fleet.join();
    else {
      const worker = workers[Math.floor(random() * workers.length)];
      leaving.push(fleet.leave(worker, what === 'kill' ? 'SIGKILL' : 'SIGTERM'));
    }
  }
  await Promise.all(leaving);
  clearInterval(speak);
  for (const call of calls) acknowledged.push(bus.publish({ ...closeEntry(call, seq), session: SESSION }));
  await Promise.all(acknowledged);
  await fleet.until(() => calls.every((call) => fleet.durable(call) === seq));

  const admin = kafkaClient(connectionTo(broker.address)).admin();
  await admin.connect();
  t.after(() => admin.disconnect());
  const uncommitted = async (): Promise<number> =>
    (await placesOf(admin, `${topics.prefix}log`, topics.groupId))
      .map(({ endOffset, committedOffset }) => endOffset - (committedOffset ?? 0))
      .reduce((sum, lag) => sum + lag, 0);
  // Offsets follow the durable lines within a round of commits.
  for (let rounds = 0; (await uncommitted()) > 0 && rounds < 50; rounds += 1) await wait(100);

  const delays = [...publishedAtMs]
    .map(([entry, atMs]) => (fleet.takenAtMs.get(entry) ?? Infinity) - atMs)
    .sort((a, b) => a - b);
  const quantile = (share: number): number => Math.round(delays[Math.floor((delays.length - 1) * share)]);
  t.diagnostic(
    `seed ${seed} (${made.join(' ')}): ${delays.length} entries, ${fleet.repeats} handed out again; ` +
      `published to handed out p50 ${quantile(0.5)} ms, p90 ${quantile(0.9)}, p99 ${quantile(0.99)}, max ${quantile(1)}`,
  );
  assert.deepEqual(fleet.faults, [], `seed ${seed}`);
  assert.equal(await uncommitted(), 0);
  assert.ok(delays.every(Number.isFinite), 'every entry was handed out');
  assert.ok(quantile(1) <= RESUME_MS_MAX, `an entry waited ${quantile(1)} ms`);
});

/** A small generator of the same numbers for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
