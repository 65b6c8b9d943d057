/** The reading end of reports: batches by tenant, taken one after the other, and committed when their taker has them durable. */
import { fromBinary } from '@bufbuild/protobuf';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { ReportedEventSchema, ReportedScoreSchema, ReportedSpanSchema } from '#protos/earshot/v1/reports_pb.js';
import type { Score } from '../../core/events/score.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Span } from '../../core/spans/span.ts';
import { Busy } from '../../core/units/errors.ts';
import type { ReportConsumer, Reports } from './bus.ts';
import type { Bury } from './deadLetters.ts';
import type { KafkaTopics, KafkaTuning } from './kafkaSettings.ts';
import { eventOfWire, scoreOfWire, spanOfWire } from './reportRecords.ts';
import { pause, within } from './waiting.ts';

export interface KafkaReportConsumerOptions {
  readonly kafka: Kafka;
  readonly topics: KafkaTopics;
  readonly groupId: string;
  readonly tuning: KafkaTuning;
  readonly take: ReportConsumer;
  readonly bury: Bury;
  readonly onTrouble: (error: Error) => void;
  /** Reads from its topics from now on. */
  readonly onReady: () => void;
}

interface Gathered {
  readonly tenant: string;
  readonly events: SpeechEvent[];
  readonly spans: Span[];
  readonly scores: Score[];
}

const BATCH_RECORDS_MAX = 500;
const FETCH_WAIT_MS = 100;
const RETRY_PAUSE_MS = 1_000;
const STOP_MS_MAX = 15_000;

export function startKafkaReportConsumer(options: KafkaReportConsumerOptions): { close(): Promise<void> } {
  const { kafka, topics, groupId, tuning, take, bury, onTrouble, onReady } = options;
  let client: Consumer | null = null;
  let isClosed = false;

  async function open(): Promise<void> {
    const opened = kafka.consumer({
      groupId,
      sessionTimeout: tuning.sessionTimeoutMs,
      rebalanceTimeout: tuning.rebalanceTimeoutMs,
      heartbeatInterval: tuning.heartbeatMs,
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
    opened.on(opened.events.GROUP_JOIN, onReady);
    opened.on(opened.events.CRASH, ({ payload }) => {
      onTrouble(payload.error);
      if (!payload.restart && opened === client) void reopen();
    });
    try {
      await opened.connect();
      await opened.subscribe({ topics: [topics.events, topics.spans, topics.scores], fromBeginning: true });
      await opened.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => takeBatch(opened, payload),
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

  async function takeBatch(opened: Consumer, payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    for (let from = 0; from < messages.length; from += BATCH_RECORDS_MAX) {
      const some = messages.slice(from, from + BATCH_RECORDS_MAX);
      const { gathered, count } = await gather(topic, partition, some);
      for (const reports of gathered) {
        if (!(await takePatiently(reports, payload))) return;
      }
      if (count > 0) {
        const { offset } = some[count - 1];
        payload.resolveOffset(offset);
        await opened.commitOffsets([{ topic, partition, offset: String(Number(offset) + 1) }]);
      }
      // This process keeps its share, so that others do not bury as many. A client that begins anew comes by here again.
      if (count < some.length) return opened.pause([{ topic }]);
    }
  }

  /** `count`: how many messages were gone through before reading of this topic stopped, if it did. */
  async function gather(
    topic: string,
    partition: number,
    messages: readonly KafkaMessage[],
  ): Promise<{ gathered: Reports[]; count: number }> {
    const ofTenants = new Map<string, Gathered>();
    const of = (tenant: string): Gathered => {
      const gathered = ofTenants.get(tenant) ?? { tenant, events: [], spans: [], scores: [] };
      ofTenants.set(tenant, gathered);
      return gathered;
    };
    for (const [index, message] of messages.entries()) {
      try {
        const value = message.value ?? Buffer.alloc(0);
        if (topic === topics.events) {
          const event = eventOfWire(fromBinary(ReportedEventSchema, value));
          of(event.tenant).events.push(event);
        } else if (topic === topics.spans) {
          const span = spanOfWire(fromBinary(ReportedSpanSchema, value));
          of(span.tenant).spans.push(span);
        } else {
          const score = scoreOfWire(fromBinary(ReportedScoreSchema, value));
          of(score.tenant).scores.push(score);
        }
      } catch (error) {
        const outcome = await bury({ topic, partition }, message, error as Error);
        if (outcome === 'stopped') return { gathered: [...ofTenants.values()], count: index };
      }
    }
    return { gathered: [...ofTenants.values()], count: messages.length };
  }

  /** False: this share or this process ends before the reports could be made durable; they come again. */
  async function takePatiently(reports: Reports, payload: EachBatchPayload): Promise<boolean> {
    while (!isClosed && payload.isRunning() && !payload.isStale()) {
      try {
        await take(reports);
        return true;
      } catch (error) {
        if (!(error instanceof Busy)) onTrouble(error as Error);
        await pause(error instanceof Busy ? error.retryAfterMs : RETRY_PAUSE_MS);
        await payload.heartbeat();
      }
    }
    return false;
  }

  void open();
  return {
    async close() {
      isClosed = true;
      const old = client;
      client = null;
      if (old !== null) await within(STOP_MS_MAX, old.disconnect()).catch(onTrouble);
    },
  };
}
