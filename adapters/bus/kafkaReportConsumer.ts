/**
 * The reading end of reports and of notices: batches by tenant, committed when their taker has them durable. Partitions of one
 * number go to one process, whichever the topic, so that what is keyed by a call comes to the process that joins it.
 */
import { fromBinary } from '@bufbuild/protobuf';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import {
  CallNoticeSchema,
  ReportedEventSchema,
  ReportedScoreSchema,
  ReportedSpanSchema,
} from '#protos/earshot/v1/reports_pb.js';
import type { Score } from '../../core/events/score.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Span } from '../../core/spans/span.ts';
import { Busy } from '../../core/units/errors.ts';
import type { ReportConsumer } from './bus.ts';
import { callShare } from './callShare.ts';
import type { Bury } from './deadLetters.ts';
import type { KafkaAdmin } from './kafkaAdmin.ts';
import type { KafkaTopics, KafkaTuning } from './kafkaSettings.ts';
import { eventOfWire, noticeOfWire, scoreOfWire, spanOfWire } from './reportRecords.ts';
import { stickyAssignerOf } from './stickyAssigner.ts';
import { patiently, pause, within } from './waiting.ts';

export interface KafkaReportConsumerOptions {
  readonly kafka: Kafka;
  readonly admin: KafkaAdmin;
  readonly topics: KafkaTopics;
  readonly groupId: string;
  readonly tuning: KafkaTuning;
  readonly consumer: ReportConsumer;
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

/** Hands some of what was read to the taker. */
type Delivery = () => Promise<void>;

const BATCH_RECORDS_MAX = 500;
/** What is taken at once shares inserts; a partition that waits for the store holds up no other. */
const PARTITIONS_AT_ONCE = 64;
const FETCH_WAIT_MS = 100;
const RETRY_PAUSE_MS = 1_000;
const STOP_MS_MAX = 15_000;

export function startKafkaReportConsumer(options: KafkaReportConsumerOptions): { close(): Promise<void> } {
  const { kafka, admin, topics, groupId, tuning, consumer, bury, onTrouble, onReady } = options;
  const together = [topics.events, topics.spans, topics.scores, topics.notices];
  let client: Consumer | null = null;
  let isClosed = false;
  let mine: readonly number[] = [];
  const underWay = new Set<Promise<void>>();

  async function open(): Promise<void> {
    const opened = kafka.consumer({
      groupId,
      sessionTimeout: tuning.sessionTimeoutMs,
      rebalanceTimeout: tuning.rebalanceTimeoutMs,
      heartbeatInterval: tuning.heartbeatMs,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      partitionAssigners: [stickyAssignerOf(together, () => mine)],
      retry: {
        retries: 10,
        initialRetryTime: 100,
        maxRetryTime: 1_000,
        restartOnFailure: () => Promise.resolve(opened === client),
      },
    });
    client = opened;
    opened.on(opened.events.GROUP_JOIN, ({ payload }) => {
      if (opened !== client || isClosed) return;
      void own(payload.memberAssignment[topics.notices] ?? []).then(onReady);
    });
    opened.on(opened.events.CRASH, ({ payload }) => {
      onTrouble(payload.error);
      if (!payload.restart && opened === client) void reopen();
    });
    try {
      await opened.connect();
      await opened.subscribe({ topics: together, fromBeginning: true });
      await opened.run({
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        autoCommit: false,
        eachBatchAutoResolve: false,
        async eachBatch(payload) {
          const taking = takeBatch(opened, payload);
          underWay.add(taking);
          await taking.finally(() => underWay.delete(taking));
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
    await own([]);
    if (old !== null) await within(STOP_MS_MAX, old.disconnect()).catch(onTrouble);
    await pause(RETRY_PAUSE_MS);
    if (!isClosed) await open();
  }

  /** By the notices, so that one always comes to a process that takes the call for its own. */
  async function own(partitions: readonly number[]): Promise<void> {
    mine = partitions;
    const isCurrent = (): boolean => mine === partitions && !isClosed;
    const count = partitions.length === 0 ? 0 : await patiently(partitionCount, isCurrent, onTrouble);
    if (count !== null && isCurrent()) consumer.owned(callShare(partitions, count));
  }

  async function partitionCount(): Promise<number> {
    const [topic] = (await admin.fetchTopicMetadata({ topics: [topics.notices] })).topics;
    return topic.partitions.length;
  }

  async function takeBatch(opened: Consumer, payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    for (let from = 0; from < messages.length; from += BATCH_RECORDS_MAX) {
      const some = messages.slice(from, from + BATCH_RECORDS_MAX);
      const { deliveries, count } = await gather(topic, partition, some);
      for (const deliver of deliveries) {
        if (!(await deliverPatiently(deliver, payload))) return;
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
  ): Promise<{ deliveries: readonly Delivery[]; count: number }> {
    const deliveries: Delivery[] = [];
    const ofTenants = new Map<string, Gathered>();
    const of = (tenant: string): Gathered => {
      const gathered = ofTenants.get(tenant) ?? { tenant, events: [], spans: [], scores: [] };
      if (!ofTenants.has(tenant)) deliveries.push(() => consumer.take(gathered));
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
        } else if (topic === topics.scores) {
          const score = scoreOfWire(fromBinary(ReportedScoreSchema, value));
          of(score.tenant).scores.push(score);
        } else {
          const notice = noticeOfWire(fromBinary(CallNoticeSchema, value));
          deliveries.push(() => consumer.notice(notice));
        }
      } catch (error) {
        const outcome = await bury({ topic, partition }, message, error as Error);
        if (outcome === 'stopped') return { deliveries, count: index };
      }
    }
    return { deliveries, count: messages.length };
  }

  /** False: this share or this process ends before the taker had it durable; it comes again. */
  async function deliverPatiently(deliver: Delivery, payload: EachBatchPayload): Promise<boolean> {
    for (;;) {
      const failure = await outcomeOf(deliver, payload);
      if (failure === null) return true;
      if (failure === 'ended') return false;
      if (!(failure instanceof Busy)) onTrouble(failure);
      await pause(failure instanceof Busy ? failure.retryAfterMs : RETRY_PAUSE_MS);
      if (hasEnded(payload)) return false;
      await payload.heartbeat();
    }
  }

  /** Null: it is durable. While that takes its time, as when the store is away, the group is told that this process lives. */
  async function outcomeOf(deliver: Delivery, payload: EachBatchPayload): Promise<Error | 'ended' | null> {
    const delivered = (async () => deliver())().then(
      () => null,
      (error: unknown) => error as Error,
    );
    for (;;) {
      const outcome = await Promise.race([delivered, pause(tuning.heartbeatMs)]);
      if (outcome !== undefined) return outcome;
      if (hasEnded(payload)) return 'ended';
      await payload.heartbeat();
    }
  }

  const hasEnded = (payload: EachBatchPayload): boolean => isClosed || !payload.isRunning() || payload.isStale();

  void open();
  return {
    async close() {
      isClosed = true;
      // What is durable by now is committed, or it would come again.
      await within(STOP_MS_MAX, Promise.allSettled([...underWay])).catch(onTrouble);
      const old = client;
      client = null;
      if (old !== null) await within(STOP_MS_MAX, old.disconnect()).catch(onTrouble);
    },
  };
}
