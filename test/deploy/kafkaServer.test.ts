/** deploy/kafka/server.properties taken by a real broker, and the topics that `earshot migrate` makes there: they are as the documents say. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { parse } from 'yaml';
import { kafkaClient } from '../../adapters/bus/kafkaSettings.ts';
import { checkTopics, TOPIC_SETTINGS, type TopicReport } from '../../adapters/bus/kafkaTopics.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { startKafkaWith, whyNoKafka, type BrokerPlace, type KafkaBroker } from '../support/kafkaBroker.ts';

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the broker's settings are not tried: ${reason}`);
const skip = reason ?? false;

const read = (...path: string[]): string => readFileSync(join(packageRoot, ...path), 'utf8');
const properties = read('deploy', 'kafka', 'server.properties');
const settings = new Map(
  [...properties.matchAll(/^([a-z][\w.]*)=(.*)$/gm)].map(([, name, value]) => [name, value] as const),
);

/** The file, with the addresses and the folder of this machine. */
function here({ port, controllerPort, folder }: BrokerPlace): string {
  const changes = [
    ['1@kafka:9093', `1@127.0.0.1:${controllerPort}`],
    ['PLAINTEXT://:9092,CONTROLLER://:9093', `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`],
    ['PLAINTEXT://kafka:9092', `PLAINTEXT://127.0.0.1:${port}`],
    ['/var/lib/kafka/data', join(folder, 'data')],
  ] as const;
  return changes.reduce((text, [from, to]) => {
    assert.equal(text.split(from).length, 2, `${from} is there once`);
    return text.replace(from, to);
  }, properties);
}
const OF_PLACE = ['controller.quorum.voters', 'listeners', 'advertised.listeners', 'log.dirs'];
const REPLICAS = 1;

let broker: KafkaBroker;
let client: Kafka;
let admin: Admin;
let made: TopicReport;
before(async () => {
  if (reason !== null) return;
  broker = await startKafkaWith(here);
  client = kafkaClient({ brokers: [broker.address], clientId: 'test', tls: null, sasl: null });
  admin = client.admin();
  await admin.connect();
  made = await checkTopics(admin, { ...TOPIC_SETTINGS, replication: REPLICAS });
});
after(async () => {
  if (reason !== null) return;
  await admin.disconnect();
  await broker.close();
});

async function configOf(type: kafkajs.ConfigResourceTypes, name: string): Promise<Map<string, string>> {
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type, name }] });
  return new Map(resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]));
}

test('the broker knows every setting of the file, and has its value', { skip }, async () => {
  assert.ok(settings.size > 15);
  const has = await configOf(kafkajs.ConfigResourceTypes.BROKER, settings.get('node.id') ?? '');
  for (const [name, value] of settings) {
    assert.ok(has.has(name), `${name} is a setting of the broker`);
    if (!OF_PLACE.includes(name)) assert.equal(has.get(name), value, name);
  }
});

test('the topics are as docs/kafka.md says', { skip }, async () => {
  const rows = [...read('docs', 'kafka.md').matchAll(/^\| `(\w+)` \|.*\| (\d+) h \|$/gm)];
  const kept = new Map(rows.map(([, name, hours]) => [`${TOPIC_SETTINGS.prefix}${name}`, Number(hours)] as const));
  assert.deepEqual([...kept.keys()].sort(), [...made.created].sort());
  const { topics } = await admin.fetchTopicMetadata({ topics: [...kept.keys()] });
  for (const [topic, hours] of kept) {
    const has = await configOf(kafkajs.ConfigResourceTypes.TOPIC, topic);
    assert.equal(has.get('retention.ms'), String(hours * 3_600_000), topic);
    assert.equal(has.get('segment.ms'), String(hours * 900_000), topic);
    assert.equal(has.get('cleanup.policy'), 'delete', topic);
    assert.equal(has.get('min.insync.replicas'), '1', topic);
    assert.equal(has.get('unclean.leader.election.enable'), 'false', topic);
    const partitions = topics.find(({ name }) => name === topic)?.partitions ?? [];
    assert.equal(partitions.length, topic.endsWith('.dead') ? 1 : TOPIC_SETTINGS.partitions, topic);
    for (const { replicas } of partitions) assert.equal(replicas.length, REPLICAS);
  }
});

test('with three replicas, what is acknowledged is asked to lie on two; the chart asks for just these topics', () => {
  const { kafka } = parse(read('deploy', 'helm', 'earshot', 'values.yaml')) as {
    kafka: { partitions: number; replicas: number; topicPrefix: string };
  };
  assert.deepEqual(
    { partitions: kafka.partitions, replication: kafka.replicas, prefix: kafka.topicPrefix },
    {
      partitions: TOPIC_SETTINGS.partitions,
      replication: TOPIC_SETTINGS.replication,
      prefix: TOPIC_SETTINGS.prefix,
    },
  );
  assert.equal(kafka.replicas, 3);
  assert.equal(Number(settings.get('offsets.topic.num.partitions')), kafka.partitions);
});

test('nobody makes a topic by accident', { skip }, async () => {
  const producer = client.producer({ allowAutoTopicCreation: true, retry: { retries: 0 } });
  await producer.connect();
  await assert.rejects(producer.send({ topic: 'by.accident', messages: [{ value: 'a' }] }));
  await producer.disconnect();
  assert.ok(!(await admin.listTopics()).includes('by.accident'));
});
