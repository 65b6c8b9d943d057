/** The bus of this process: in memory, or over Kafka; and how far behind the analysis is, as far as that can be told from here. */
import type { Bus } from '../../adapters/bus/bus.ts';
import { openKafkaBus } from '../../adapters/bus/kafkaBus.ts';
import { kafkaClient, KAFKA_TUNING, type KafkaTuning } from '../../adapters/bus/kafkaSettings.ts';
import { checkTopics, type TopicReport } from '../../adapters/bus/kafkaTopics.ts';
import { createMemoryBus } from '../../adapters/bus/memoryBus.ts';
import type { Config } from '../config.ts';
import type { KafkaConfig } from '../kafkaConfig.ts';
import { observeKafka, readKafka } from '../telemetry/observeBus.ts';
import type { Telemetry } from './shared.ts';

export interface OpenedBus {
  readonly bus: Bus;
  /** Whether this process knows its share of the log, where it reads one. */
  readonly hasShare: () => boolean;
}

export async function openBus(config: Config, { metrics, logger }: Omit<Telemetry, 'tracing'>): Promise<OpenedBus> {
  const { kafka } = config;
  if (kafka === null) {
    const bus = createMemoryBus({ bytesMax: config.busBytesMax });
    metrics.busPendingBytes.read(() => bus.pendingBytes);
    metrics.busPendingLimitBytes.read(() => config.busBytesMax);
    return { bus, hasShare: () => true };
  }
  const { connection, groupId, sendBytesMax } = kafka;
  const topicPrefix = kafka.topics.prefix;
  const tuning: KafkaTuning = { ...KAFKA_TUNING, sendBytesMax, uncommittedBytesMax: config.busBytesMax };
  const hooks = observeKafka({ metrics, logger, topicPrefix });
  let hasShare = false;
  const bus = await openKafkaBus({
    connection,
    topicPrefix,
    groupId,
    tuning,
    hooks: {
      ...hooks,
      onAssigned(partitions) {
        hasShare = true;
        hooks.onAssigned(partitions);
      },
    },
  });
  readKafka(metrics, bus, sendBytesMax);
  return { bus, hasShare: () => hasShare };
}

/** Makes the topics that lack; those that are there are left as they are, and told where they are not as they are meant. */
export async function bringTopics({ connection, topics }: KafkaConfig): Promise<TopicReport> {
  const admin = kafkaClient(connection).admin();
  await admin.connect();
  try {
    return await checkTopics(admin, topics);
  } finally {
    await admin.disconnect();
  }
}
