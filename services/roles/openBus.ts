/** The bus of this process: in memory, or over Kafka; and how far behind the analysis is, as far as that can be told from here. */
import type { Bus } from '../../adapters/bus/bus.ts';
import { openKafkaBus, type KafkaBus } from '../../adapters/bus/kafkaBus.ts';
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
  /** Whether nothing of what it reads had to be stopped. */
  readonly isHealthy: () => boolean;
  /** How far behind the processes that analyse are; 0 where they are this one. */
  readonly analysisDelayMs: () => number;
  /** Whether it is known that what was written into the log is analysed, but for what came just now. */
  readonly isUpToDate: () => boolean;
  close(): Promise<void>;
}

/** What is committed is so much behind by design: states are saved this often, and what stands still within two sweeps. */
const SWEEPS_MS = 5_000;
const ASK_DELAY_EVERY_MS = 2_000;
const DELAY_KNOWN_MS = 10_000;

export async function openBus(config: Config, { metrics, logger }: Omit<Telemetry, 'tracing'>): Promise<OpenedBus> {
  const { kafka } = config;
  if (kafka === null) {
    const bus = createMemoryBus({ bytesMax: config.busBytesMax });
    metrics.busPendingBytes.read(() => bus.pendingBytes);
    metrics.busPendingLimitBytes.read(() => config.busBytesMax);
    return {
      bus,
      hasShare: () => true,
      isHealthy: () => true,
      analysisDelayMs: () => 0,
      isUpToDate: () => true,
      close: () => bus.close(),
    };
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
  const delay = watchDelay(bus, config.stateEveryMs + SWEEPS_MS);
  return {
    bus,
    hasShare: () => hasShare,
    isHealthy: () => bus.isHealthy,
    analysisDelayMs: delay.ms,
    isUpToDate: () => delay.isKnown() && delay.ms() <= config.admitDelayMaxMs,
    async close() {
      delay.stop();
      await bus.close();
    },
  };
}

interface WatchedDelay {
  readonly ms: () => number;
  /** False: the brokers have not answered lately. */
  readonly isKnown: () => boolean;
  readonly stop: () => void;
}

/** Asked for now and then. While the brokers do not answer, what was known last stands: calls are let in as before. */
function watchDelay(bus: KafkaBus, byDesignMs: number): WatchedDelay {
  let delayMs = 0;
  let answeredAtMs = -Infinity;
  const timer = setInterval(() => {
    bus.logDelayMs().then(
      (ms) => {
        delayMs = Math.max(0, ms - byDesignMs);
        answeredAtMs = performance.now();
      },
      () => undefined,
    );
  }, ASK_DELAY_EVERY_MS);
  return {
    ms: () => delayMs,
    isKnown: () => performance.now() - answeredAtMs < DELAY_KNOWN_MS,
    stop: () => clearInterval(timer),
  };
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
