/**
 * kafkajs against the callback interface of @confluentinc/kafka-javascript (librdkafka) on the same broker and the same entries: how
 * many a second one process writes and reads, and what of a processor each takes, encoding and decoding included. The second is no
 * dependency, for it needs its install script; so its folder is an argument.
 *
 *     npm run --silent build && node dist/benchmarks/bus/clients.js FOLDER/node_modules/@confluentinc/kafka-javascript
 */
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { LogEntry } from '../../adapters/bus/bus.ts';
import { createKafkaSender } from '../../adapters/bus/kafkaSender.ts';
import { KAFKA_TUNING, kafkaClient } from '../../adapters/bus/kafkaSettings.ts';
import { decodeEntry, encodeEntry } from '../../adapters/bus/logRecord.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { Busy } from '../../core/units/errors.ts';
import { startKafka } from '../../test/support/kafkaBroker.ts';
import { connectionTo, freshTopics } from '../../test/support/kafkaTestBus.ts';
import { audioEntry } from '../../test/support/logEntries.ts';
import { machineOf } from '../machine.ts';

const ENTRIES = 40_000;
const CALLS = 100;
const PARTITIONS = 12;
/** 100 ms of both channels in 8 kHz mu-law. */
const BLOCK_BYTES = 1_600;
/** What is under way at once, for both. */
const BYTES_IN_FLIGHT = 8 * 1_048_576;
const ENTRIES_IN_FLIGHT = Math.floor(BYTES_IN_FLIGHT / BLOCK_BYTES);
const FETCH = { bytesMin: 65_536, waitMs: 50, bytesMax: 8_388_608 };
const READ_AT_ONCE = 500;
const ROUNDS = 3;

/** What is used here of the other client. */
interface OtherProducer {
  connect(options: object, done: (error: Error | null) => void): void;
  setPollInterval(ms: number): void;
  on(event: 'delivery-report', told: (error: Error | null) => void): void;
  produce(topic: string, partition: null, value: Buffer, key: string): void;
  disconnect(done: () => void): void;
}
interface OtherConsumer {
  connect(options: object, done: (error: Error | null) => void): void;
  subscribe(topics: readonly string[]): void;
  setDefaultConsumeTimeout(ms: number): void;
  consume(count: number, done: (error: Error | null, messages: readonly { readonly value: Buffer }[]) => void): void;
  disconnect(done: () => void): void;
}
interface OtherClient {
  readonly librdkafkaVersion: string;
  readonly Producer: new (settings: object) => OtherProducer;
  readonly KafkaConsumer: new (settings: object, topicSettings: object) => OtherConsumer;
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('the folder of @confluentinc/kafka-javascript is the argument');
const other = createRequire(import.meta.url)(resolve(folder)) as OtherClient;
const broker = await startKafka();

const entryOf = (index: number): LogEntry => ({
  ...audioEntry(`call-${index % CALLS}`, Math.floor(index / CALLS), BLOCK_BYTES),
  session: 'benchmark',
});
const valueOf = (entry: LogEntry, index: number): Buffer => encodeEntry(entry, { ordinal: index + 1 });
const keyOf = ({ tenant, callId }: LogEntry): string => `${tenant}/${callId}`;

interface Speed {
  readonly entriesPerS: number;
  readonly processorUsEach: number;
}

async function timed(work: () => Promise<void>): Promise<Speed> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const s = (performance.now() - startMs) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return {
    entriesPerS: Math.round(ENTRIES / s),
    processorUsEach: Math.round(((user + system) / ENTRIES) * 10) / 10,
  };
}

async function writeByKafkajs(topic: string): Promise<Speed> {
  const tuning = { ...KAFKA_TUNING, sendBytesMax: BYTES_IN_FLIGHT };
  const sender = createKafkaSender({
    kafka: kafkaClient(connectionTo(broker.address)),
    tuning,
    onTrouble: console.error,
  });
  const speed = await timed(async () => {
    const acknowledged: Promise<void>[] = [];
    for (let index = 0; index < ENTRIES;) {
      try {
        const entry = entryOf(index);
        acknowledged.push(sender.send([{ topic, key: keyOf(entry), value: valueOf(entry, index) }]));
        index += 1;
      } catch (error) {
        if (!(error instanceof Busy)) throw error;
        await acknowledged[Math.max(0, acknowledged.length - READ_AT_ONCE)];
      }
    }
    await Promise.all(acknowledged);
  });
  await sender.close();
  return speed;
}

async function readByKafkajs(topic: string): Promise<Speed> {
  const consumer = kafkaClient(connectionTo(broker.address)).consumer({
    groupId: `${topic}-kafkajs`,
    minBytes: FETCH.bytesMin,
    maxWaitTimeInMs: FETCH.waitMs,
    maxBytes: FETCH.bytesMax,
  });
  const speed = await timed(async () => {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let count = 0;
    await new Promise<void>((done, failed) => {
      const eachBatch = ({ batch }: { batch: { messages: readonly { value: Buffer | null }[] } }): Promise<void> => {
        for (const { value } of batch.messages) {
          decodeEntry(value ?? Buffer.alloc(0));
          count += 1;
        }
        if (count >= ENTRIES) done();
        return Promise.resolve();
      };
      consumer.run({ autoCommit: false, eachBatch }).catch(failed);
    });
  });
  await consumer.disconnect();
  return speed;
}

const connect = (client: OtherProducer | OtherConsumer): Promise<void> =>
  new Promise((done, failed) => client.connect({}, (error) => (error === null ? done() : failed(error))));

async function writeByOther(topic: string): Promise<Speed> {
  const producer = new other.Producer({
    'bootstrap.servers': broker.address,
    'enable.idempotence': true,
    acks: -1,
    'linger.ms': KAFKA_TUNING.lingerMs,
    'batch.size': 524_288,
    partitioner: 'murmur2_random',
    dr_cb: true,
  });
  await connect(producer);
  producer.setPollInterval(10);
  let acknowledged = 0;
  let failure: Error | null = null;
  let changed = (): void => undefined;
  producer.on('delivery-report', (error) => {
    acknowledged += 1;
    failure ??= error;
    changed();
  });
  const change = (): Promise<void> => new Promise((resolve) => (changed = resolve));
  const speed = await timed(async () => {
    for (let index = 0; index < ENTRIES;) {
      if (index - acknowledged >= ENTRIES_IN_FLIGHT) {
        await change();
        continue;
      }
      const entry = entryOf(index);
      producer.produce(topic, null, valueOf(entry, index), keyOf(entry));
      index += 1;
    }
    while (acknowledged < ENTRIES) await change();
  });
  if (failure !== null) throw failure as Error;
  await new Promise<void>((done) => producer.disconnect(done));
  return speed;
}

async function readByOther(topic: string): Promise<Speed> {
  const consumer = new other.KafkaConsumer(
    {
      'bootstrap.servers': broker.address,
      'group.id': `${topic}-other`,
      'enable.auto.commit': false,
      'fetch.min.bytes': FETCH.bytesMin,
      'fetch.wait.max.ms': FETCH.waitMs,
    },
    { 'auto.offset.reset': 'earliest' },
  );
  const next = (): Promise<readonly { readonly value: Buffer }[]> =>
    new Promise((done, failed) =>
      consumer.consume(READ_AT_ONCE, (error, messages) => (error === null ? done(messages) : failed(error))),
    );
  const speed = await timed(async () => {
    await connect(consumer);
    consumer.subscribe([topic]);
    consumer.setDefaultConsumeTimeout(FETCH.waitMs);
    for (let count = 0; count < ENTRIES;) {
      for (const { value } of await next()) {
        decodeEntry(value);
        count += 1;
      }
    }
  });
  await new Promise<void>((done) => consumer.disconnect(done));
  return speed;
}

const rounds: Record<string, Speed>[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const [mine, others] = await Promise.all([1, 2].map(() => freshTopics(broker.address, { partitions: PARTITIONS })));
  const topicOf = ({ prefix }: { prefix: string }): string => `${prefix}log`;
  const speeds = {
    kafkajsWrites: await writeByKafkajs(topicOf(mine)),
    otherWrites: await writeByOther(topicOf(others)),
    kafkajsReads: await readByKafkajs(topicOf(mine)),
    otherReads: await readByOther(topicOf(others)),
  };
  console.log(JSON.stringify(speeds));
  rounds.push(speeds);
}
await broker.close();
const result = {
  ...machineOf(),
  broker: `Apache Kafka ${broker.version}, one broker, on the same machine`,
  kafkajs: '2.2.4',
  other: `@confluentinc/kafka-javascript 1.10.1, librdkafka ${other.librdkafkaVersion}, compiled here`,
  entries: ENTRIES,
  blockBytes: BLOCK_BYTES,
  rounds,
};
await writeFile(join(packageRoot, 'benchmarks', 'bus', 'clients.result.json'), `${JSON.stringify(result, null, 2)}\n`);
// The other client's own threads would go on.
process.exit(0);
