/**
 * The bus over Apache Kafka: logs, reports and facts in topics, so that any number of processes share the work and one that dies
 * loses nothing. Each end is opened when it is first used: a process that only takes calls in never joins a group.
 */
import { toBinary } from '@bufbuild/protobuf';
import {
  CallNoticeSchema,
  ReportedEventSchema,
  ReportedScoreSchema,
  ReportedSpanSchema,
} from '#protos/earshot/v1/reports_pb.js';
import type { Fact } from '../../core/facts/facts.ts';
import { Busy } from '../../core/units/errors.ts';
import type { Bus, Reports } from './bus.ts';
import { createDeadLetters, type DeadLetter } from './deadLetters.ts';
import { encodeFact } from './factRecord.ts';
import { openKafkaAdmin } from './kafkaAdmin.ts';
import { startKafkaFactFeed, type KafkaFactFeed } from './kafkaFactFeed.ts';
import { startKafkaLogConsumer, type KafkaLogConsumer, type KafkaLogHooks } from './kafkaLogConsumer.ts';
import { startKafkaReportConsumer } from './kafkaReportConsumer.ts';
import { createKafkaSender, type OutRecord } from './kafkaSender.ts';
import { kafkaClient, topicsOf, type KafkaConnection, type KafkaTuning, type OnClientLog } from './kafkaSettings.ts';
import { logDelayOf } from './logDelay.ts';
import { encodeEntry } from './logRecord.ts';
import { wireOfEvent, wireOfNotice, wireOfScore, wireOfSpan } from './reportRecords.ts';

export interface KafkaBusHooks extends KafkaLogHooks {
  readonly onClientLog: OnClientLog;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  /** Too many of this topic could not be read: from this record on it is left as it is, until a restart. */
  readonly onStopped: (letter: DeadLetter) => void;
  /** There was no room for it. The feed lacks it; its row does not depend on the feed. */
  readonly onFactDropped: (fact: Fact) => void;
}

export interface KafkaBusOptions {
  readonly connection: KafkaConnection;
  /** The same as in `TopicSettings`. */
  readonly topicPrefix: string;
  /** Processes of one group share the work; the names of further groups are made from it. */
  readonly groupId: string;
  readonly tuning: KafkaTuning;
  readonly hooks: KafkaBusHooks;
}

export interface KafkaBus extends Bus {
  /** Taken and not yet with the brokers. */
  readonly pendingBytes: number;
  /** Handed out and not yet committed. */
  readonly uncommittedBytes: number;
  /** False: a topic is read no further. What was taken from it goes on. */
  readonly isHealthy: boolean;
  /**
   * The age of the oldest entry of all calls that is not committed, to a few seconds: how far the analysis is behind. Commits
   * follow the saving of states, so some ten seconds are no delay at all. Cheap enough to be asked every other second.
   */
  logDelayMs(): Promise<number>;
  /** Resolves when the ends that were opened work: facts told and entries written from then on are heard. */
  ready(): Promise<void>;
}

export async function openKafkaBus(options: KafkaBusOptions): Promise<KafkaBus> {
  const { topicPrefix, groupId, tuning, hooks } = options;
  const { onTrouble } = hooks;
  const topics = topicsOf(topicPrefix);
  const kafka = kafkaClient(options.connection, hooks.onClientLog);
  const admin = await openKafkaAdmin(kafka);
  const sender = createKafkaSender({ kafka, tuning, onTrouble });
  const dead = createDeadLetters({
    sender,
    topic: topics.dead,
    lettersMax: tuning.deadLettersMax,
    onDeadLetter: hooks.onDeadLetter,
    onStopped: hooks.onStopped,
  });
  const { bury } = dead;
  const logDelayMs = logDelayOf(admin, topics.log, groupId);
  let ordinal = 0;
  const subscribers = new Set<(fact: Fact) => void>();
  const ready: Promise<unknown>[] = [];
  let log: KafkaLogConsumer | null = null;
  let reports: { close(): Promise<void> } | null = null;
  let facts: KafkaFactFeed | null = null;
  let closing: Promise<void> | null = null;

  async function close(): Promise<void> {
    subscribers.clear();
    await Promise.all([log?.close(), reports?.close(), facts?.close()]);
    await sender.close();
    await admin.disconnect();
  }

  return {
    publish(entry) {
      const { tenant, callId } = entry;
      const value = encodeEntry(entry, { ordinal: ordinal + 1 });
      const sent = sender.send([{ topic: topics.log, key: `${tenant}/${callId}`, value }]);
      ordinal += 1;
      return sent;
    },
    consume(consumer) {
      if (log !== null) throw new Error('one consumer a process');
      let isAssigned = (): void => undefined;
      ready.push(new Promise<void>((resolve) => (isAssigned = resolve)));
      log = startKafkaLogConsumer({
        kafka,
        admin,
        topic: topics.log,
        groupId,
        tuning,
        consumer,
        bury,
        hooks: {
          ...hooks,
          onAssigned(partitions) {
            isAssigned();
            hooks.onAssigned(partitions);
          },
        },
      });
    },
    commit(tenant, callId, position) {
      log?.commit(tenant, callId, position);
    },
    publishReports: (taken) => sender.send(recordsOf(taken, topics)),
    notify(notices) {
      const records = notices.map((notice) => ({
        topic: topics.notices,
        key: `${notice.tenant}/${notice.callId}`,
        value: Buffer.from(toBinary(CallNoticeSchema, wireOfNotice(notice))),
      }));
      return sender.send(records);
    },
    consumeReports(consumer) {
      if (reports !== null) throw new Error('one consumer of reports a process');
      let isJoined = (): void => undefined;
      ready.push(new Promise<void>((resolve) => (isJoined = resolve)));
      const group = `${groupId}-reports`;
      reports = startKafkaReportConsumer({
        kafka,
        admin,
        topics,
        groupId: group,
        tuning,
        consumer,
        bury,
        onTrouble,
        onReady: () => isJoined(),
      });
    },
    publishFact(fact) {
      if (fact.kind === 'frames') return;
      try {
        const record = { topic: topics.facts, key: `${fact.tenant}/${fact.callId}`, value: encodeFact(fact) };
        sender.send([record]).catch(() => hooks.onFactDropped(fact));
      } catch (error) {
        if (!(error instanceof Busy)) onTrouble(error as Error);
        hooks.onFactDropped(fact);
      }
    },
    subscribeFacts(onFact) {
      subscribers.add(onFact);
      if (facts === null) {
        const groupPrefix = `${groupId}-`;
        const onEach = (fact: Fact): void => {
          for (const tell of subscribers) tell(fact);
        };
        facts = startKafkaFactFeed({ kafka, admin, topic: topics.facts, groupPrefix, onFact: onEach, bury, onTrouble });
        ready.push(facts.listening());
      }
      return () => subscribers.delete(onFact);
    },
    get pendingBytes() {
      return sender.pendingBytes;
    },
    get uncommittedBytes() {
      return log?.uncommittedBytes ?? 0;
    },
    get isHealthy() {
      return dead.stopped.size === 0;
    },
    logDelayMs,
    ready: () => Promise.all(ready).then(() => undefined),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Of one call, or of one trace, in order; each by the name that it has. */
function recordsOf({ tenant, events, spans, scores }: Reports, topics: ReturnType<typeof topicsOf>): OutRecord[] {
  const key = (name: string): string => `${tenant}/${name}`;
  return [
    ...events.map((event) => ({
      topic: topics.events,
      key: key(event.callKey),
      value: Buffer.from(toBinary(ReportedEventSchema, wireOfEvent(event))),
    })),
    ...spans.map((span) => ({
      topic: topics.spans,
      key: key(span.traceId),
      value: Buffer.from(toBinary(ReportedSpanSchema, wireOfSpan(span))),
    })),
    ...scores.map((score) => ({
      topic: topics.scores,
      key: key(score.callKey === '' ? score.traceId : score.callKey),
      value: Buffer.from(toBinary(ReportedScoreSchema, wireOfScore(score))),
    })),
  ];
}
