/** Every setting of the environment with its default, its meaning and what it has to be; docs/operations.md lists them, a test compares. */
import { availableParallelism } from 'node:os';
import { TEXT_POLICIES } from '../core/events/textPolicy.ts';

/** What a process may do. */
export const ROLES = ['ingest', 'analyze', 'api'] as const;
export type RoleName = (typeof ROLES)[number];

export interface Setting {
  readonly fallback: string;
  readonly meaning: string;
  /** What a value has to be, in words and as a test. */
  readonly expected: string;
  readonly accepts: (text: string) => boolean;
  /** Never told in a message. */
  readonly isSecret?: true;
}

const integer = (fallback: number, min: number, max: number, meaning: string): Setting => ({
  fallback: String(fallback),
  meaning,
  expected: `a whole number from ${min} to ${max}`,
  accepts: (text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max,
});
const choice = (fallback: string, choices: readonly string[], meaning: string): Setting => ({
  fallback,
  meaning,
  expected: choices.join(' | '),
  accepts: (text) => choices.includes(text),
});
const text = (fallback: string, meaning: string): Setting => ({
  fallback,
  meaning,
  expected: 'a text',
  accepts: () => true,
});

const POLICY_PAIR = new RegExp(`^[^=]+=(${TEXT_POLICIES.join('|')})$`);

export const SETTINGS = {
  EARSHOT_HOST: text('127.0.0.1', 'address to listen on'),
  EARSHOT_PORT: integer(8787, 0, 65_535, 'port to listen on; 0 takes a free one'),
  EARSHOT_ROLES: {
    fallback: ROLES.join(','),
    meaning: 'what this process does; less than all of it needs Kafka and a ClickHouse server',
    expected: `some of ${ROLES.join(', ')}, with commas`,
    accepts: (text) => text.split(',').every((name) => (ROLES as readonly string[]).includes(name.trim())),
  },
  EARSHOT_DATA_DIR: text('./data', 'folder of the embedded ClickHouse'),
  EARSHOT_CLICKHOUSE_URL: text('', 'ClickHouse server to use instead of the embedded one, e.g. http://localhost:8123'),
  EARSHOT_CLICKHOUSE_USER: text('default', 'its user'),
  EARSHOT_CLICKHOUSE_PASSWORD: text('', 'its password'),
  EARSHOT_CLICKHOUSE_PASSWORD_FILE: text('', 'file that holds the password'),
  EARSHOT_CLICKHOUSE_CLUSTER: text('', 'name of the cluster on which tables are made, replicated; empty: one server'),
  EARSHOT_MIGRATE: choice('1', ['0', '1'], '0: the start leaves tables and topics alone; earshot migrate makes them'),
  EARSHOT_KAFKA_BROKERS: {
    fallback: '',
    meaning:
      'brokers that carry the bus between processes, e.g. kafka-1:9092,kafka-2:9092; empty: the bus is in memory',
    expected: 'host:port pairs with commas',
    accepts: (text) => text === '' || text.split(',').every((broker) => /^[^\s:/]+:\d{1,5}$/.test(broker.trim())),
  },
  EARSHOT_KAFKA_TOPIC_PREFIX: text('earshot.', 'how the names of the topics begin'),
  EARSHOT_KAFKA_GROUP: text('earshot', 'processes of one group share the work'),
  EARSHOT_KAFKA_PARTITIONS: integer(24, 1, 10_000, 'of each topic, when it is made; chosen once (docs/kafka.md)'),
  EARSHOT_KAFKA_REPLICAS: integer(1, 1, 7, 'of each topic, when it is made; 3 where there are three brokers'),
  EARSHOT_KAFKA_SEND_BYTES_MAX: integer(
    256 * 1_024 * 1_024,
    65_536,
    2 ** 40,
    'bytes that may wait for brokers that are away; then senders are held back',
  ),
  EARSHOT_KAFKA_TLS: choice('0', ['0', '1'], '1: the brokers are reached by TLS'),
  EARSHOT_KAFKA_CA_FILE: text('', "certificate authorities of the brokers (PEM); empty: the system's"),
  EARSHOT_KAFKA_CERT_FILE: text('', 'our certificate (PEM), where the brokers ask for one'),
  EARSHOT_KAFKA_KEY_FILE: text('', 'its key (PEM)'),
  EARSHOT_KAFKA_SASL: choice('none', ['none', 'plain', 'scram-sha-256', 'scram-sha-512'], 'how we say who we are'),
  EARSHOT_KAFKA_USER: text('', 'our name there'),
  EARSHOT_KAFKA_PASSWORD: text('', 'its password'),
  EARSHOT_KAFKA_PASSWORD_FILE: text('', 'file that holds the password'),
  EARSHOT_ADMIT_DELAY_MAX_MS: integer(
    5_000,
    500,
    3_600_000,
    'new calls are refused while the analysis is further behind than this',
  ),
  EARSHOT_SECRET: text(
    '',
    'seals the states of running calls: base64 or hex of 32 bytes or more; several with commas, the newest first',
  ),
  EARSHOT_SECRET_FILE: text('', 'file that holds them, a line each'),
  EARSHOT_CALLS_MAX: integer(500, 1, 100_000, 'calls taken at once; more are refused with 503'),
  EARSHOT_INFERENCE_WORKERS: integer(
    Math.max(1, availableParallelism() - 1),
    1,
    256,
    'threads that run models; default: processors - 1',
  ),
  EARSHOT_BATCH_ROWS_MAX: integer(64, 1, 1_024, 'rows of different calls that one model run takes'),
  EARSHOT_BATCH_WAIT_MS: integer(4, 0, 1_000, 'how long a first row waits for company while a worker is free'),
  EARSHOT_MODELS: text('all', 'models that hear how people speak: all, none, or some of them by name, with commas'),
  EARSHOT_MODELS_DIR: text('./models-added', 'folder of the models added by earshot models add'),
  EARSHOT_SHED_AFTER_MS: integer(
    1_000,
    100,
    60_000,
    'windows of speech that wait longer lose the least important of those models, then the next',
  ),
  EARSHOT_WINDOW_SHARE_MAX: integer(80, 1, 100, "share of an inference thread's time that those models may take, in %"),
  EARSHOT_FLUSH_WAIT_MS: integer(100, 1, 10_000, 'how long rows are gathered before an insert'),
  EARSHOT_STATE_EVERY_MS: integer(5_000, 100, 600_000, "a call's state is saved after so much of its audio"),
  EARSHOT_RESUME_GRACE_MS: integer(30_000, 0, 3_600_000, 'how long a client may be away before its call ends'),
  EARSHOT_ABANDONED_AFTER_MS: integer(
    1_800_000,
    1_000,
    518_400_000,
    'a running call of which nothing came for so long is ended, where the process that took it in is gone; more than any outage',
  ),
  EARSHOT_LATE_MS: integer(1_000, 100, 60_000, 'how long a silent channel is waited for while the other goes on'),
  EARSHOT_BUS_BYTES_MAX: integer(256 * 1_024 * 1_024, 65_536, 2 ** 40, 'bytes that may wait to be analysed, all calls'),
  EARSHOT_TEXT: choice('none', TEXT_POLICIES, 'what is kept of transcripts and of what agents say'),
  EARSHOT_TEXT_TENANTS: {
    fallback: '',
    meaning: 'exceptions from that, by tenant, e.g. acme=full,beta=redacted',
    expected: `tenant=policy pairs with commas, policies of ${TEXT_POLICIES.join(', ')}`,
    accepts: (text) => text === '' || text.split(',').every((pair) => POLICY_PAIR.test(pair.trim())),
  },
  EARSHOT_HELD_TEXT_BYTES_MAX: integer(
    64 * 1_024 * 1_024,
    0,
    2 ** 40,
    'texts of running calls that are held in memory, whatever is kept of them, to be compared with the audio',
  ),
  EARSHOT_TRACES_URL: {
    fallback: '',
    meaning: 'where Earshot sends spans of its own work, e.g. http://localhost:4318/v1/traces; empty: it makes none',
    expected: 'an http or https URL',
    accepts: (text) => text === '' || /^https?:\/\/[^\s/]+(\/\S*)?$/.test(text),
  },
  EARSHOT_TRACES_HEADERS: {
    fallback: '',
    meaning: 'headers sent with them, e.g. authorization=Bearer abc,x-scope=voice',
    expected: 'name=value pairs with commas',
    accepts: (text) => text === '' || text.split(',').every((pair) => /^\s*[\w-]+=[^\r\n]*$/.test(pair)),
    isSecret: true,
  },
  EARSHOT_PRICES_FILE: text('', 'price table to use instead of deploy/prices.json'),
  EARSHOT_OTLP_GRPC_PORT: integer(4_317, 0, 65_535, 'port that takes OTLP spans by gRPC; 0: none'),
  EARSHOT_LOG_LEVEL: choice(
    'info',
    ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
    'least level that is logged',
  ),
  EARSHOT_ALLOW_UNAUTHENTICATED: choice('0', ['0', '1'], '1 lets a non-loopback host be served, by whoever reaches it'),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
