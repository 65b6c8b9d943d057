/** Kafka buses for tests: short waits, topics of their own, and everything that a hook tells kept. */
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { TestContext } from 'node:test';
import { openKafkaBus, type KafkaBus, type KafkaBusHooks } from '../../adapters/bus/kafkaBus.ts';
import { KAFKA_TUNING, kafkaClient, type KafkaConnection, type KafkaTuning } from '../../adapters/bus/kafkaSettings.ts';
import { checkTopics, TOPIC_SETTINGS, type TopicSettings } from '../../adapters/bus/kafkaTopics.ts';
import type { DeadLetter } from '../../adapters/bus/deadLetters.ts';

/** One address, or several with commas between. */
export const connectionTo = (address: string): KafkaConnection => ({
  brokers: address.split(','),
  clientId: 'earshot-test',
  tls: null,
  sasl: null,
});

/** Quick to notice what others take seconds for. */
export const TEST_TUNING: KafkaTuning = {
  ...KAFKA_TUNING,
  lingerMs: 2,
  commitEveryMs: 100,
  heartbeatMs: 200,
};

export interface Told {
  readonly troubles: Error[];
  readonly deadLetters: DeadLetter[];
  readonly stopped: DeadLetter[];
  readonly lags: number[];
  readonly holes: unknown[];
  readonly stuck: (readonly number[])[];
  readonly assigned: (readonly number[])[];
  droppedFacts: number;
  /** Resolves when this holds, looked at each time something is told. */
  until(holds: () => boolean): Promise<void>;
}

export function hooksInto(): { hooks: KafkaBusHooks; told: Told } {
  const changed = new EventEmitter();
  const told: Told = {
    troubles: [],
    deadLetters: [],
    stopped: [],
    lags: [],
    holes: [],
    stuck: [],
    assigned: [],
    droppedFacts: 0,
    async until(holds) {
      while (!holds()) await once(changed, 'change');
    },
  };
  const keepIn =
    <T>(list: T[]) =>
    (item: T): void => {
      list.push(item);
      changed.emit('change');
    };
  return {
    told,
    hooks: {
      onTrouble: keepIn(told.troubles),
      onDeadLetter: keepIn(told.deadLetters),
      onStopped: keepIn(told.stopped),
      onLag: keepIn(told.lags),
      onHole: keepIn(told.holes),
      onStuck: keepIn(told.stuck),
      onAssigned: keepIn(told.assigned),
      onFactDropped: () => (told.droppedFacts += 1),
      onClientLog: () => undefined,
    },
  };
}

export interface TestTopics {
  readonly prefix: string;
  readonly groupId: string;
}

/** Fresh topics, so that tests on one broker do not meet. */
export async function freshTopics(address: string, settings: Partial<TopicSettings> = {}): Promise<TestTopics> {
  const prefix = `t${randomUUID().slice(0, 8)}.`;
  const admin = kafkaClient(connectionTo(address)).admin();
  await admin.connect();
  try {
    await checkTopics(admin, { ...TOPIC_SETTINGS, partitions: 4, replication: 1, ...settings, prefix });
  } finally {
    await admin.disconnect();
  }
  return { prefix, groupId: `${prefix}analyze` };
}

/** Closed at the test's end, whatever it ends with. */
export async function openTestBus(
  t: TestContext,
  address: string,
  { prefix, groupId }: TestTopics,
  tuning: Partial<KafkaTuning> = {},
): Promise<{ bus: KafkaBus; told: Told }> {
  const { hooks, told } = hooksInto();
  const bus = await openKafkaBus({
    connection: connectionTo(address),
    topicPrefix: prefix,
    groupId,
    tuning: { ...TEST_TUNING, ...tuning },
    hooks,
  });
  t.after(() => bus.close());
  return { bus, told };
}
