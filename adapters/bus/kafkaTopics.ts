/** The topics: what each is for and how long it keeps its records; created where absent, and compared where they exist. */
import kafkajs, { type Admin } from 'kafkajs';
import { topicsOf } from './kafkaSettings.ts';
import { pause } from './waiting.ts';

export interface TopicSettings {
  readonly prefix: string;
  /** Of each topic. More processes than partitions of the log leave some without work. It is chosen once: see docs/kafka.md. */
  readonly partitions: number;
  readonly replication: number;
  /** Audio. Longer than the longest replay; and all the deletion there is. */
  readonly logKeptMs: number;
  readonly reportsKeptMs: number;
  readonly factsKeptMs: number;
  /** Records that could not be read, audio among them. */
  readonly deadKeptMs: number;
}

const LED_TRIES_MAX = 100;
const LED_PAUSE_MS = 100;
const HOUR_MS = 3_600_000;

export const TOPIC_SETTINGS: TopicSettings = {
  prefix: 'earshot.',
  partitions: 24,
  replication: 3,
  logKeptMs: 2 * HOUR_MS,
  reportsKeptMs: 24 * HOUR_MS,
  factsKeptMs: HOUR_MS,
  deadKeptMs: 72 * HOUR_MS,
};

export interface TopicReport {
  readonly created: readonly string[];
  /** Where a topic that was there is not as it is meant; it is left as it is. */
  readonly mismatches: readonly string[];
}

interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly config: ReadonlyMap<string, string>;
}

/** Creates the topics that lack and says what is not as it is meant of the others; changes nothing of them. */
export async function checkTopics(admin: Admin, settings: TopicSettings): Promise<TopicReport> {
  const specs = specsOf(settings);
  const present = new Set(await admin.listTopics());
  const missing = specs.filter(({ topic }) => !present.has(topic));
  if (missing.length > 0) {
    await admin.createTopics({
      // The client's own wait gives up while the brokers are still telling one another.
      waitForLeaders: false,
      topics: missing.map(({ topic, partitions, config }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: settings.replication,
        configEntries: [...config].map(([name, value]) => ({ name, value })),
      })),
    });
    await whenLed(admin, missing);
  }
  const found = specs.filter(({ topic }) => present.has(topic));
  return {
    created: missing.map(({ topic }) => topic),
    mismatches: found.length === 0 ? [] : await mismatchesOf(admin, found, settings),
  };
}

async function whenLed(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  for (let tries = LED_TRIES_MAX; ; tries -= 1) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ topic }) => topic) });
      if (topics.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)))
        return;
    } catch (error) {
      if (tries === 0) throw error;
    }
    if (tries === 0) throw new Error('topics were created and have no leaders yet');
    await pause(LED_PAUSE_MS);
  }
}

function specsOf(settings: TopicSettings): readonly TopicSpec[] {
  const names = topicsOf(settings.prefix);
  const spec = (topic: string, keptMs: number, partitions = settings.partitions): TopicSpec => ({
    topic,
    partitions,
    config: new Map([
      ['cleanup.policy', 'delete'],
      ['retention.ms', String(keptMs)],
      // What is acknowledged lies on two machines wherever there are two to lie on.
      ['min.insync.replicas', String(Math.max(1, settings.replication - 1))],
      // A segment is deleted whole, so it may not be much older than what it is kept for.
      ['segment.ms', String(Math.max(60_000, Math.round(keptMs / 4)))],
    ]),
  });
  return [
    spec(names.log, settings.logKeptMs),
    spec(names.events, settings.reportsKeptMs),
    spec(names.spans, settings.reportsKeptMs),
    spec(names.scores, settings.reportsKeptMs),
    spec(names.notices, settings.reportsKeptMs),
    spec(names.facts, settings.factsKeptMs),
    spec(names.dead, settings.deadKeptMs, 1),
  ];
}

async function mismatchesOf(admin: Admin, specs: readonly TopicSpec[], settings: TopicSettings): Promise<string[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ topic }) => topic) });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ topic, config }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: topic,
      configNames: [...config.keys()],
    })),
  });
  return specs.flatMap(({ topic, partitions, config }) => {
    const has = topics.find(({ name }) => name === topic)?.partitions ?? [];
    const replicas = Math.min(...has.map((partition) => partition.replicas.length));
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
    const told = (what: string, meant: string | number, is: string | number): string[] =>
      String(meant) === String(is) ? [] : [`${topic}: ${what} is ${is}, meant is ${meant}`];
    return [
      ...told('the number of partitions', partitions, has.length),
      ...told('the number of replicas', settings.replication, replicas),
      ...[...config].flatMap(([name, value]) =>
        told(name, value, entries.find((entry) => entry.configName === name)?.configValue ?? 'not told'),
      ),
    ];
  });
}
