/** What happens around Kafka, counted and logged. While brokers are away the client says the same many times a second. */
import type { Logger } from 'pino';
import type { KafkaBus, KafkaBusHooks } from '../../adapters/bus/kafkaBus.ts';
import type { Metrics } from './metrics.ts';

export interface BusObserver {
  readonly metrics: Metrics;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly topicPrefix: string;
  readonly nowMs?: () => number;
}

/** One complaint is logged at most so often; how often it came meanwhile is said the next time. */
const AGAIN_AFTER_MS = 10_000;
const COMPLAINTS_MAX = 100;

export function observeKafka(observer: BusObserver): KafkaBusHooks {
  const { metrics, logger, topicPrefix, nowMs = () => performance.now() } = observer;
  const complaints = new Map<string, { loggedAtMs: number; unsaid: number }>();
  let assigned = 0;
  let lagEntries = 0;
  metrics.busAssignedPartitions.read(() => assigned);
  metrics.busLagEntries.read(() => lagEntries);

  function complain(error: string): void {
    const before = complaints.get(error);
    if (before !== undefined && nowMs() - before.loggedAtMs < AGAIN_AFTER_MS) {
      before.unsaid += 1;
      return;
    }
    if (complaints.size >= COMPLAINTS_MAX) complaints.clear();
    complaints.set(error, { loggedAtMs: nowMs(), unsaid: 0 });
    logger.warn({ error, unsaid: before?.unsaid ?? 0 }, 'trouble with Kafka');
  }

  return {
    onAssigned(partitions) {
      assigned = partitions.length;
      metrics.busAssignments.inc();
      logger.info({ partitions }, 'a share of the log was given to this process');
    },
    onHole({ partition, fromOffset, toOffset }) {
      metrics.busHoles.inc();
      metrics.busHoleEntries.inc(toOffset - fromOffset);
      logger.error({ partition, fromOffset, toOffset }, 'entries of the log are gone before they were read');
    },
    onStuck(partitions) {
      metrics.busStuckClients.inc();
      logger.error({ partitions }, 'the Kafka client stood still and is replaced');
    },
    onLag: (entries) => (lagEntries = entries),
    onStopped({ topic, partition, offset, reason }) {
      logger.error(
        { topic, partition, offset, reason },
        'too many records could not be read: their topic is read no further',
      );
    },
    onTrouble(error) {
      metrics.busTroubles.inc();
      complain(error.message);
    },
    onClientLog: ({ message }) => complain(message),
    onDeadLetter({ topic, partition, offset, reason }) {
      metrics.busDeadLetters.inc({ topic: topic.slice(topicPrefix.length) });
      logger.error({ topic, partition, offset, reason }, 'a record could not be read and was put aside');
    },
    onFactDropped: () => metrics.busDroppedFacts.inc(),
  };
}

export function readKafka(metrics: Metrics, bus: KafkaBus, sendBytesMax: number): void {
  metrics.busPendingBytes.read(() => bus.pendingBytes);
  metrics.busPendingLimitBytes.read(() => sendBytesMax);
  metrics.busUncommittedBytes.read(() => bus.uncommittedBytes);
}
