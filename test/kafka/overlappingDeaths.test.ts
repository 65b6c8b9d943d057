/**
 * Two workers are killed shortly after one another, the second when it may just have been given the calls of the first: no call
 * waits longer than the promise allows. The workers have the default settings.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { quantilesOf } from '../support/liveCalls.ts';
import { audioEntry, closeEntry } from '../support/logEntries.ts';
import { openFleet } from '../support/workerFleet.ts';

/** Between the two deaths: at once, meanwhile, and just after the first was noticed, at 6 s. */
const GAPS_MS = (process.env.EARSHOT_GAPS_MS ?? '0 3000 6200 7000').split(' ').map(Number);
const WORKERS = 4;
const CALLS = 24;
const PARTITIONS = 8;
const BLOCK_MS = 100;
const RESUME_MS_MAX = 15_000;
/** So that what the bus sends twice itself is known as repeats. */
const SESSION = 'test';

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

test('two workers die within eight seconds', { skip: reason ?? false, timeout: 280_000 }, async (t) => {
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
  const isTaken = (upTo: number) => (): boolean => calls.every((call) => fleet.takenAtMs.has(`${call} ${upTo}`));
  const allTaken = (): Promise<void> => fleet.until(isTaken(seq));

  const waits: { gapMs: number; maxMs: number }[] = [];
  for (const gapMs of GAPS_MS) {
    while (fleet.workers.length < WORKERS) fleet.join();
    await allTaken();
    await fleet.until(() => fleet.workers.every((worker) => fleet.shareOf(worker) === PARTITIONS / WORKERS));
    const fromSeq = seq;
    const [one, other] = fleet.workers;
    await fleet.leave(one, 'SIGKILL');
    await wait(gapMs);
    await fleet.leave(other, 'SIGKILL');
    await allTaken();
    const delaysMs = [...publishedAtMs]
      .filter(([entry]) => Number(entry.split(' ')[1]) >= fromSeq && fleet.takenAtMs.has(entry))
      .map(([entry, atMs]) => (fleet.takenAtMs.get(entry) ?? NaN) - atMs);
    waits.push({ gapMs, maxMs: quantilesOf(delaysMs).max });
  }
  clearInterval(speak);
  for (const call of calls) acknowledged.push(bus.publish({ ...closeEntry(call, seq), session: SESSION }));
  await Promise.all(acknowledged);
  await fleet.until(() => calls.every((call) => fleet.durable(call) === seq));
  t.diagnostic(
    `${publishedAtMs.size} entries, ${fleet.repeats} handed out again; longest from published to handed out: ` +
      waits.map(({ gapMs, maxMs }) => `${maxMs} ms where the deaths were ${gapMs} ms apart`).join(', '),
  );
  assert.deepEqual(fleet.faults, []);
  for (const { gapMs, maxMs } of waits) assert.ok(maxMs <= RESUME_MS_MAX, `${maxMs} ms after deaths ${gapMs} ms apart`);
});
