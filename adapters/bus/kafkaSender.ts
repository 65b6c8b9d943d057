/**
 * The writing end: collects records for a moment, sends them as one request, and tries for as long as it takes, so that what it
 * has taken comes into the topics in order. One request at a time: two at once could overtake each other after a failure.
 *
 * The client's idempotence holds within one request and its own retries. After an error that it gives up on, its sequence numbers
 * may be those of records that the broker has, and what is sent next under them would be taken for repeats and lost; so a new
 * producer takes over and sends the whole again. That gives repeats, which readers know by writer and ordinal.
 */
import kafkajs, { type Kafka, type Message, type Producer } from 'kafkajs';
import { Busy, InvalidInput } from '../../core/units/errors.ts';
import { RECORD_BYTES_MAX, type KafkaTuning } from './kafkaSettings.ts';
import { pause, within } from './waiting.ts';

export interface OutRecord {
  readonly topic: string;
  readonly key: string | Buffer | null;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface KafkaSender {
  readonly pendingBytes: number;
  /** Resolves when all in-sync replicas have the records. Throws `Busy` or InvalidInput, having taken nothing. */
  send(records: readonly OutRecord[]): Promise<void>;
  /** Sends what waits, for a bounded time; what is left then is rejected. */
  close(): Promise<void>;
}

export interface KafkaSenderOptions {
  readonly kafka: Kafka;
  readonly tuning: Pick<KafkaTuning, 'sendBytesMax' | 'lingerMs' | 'compression'>;
  readonly onTrouble: (error: Error) => void;
}

interface Waiting {
  readonly record: OutRecord;
  readonly bytes: number;
  readonly sinceMs: number;
  readonly done: () => void;
  readonly lost: (error: Error) => void;
}

const { GZIP, None } = kafkajs.CompressionTypes;

const BUSY_RETRY_MS = 200;
/** Under the brokers' limit for what one partition gets at once. */
const REQUEST_BYTES_MAX = 524_288;
const RECORD_OVERHEAD_BYTES = 70;
const REQUEST_MS_MAX = 30_000;
const CLOSE_MS_MAX = 10_000;
const DISCONNECT_MS_MAX = 5_000;
const PAUSE_MS = { first: 100, max: 2_000 };

export function createKafkaSender({ kafka, tuning, onTrouble }: KafkaSenderOptions): KafkaSender {
  const queue: Waiting[] = [];
  let producer: Promise<Producer> | null = null;
  let sending: Promise<void> | null = null;
  let pendingBytes = 0;
  let isClosed = false;
  /** Closed, and the time for what was left is over. */
  let isAbandoned = false;
  const partitionOf = kafkajs.Partitioners.DefaultPartitioner();
  /** The partitions that the records of the request under way went to. */
  let targets = new Set<string>();

  async function open(): Promise<Producer> {
    const created = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { retries: 3, initialRetryTime: 50, maxRetryTime: 1_000 },
      createPartitioner: () => (args) => {
        const partition = partitionOf(args);
        targets.add(`${args.topic}/${partition}`);
        return partition;
      },
    });
    await created.connect();
    return created;
  }

  async function sendAll(): Promise<void> {
    while (queue.length > 0) {
      await linger(queue[0]);
      const batch = nextBatch(queue);
      const records = batch.map(({ record }) => record);
      const isDelivered = await deliver(records);
      for (const { bytes, done, lost } of batch) {
        pendingBytes -= bytes;
        if (isDelivered) done();
        else lost(new Error('the bus was closed before the brokers had this'));
      }
    }
  }

  /** Until the oldest has waited its time for others, or enough came together. */
  async function linger(oldest: Waiting): Promise<void> {
    const leftMs = oldest.sinceMs + tuning.lingerMs - performance.now();
    if (leftMs > 0 && pendingBytes < REQUEST_BYTES_MAX) await pause(leftMs);
  }

  function start(): void {
    sending ??= sendAll().finally(() => {
      sending = null;
      // What was sent while the last round was ending.
      if (queue.length > 0) start();
    });
  }

  /** False: given up at the end. */
  async function deliver(records: readonly OutRecord[]): Promise<boolean> {
    for (let pauseMs = PAUSE_MS.first; ; pauseMs = Math.min(PAUSE_MS.max, pauseMs * 2)) {
      if (isAbandoned) return false;
      try {
        await within(REQUEST_MS_MAX, request(records));
        return true;
      } catch (error) {
        onTrouble(error as Error);
        await discard();
        await pause(pauseMs);
      }
    }
  }

  async function request(records: readonly OutRecord[]): Promise<void> {
    producer ??= open();
    const current = await producer;
    targets = new Set();
    const answers = await current.sendBatch({
      topicMessages: byTopic(records),
      acks: -1,
      compression: tuning.compression === 'gzip' ? GZIP : None,
    });
    // When a partition moves between two of its tries, the client may leave its records out and report success.
    const answered = new Set(answers.map(({ topicName, partition }) => `${topicName}/${partition}`));
    const missing = [...targets].filter((target) => !answered.has(target));
    if (missing.length > 0) throw new Error(`no broker answered for ${missing.join(', ')}`);
  }

  async function discard(): Promise<void> {
    const old = producer;
    producer = null;
    const disconnect = async (): Promise<void> => (await old)?.disconnect();
    await within(DISCONNECT_MS_MAX, disconnect()).catch(() => undefined);
  }

  return {
    get pendingBytes() {
      return pendingBytes;
    },
    send(records) {
      if (isClosed) throw new Busy('the bus is closed', BUSY_RETRY_MS);
      if (pendingBytes >= tuning.sendBytesMax) {
        throw new Busy(`${pendingBytes} bytes wait for the brokers`, BUSY_RETRY_MS);
      }
      for (const { value } of records) checkSize(value.length);
      const sinceMs = performance.now();
      const sent = records.map(
        (record) =>
          new Promise<void>((done, lost) => {
            const bytes = record.value.length + RECORD_OVERHEAD_BYTES;
            pendingBytes += bytes;
            queue.push({ record, bytes, sinceMs, done, lost });
          }),
      );
      start();
      return sent.length === 1 ? sent[0] : Promise.all(sent).then(() => undefined);
    },
    async close() {
      isClosed = true;
      await within(CLOSE_MS_MAX, sending ?? Promise.resolve()).catch(onTrouble);
      isAbandoned = true;
      await discard();
    },
  };
}

function checkSize(bytes: number): void {
  if (bytes <= RECORD_BYTES_MAX) return;
  throw new InvalidInput('message_too_large', { expected: `at most ${RECORD_BYTES_MAX} bytes`, got: `${bytes}` });
}

function nextBatch(queue: Waiting[]): Waiting[] {
  let bytes = 0;
  const tooMany = queue.findIndex((waiting, index) => {
    bytes += waiting.bytes;
    return index > 0 && bytes > REQUEST_BYTES_MAX;
  });
  return queue.splice(0, tooMany === -1 ? queue.length : tooMany);
}

function byTopic(records: readonly OutRecord[]): { topic: string; messages: Message[] }[] {
  const topics = new Map<string, Message[]>();
  for (const { topic, key, value, headers } of records) {
    const messages = topics.get(topic) ?? [];
    topics.set(topic, messages);
    messages.push(headers === undefined ? { key, value } : { key, value, headers: { ...headers } });
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
