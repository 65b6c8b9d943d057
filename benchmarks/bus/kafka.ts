/**
 * The bus over a Kafka broker on this machine: how many blocks of audio a second one process writes and one process reads at full
 * speed, what of a processor each takes, and at a calm rate the delay from publishing to the reader. The broker runs beside on
 * the same processors. Audio is that of the demo call.
 *
 *     npm run bench:bus
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { LogEntry } from '../../adapters/bus/bus.ts';
import { openKafkaBus, type KafkaBus } from '../../adapters/bus/kafkaBus.ts';
import { KAFKA_TUNING, kafkaClient, type KafkaConnection, type KafkaTuning } from '../../adapters/bus/kafkaSettings.ts';
import { checkTopics, TOPIC_SETTINGS } from '../../adapters/bus/kafkaTopics.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { Busy } from '../../core/units/errors.ts';
import { startKafka } from '../../test/support/kafkaBroker.ts';
import { machineOf } from '../machine.ts';

const CALLS = 100;
const PARTITIONS = 12;
const BYTES_IN_FLIGHT = 8 * 1_048_576;
const CALM_CALLS = 200;
const CALM_S = 10;
/** Both channels of 8 kHz mu-law. */
const BYTES_PER_MS = 16;

const WAV_HEADER_BYTES = 44;
const audio = (await readFile(join(packageRoot, 'examples', 'demo-call', 'demo-call.wav'))).subarray(WAV_HEADER_BYTES);

function block(callId: string, seq: number, ms: number): LogEntry {
  const bytes = ms * BYTES_PER_MS;
  const from = (seq * bytes) % (audio.length - bytes);
  const payload = audio.subarray(from, from + bytes);
  return {
    tenant: 'bench',
    callId,
    seq,
    own: false,
    session: 'benchmark',
    message: { type: 'audio', lane: 'both', position: seq * ms * 8, payload, arrivedAtMs: Date.now() },
  };
}

const broker = await startKafka();
const connection: KafkaConnection = { brokers: [broker.address], clientId: 'bench', tls: null, sasl: null };
const admin = kafkaClient(connection).admin();
await admin.connect();

async function openBus(topicPrefix: string, tuning: Partial<KafkaTuning>): Promise<KafkaBus> {
  await checkTopics(admin, { ...TOPIC_SETTINGS, prefix: topicPrefix, partitions: PARTITIONS, replication: 1 });
  const fail = (what: unknown): void => console.error(what);
  return openKafkaBus({
    connection,
    topicPrefix,
    groupId: `${topicPrefix}bench`,
    tuning: { ...KAFKA_TUNING, ...tuning },
    hooks: {
      onTrouble: fail,
      onAssigned: () => undefined,
      onHole: fail,
      onStuck: fail,
      onClientLog: () => undefined,
      onDeadLetter: fail,
      onStopped: fail,
      onLag: () => undefined,
      onFactDropped: () => undefined,
    },
  });
}

interface Speed {
  readonly blocksPerS: number;
  readonly megabytesPerS: number;
  readonly processorUsPerBlock: number;
}

async function timed(blocks: number, ms: number, work: () => Promise<void>): Promise<Speed> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const s = (performance.now() - startMs) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return {
    blocksPerS: Math.round(blocks / s),
    megabytesPerS: Math.round((blocks * ms * BYTES_PER_MS) / s / 1e5) / 10,
    processorUsPerBlock: Math.round(((user + system) / blocks) * 10) / 10,
  };
}

async function fullSpeed(ms: number, blocks: number, compression: KafkaTuning['compression']): Promise<object> {
  const prefix = `full${ms}${compression}.`;
  const writing = await openBus(prefix, { compression, sendBytesMax: BYTES_IN_FLIGHT });
  const produce = await timed(blocks, ms, async () => {
    const acknowledged: Promise<void>[] = [];
    for (let index = 0; index < blocks;) {
      try {
        acknowledged.push(writing.publish(block(`call-${index % CALLS}`, Math.floor(index / CALLS), ms)));
        index += 1;
      } catch (error) {
        if (!(error instanceof Busy)) throw error;
        await acknowledged[Math.max(0, acknowledged.length - 500)];
      }
    }
    await Promise.all(acknowledged);
  });
  await writing.close();
  const reading = await openBus(prefix, {});
  const consume = await timed(blocks, ms, async () => {
    let taken = 0;
    await new Promise<void>((resolve) => {
      reading.consume({
        take({ tenant, callId, position }) {
          reading.commit(tenant, callId, position);
          taken += 1;
          if (taken === blocks) resolve();
        },
      });
    });
  });
  await reading.close();
  const result = { blockMs: ms, blocks, compression, produce, consumeWithJoin: consume };
  console.log(JSON.stringify(result));
  return result;
}

async function calm(ms: number): Promise<object> {
  const bus = await openBus(`calm${ms}.`, {});
  const delaysMs: number[] = [];
  const sentAtMs = new Map<string, number>();
  bus.consume({
    take({ tenant, callId, seq, position }) {
      const name = `${callId} ${seq}`;
      delaysMs.push(performance.now() - (sentAtMs.get(name) ?? NaN));
      sentAtMs.delete(name);
      bus.commit(tenant, callId, position);
    },
  });
  await bus.ready();
  const before = process.cpuUsage();
  const rounds = (CALM_S * 1_000) / ms;
  const acknowledgedMs: number[] = [];
  const sending: Promise<unknown>[] = [];
  const startMs = performance.now();
  for (let seq = 0; seq < rounds; seq += 1) {
    // Calls are not in step: each has its moment within the block.
    for (let call = 0; call < CALM_CALLS; call += 1) {
      const dueMs = startMs + (seq + call / CALM_CALLS) * ms;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const atMs = performance.now();
      sentAtMs.set(`call-${call} ${seq}`, atMs);
      sending.push(
        bus.publish(block(`call-${call}`, seq, ms)).then(() => acknowledgedMs.push(performance.now() - atMs)),
      );
    }
  }
  await Promise.all(sending);
  const { user, system } = process.cpuUsage(before);
  const wholeMs = performance.now() - startMs;
  while (sentAtMs.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await bus.close();
  const quantiles = (values: number[]): object => {
    values.sort((a, b) => a - b);
    const at = (share: number): number => Math.round(values[Math.floor((values.length - 1) * share)] * 10) / 10;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  };
  const result = {
    calls: CALM_CALLS,
    blockMs: ms,
    acknowledgedMs: quantiles(acknowledgedMs),
    publishedToTakenMs: quantiles(delaysMs),
    processorShare: Math.round((user + system) / wholeMs / 10) / 100,
  };
  console.log(JSON.stringify(result));
  return result;
}

const blockOf = (ms: number): Buffer => Buffer.from(audio.subarray(0, ms * BYTES_PER_MS * 50));
const gzipShare = (ms: number): number => Math.round((gzipSync(blockOf(ms)).length / blockOf(ms).length) * 100) / 100;

const result = {
  ...machineOf(),
  broker: `Apache Kafka ${broker.version}, one broker, on the same machine`,
  client: 'kafkajs 2.2.4',
  fullSpeed: [
    await fullSpeed(100, 40_000, 'none'),
    await fullSpeed(200, 20_000, 'none'),
    await fullSpeed(100, 10_000, 'gzip'),
  ],
  gzipShareOfSpeech: gzipShare(200),
  calm: [await calm(100), await calm(200)],
};
await admin.disconnect();
await broker.close();
await writeFile(join(packageRoot, 'benchmarks', 'bus', 'kafka.result.json'), `${JSON.stringify(result, null, 2)}\n`);
