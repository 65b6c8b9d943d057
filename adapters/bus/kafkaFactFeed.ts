/** Facts as they are told, from the moment of listening on: every process hears all of them, each as a group of its own. */
import { randomUUID } from 'node:crypto';
import type { Consumer, Kafka } from 'kafkajs';
import type { Fact } from '../../core/facts/facts.ts';
import type { Bury } from './deadLetters.ts';
import { decodeFact } from './factRecord.ts';
import type { KafkaAdmin } from './kafkaAdmin.ts';
import { pause, within } from './waiting.ts';

export interface KafkaFactFeedOptions {
  readonly kafka: Kafka;
  readonly admin: KafkaAdmin;
  readonly topic: string;
  readonly groupPrefix: string;
  readonly onFact: (fact: Fact) => void;
  readonly bury: Bury;
  readonly onTrouble: (error: Error) => void;
}

export interface KafkaFactFeed {
  /** What is told after this has resolved is heard. */
  listening(): Promise<void>;
  close(): Promise<void>;
}

const FETCH_WAIT_MS = 100;
const RETRY_PAUSE_MS = 1_000;
const STOP_MS_MAX = 15_000;

export function startKafkaFactFeed(options: KafkaFactFeedOptions): KafkaFactFeed {
  const { kafka, admin, topic, onFact, bury, onTrouble } = options;
  const groupId = `${options.groupPrefix}facts-${randomUUID()}`;
  /** By partition, what is heard next. A client of the group's own making would begin wherever it got to. */
  const next = new Map<number, number>();
  let client: Consumer | null = null;
  let isClosed = false;
  let isListening = (): void => undefined;
  const listening = new Promise<void>((resolve) => (isListening = resolve));

  async function open(): Promise<void> {
    const opened = kafka.consumer({
      groupId,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: {
        retries: 10,
        initialRetryTime: 100,
        maxRetryTime: 1_000,
        restartOnFailure: () => Promise.resolve(opened === client),
      },
    });
    client = opened;
    opened.on(opened.events.GROUP_JOIN, () => {
      for (const [partition, offset] of next) opened.seek({ topic, partition, offset: String(offset) });
    });
    opened.on(opened.events.CRASH, ({ payload }) => {
      onTrouble(payload.error);
      if (!payload.restart && opened === client) void reopen();
    });
    try {
      if (next.size === 0) {
        for (const { partition, high } of await admin.fetchTopicOffsets(topic)) next.set(partition, Number(high));
        isListening();
      }
      await opened.connect();
      await opened.subscribe({ topic });
      await opened.run({
        autoCommit: false,
        async eachBatch(payload) {
          const { batch } = payload;
          for (const message of batch.messages) {
            const offset = Number(message.offset);
            if (payload.isStale() || isClosed) return;
            if (offset < (next.get(batch.partition) ?? 0)) continue;
            let fact: Fact | null = null;
            try {
              fact = decodeFact(message.value ?? Buffer.alloc(0));
            } catch (error) {
              const outcome = await bury({ topic, partition: batch.partition }, message, error as Error);
              // Its group is its own: nobody else is given what it leaves.
              if (outcome === 'stopped') return void close();
            }
            next.set(batch.partition, offset + 1);
            if (fact !== null) onFact(fact);
          }
        },
      });
    } catch (error) {
      onTrouble(error as Error);
      if (opened === client) await reopen();
    }
  }

  async function reopen(): Promise<void> {
    const old = client;
    client = null;
    if (old !== null) await within(STOP_MS_MAX, old.disconnect()).catch(onTrouble);
    await pause(RETRY_PAUSE_MS);
    if (!isClosed) await open();
  }

  async function close(): Promise<void> {
    isClosed = true;
    const old = client;
    client = null;
    if (old === null) return;
    await within(STOP_MS_MAX, old.disconnect()).catch(onTrouble);
    await within(STOP_MS_MAX, admin.deleteGroups([groupId])).catch(() => undefined);
  }

  void open();
  return { listening: () => listening, close };
}
