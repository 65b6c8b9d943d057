/** The broker is away for 20 s under load, longer than there is room for: senders are held back, and all comes in order afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Busy } from '../../core/units/errors.ts';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { audioEntry, collector } from '../support/logEntries.ts';

const AWAY_MS = 20_000;
const CALLS = Array.from({ length: 24 }, (_, index) => `call-${index}`);
const BLOCK_MS = 100;
const BLOCK_BYTES = 1_600;
/** Half of what comes while the broker is away. */
const SEND_BYTES_MAX = (CALLS.length * BLOCK_BYTES * (AWAY_MS / BLOCK_MS)) / 2;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the bus is not tested over Kafka: ${reason}`);

test(`${AWAY_MS / 1_000} s without a broker under load`, { skip: reason ?? false, timeout: 180_000 }, async (t) => {
  const broker = await startKafka();
  t.after(() => broker.close());
  const { bus, told } = await openTestBus(t, broker.address, await freshTopics(broker.address), {
    sendBytesMax: SEND_BYTES_MAX,
  });
  const taken = collector();
  bus.consume({
    take(entry) {
      taken.take(entry);
      bus.commit(entry.tenant, entry.callId, entry.position);
    },
    revoked: (calls) => taken.revoked?.(calls),
  });
  await bus.ready();

  /** What each caller has said; a held-back socket keeps what could not be taken. */
  const said = new Map(CALLS.map((call) => [call, 0]));
  const sent = new Map(CALLS.map((call) => [call, 0]));
  const acknowledged: Promise<void>[] = [];
  let refusals = 0;
  let peakBytes = 0;
  const send = (): void => {
    for (const call of CALLS) {
      for (let seq = sent.get(call) ?? 0; seq < (said.get(call) ?? 0); seq += 1) {
        try {
          acknowledged.push(bus.publish(audioEntry(call, seq, BLOCK_BYTES)));
        } catch (error) {
          assert.ok(error instanceof Busy);
          refusals += 1;
          return;
        }
        sent.set(call, seq + 1);
      }
    }
    peakBytes = Math.max(peakBytes, bus.pendingBytes);
  };
  let isSpeaking = true;
  const speak = setInterval(() => {
    if (isSpeaking) for (const call of CALLS) said.set(call, (said.get(call) ?? 0) + 1);
    send();
  }, BLOCK_MS);
  t.after(() => clearInterval(speak));
  await taken.count(CALLS.length * 10);

  await broker.halt('killed');
  await wait(AWAY_MS);
  assert.ok(refusals > 0, 'the bound was reached');
  await broker.start();
  const backAtMs = performance.now();
  const before = taken.entries.length;
  const spoken = (): number => [...said.values()].reduce((sum, count) => sum + count, 0);
  const distinct = (): number => new Set(taken.entries.map(({ callId, seq }) => `${callId} ${seq}`)).size;
  // Caught up: what was said when it came back has come.
  const due = spoken();
  await taken.count(due);
  const caughtUpMs = performance.now() - backAtMs;
  isSpeaking = false;
  await taken.until(() => taken.entries.length >= spoken() && distinct() === spoken());
  await Promise.all(acknowledged);
  for (const call of CALLS) {
    const firsts = [...new Set(taken.seqsOf(call))];
    assert.deepEqual(
      firsts,
      Array.from({ length: said.get(call) ?? 0 }, (_, seq) => seq),
    );
  }
  const rate = Math.round((taken.entries.length - before) / (caughtUpMs / 1_000));
  t.diagnostic(
    `${spoken()} entries, ${taken.entries.length - spoken()} handed out again, ${refusals} refusals, ` +
      `${(peakBytes / 1e6).toFixed(1)} MB waited at most; caught up ${Math.round(caughtUpMs)} ms after its return, ${rate} entries/s`,
  );
  assert.deepEqual([told.holes, told.stuck, told.deadLetters], [[], [], []]);
});
