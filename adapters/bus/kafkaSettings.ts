/** How the brokers are reached, what the topics are called, and the numbers that the Kafka bus works with. */
import type { ConnectionOptions } from 'node:tls';
import kafkajs, { type Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs';

/** PEM texts; what is absent is the system's own. */
export interface KafkaTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name in the brokers' certificate, where it is not the host's. */
  readonly serverName?: string;
}

/** `oauthbearer`: a fresh token whenever one is needed; managed services with IAM take their tokens this way. */
export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | { readonly mechanism: 'oauthbearer'; readonly token: () => Promise<string> };

export interface KafkaConnection {
  /** host:port */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: KafkaTls | null;
  readonly sasl: KafkaSasl | null;
}

export interface KafkaTuning {
  /** What is taken and not yet in the log of all replicas; more is refused with `Busy`. */
  readonly sendBytesMax: number;
  /** What is handed out and not committed; more is left with the brokers for a while. */
  readonly uncommittedBytesMax: number;
  /** A record waits so long for others to travel with. */
  readonly lingerMs: number;
  readonly compression: 'none' | 'gzip';
  readonly commitEveryMs: number;
  /** A consumer that was not heard of for so long is taken for dead and its partitions go to others. */
  readonly sessionTimeoutMs: number;
  /**
   * When shares change, everybody stands still until the last has said that it is there; who has not by then is left out. So
   * long, at most, does a dead process hold up the others.
   */
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatMs: number;
  /** A partition with entries to read, of which none comes for so long, means that the client is stuck: it is replaced. */
  readonly stuckAfterMs: number;
  /** Records of one topic that could not be read, within a minute; beyond it the topic is read no further. */
  readonly deadLettersMax: number;
}

export const KAFKA_TUNING: KafkaTuning = {
  sendBytesMax: 256 * 1_048_576,
  uncommittedBytesMax: 256 * 1_048_576,
  lingerMs: 20,
  compression: 'none',
  commitEveryMs: 1_000,
  // The least that brokers allow by their defaults: two workers that die one after the other cost two of these.
  sessionTimeoutMs: 6_000,
  rebalanceTimeoutMs: 3_000,
  heartbeatMs: 500,
  stuckAfterMs: 10_000,
  deadLettersMax: 100,
};

/** Beyond this a broker with its usual limits refuses a batch (message.max.bytes, 1 MiB). */
export const RECORD_BYTES_MAX = 900_000;

export interface KafkaTopics {
  readonly log: string;
  readonly events: string;
  readonly spans: string;
  readonly scores: string;
  readonly notices: string;
  readonly facts: string;
  readonly dead: string;
}

export const topicsOf = (prefix: string): KafkaTopics => ({
  log: `${prefix}log`,
  events: `${prefix}events`,
  spans: `${prefix}spans`,
  scores: `${prefix}scores`,
  notices: `${prefix}notices`,
  facts: `${prefix}facts`,
  dead: `${prefix}dead`,
});

/** What the client itself says, for the log. */
export type OnClientLog = (line: { readonly level: 'error' | 'warn'; readonly message: string }) => void;

export const kafkaClient = (connection: KafkaConnection, onLog?: OnClientLog): Kafka =>
  new kafkajs.Kafka(clientConfigOf(connection, onLog));

export function clientConfigOf(connection: KafkaConnection, onLog?: OnClientLog): KafkaConfig {
  const { brokers, clientId, tls, sasl } = connection;
  return {
    brokers: [...brokers],
    clientId,
    // A password never travels in the clear by oversight: without TLS, SASL has to be asked for with `tls: null`.
    ...(tls === null ? {} : { ssl: tlsOf(tls) }),
    ...(sasl === null ? {} : { sasl: saslOf(sasl) }),
    connectionTimeout: 5_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (line) => {
      onLog?.({
        level: line.level === kafkajs.logLevel.WARN ? 'warn' : 'error',
        message: textOf(line.namespace, line.log),
      });
    },
  };
}

function tlsOf({ ca, cert, key, serverName }: KafkaTls): ConnectionOptions {
  return { ca, cert, key, servername: serverName };
}

function saslOf(sasl: KafkaSasl): SASLOptions {
  if (sasl.mechanism !== 'oauthbearer') return { ...sasl };
  return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await sasl.token() }) };
}

function textOf(namespace: string, { message, error }: { readonly message: string; readonly error?: unknown }): string {
  return `${namespace}: ${message}${typeof error === 'string' ? ` (${error})` : ''}`;
}
