/** How the brokers are reached and what the topics are like, out of the settings. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { KafkaConnection, KafkaSasl, KafkaTls } from '../adapters/bus/kafkaSettings.ts';
import { TOPIC_SETTINGS, type TopicSettings } from '../adapters/bus/kafkaTopics.ts';
import type { SettingName } from './settings.ts';

export interface KafkaConfig {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topics: TopicSettings;
  readonly sendBytesMax: number;
}

type Value = (name: SettingName) => string;

/** Null where no brokers are named. */
export function kafkaOf(value: Value, problems: string[]): KafkaConfig | null {
  const brokers = value('EARSHOT_KAFKA_BROKERS');
  const tls = tlsOf(value, problems);
  const sasl = saslOf(value, tls, problems);
  const topics = {
    ...TOPIC_SETTINGS,
    prefix: value('EARSHOT_KAFKA_TOPIC_PREFIX'),
    partitions: Number(value('EARSHOT_KAFKA_PARTITIONS')),
    replication: Number(value('EARSHOT_KAFKA_REPLICAS')),
  };
  const groupId = value('EARSHOT_KAFKA_GROUP');
  const sendBytesMax = Number(value('EARSHOT_KAFKA_SEND_BYTES_MAX'));
  if (brokers === '') return null;
  const connection = {
    brokers: brokers.split(',').map((broker) => broker.trim()),
    clientId: `earshot-${hostname()}`,
    tls,
    sasl,
  };
  return { connection, groupId, topics, sendBytesMax };
}

function tlsOf(value: Value, problems: string[]): KafkaTls | null {
  const [ca, cert, key] = (['EARSHOT_KAFKA_CA_FILE', 'EARSHOT_KAFKA_CERT_FILE', 'EARSHOT_KAFKA_KEY_FILE'] as const).map(
    (name) => contentOf(name, value(name), problems),
  );
  if (value('EARSHOT_KAFKA_TLS') === '1') return { ca, cert, key };
  if (ca !== undefined || cert !== undefined) problems.push('certificates of Kafka are set and EARSHOT_KAFKA_TLS is 0');
  return null;
}

function saslOf(value: Value, tls: KafkaTls | null, problems: string[]): KafkaSasl | null {
  const mechanism = value('EARSHOT_KAFKA_SASL');
  const password =
    contentOf('EARSHOT_KAFKA_PASSWORD_FILE', value('EARSHOT_KAFKA_PASSWORD_FILE'), problems)?.trim() ??
    value('EARSHOT_KAFKA_PASSWORD');
  const username = value('EARSHOT_KAFKA_USER');
  if (mechanism !== 'plain' && mechanism !== 'scram-sha-256' && mechanism !== 'scram-sha-512') return null;
  if (username === '' || password === '') {
    problems.push(`EARSHOT_KAFKA_SASL=${mechanism} needs EARSHOT_KAFKA_USER and EARSHOT_KAFKA_PASSWORD or its _FILE`);
  }
  if (mechanism === 'plain' && tls === null) {
    problems.push('EARSHOT_KAFKA_SASL=plain sends the password as it is and needs EARSHOT_KAFKA_TLS=1');
  }
  return { mechanism, username, password };
}

function contentOf(name: SettingName, path: string, problems: string[]): string | undefined {
  if (path === '') return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    problems.push(`${name}: ${(error as Error).message}`);
    return undefined;
  }
}
