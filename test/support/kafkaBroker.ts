/** Real Apache Kafka brokers (KRaft, broker and controller in one process) in a temporary folder, on ports that were free. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KAFKA_JARS, kafkaClassPath } from './kafkaJars.ts';
import type { TlsKeys } from './tlsKeys.ts';

export interface KafkaNode {
  readonly id: number;
  readonly address: string;
  /** Asks for a name and a password: SASL PLAIN, user `earshot`. */
  readonly saslAddress: string;
  /** The same over TLS, by PLAIN or SCRAM; nobody listens there where no keys were given. */
  readonly tlsAddress: string;
  /** Stops the broker, gently or by kill -9; `start` brings it back with its data on the same ports. */
  halt(how: 'gently' | 'killed'): Promise<void>;
  start(): Promise<void>;
}

export interface KafkaCluster {
  readonly nodes: readonly KafkaNode[];
  readonly version: string;
  readonly saslPassword: string;
  /** Stops all and removes their data. */
  close(): Promise<void>;
}

export type KafkaBroker = KafkaNode & Omit<KafkaCluster, 'nodes'>;

const JAVA_MAJOR_MIN = 17;
const LOG_LINES_KEPT = 200;

/** Why no broker can run on this machine; null where one can. Fetches the jars. */
export async function whyNoKafka(): Promise<string | null> {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (java.error !== undefined) return `no Java is installed (${java.error.message})`;
  const major = Number(/version "(\d+)/.exec(java.stderr)?.[1] ?? 0);
  if (major < JAVA_MAJOR_MIN) return `Kafka needs Java ${JAVA_MAJOR_MIN}, here is ${major}`;
  try {
    await kafkaClassPath();
    return null;
  } catch (error) {
    return `the jars of Kafka ${KAFKA_JARS.kafka} cannot be had: ${(error as Error).message}`;
  }
}

/** One broker for itself. */
export async function startKafka(keys: TlsKeys | null = null): Promise<KafkaBroker> {
  return alone(await startKafkaCluster(1, keys));
}

/** One broker with other settings than those of the tests. */
export const startKafkaWith = async (settings: (place: BrokerPlace) => string): Promise<KafkaBroker> =>
  alone(await startCluster(1, settings));

function alone({ nodes, ...cluster }: KafkaCluster): KafkaBroker {
  return { ...nodes[0], ...cluster };
}

/** Each is broker and controller; so it lives as long as more than half of them do. */
export const startKafkaCluster = (count: number, keys: TlsKeys | null = null): Promise<KafkaCluster> =>
  startCluster(count, (place, places) => settingsOf(place, places, keys));

async function startCluster(
  count: number,
  settings: (place: BrokerPlace, places: readonly BrokerPlace[]) => string,
): Promise<KafkaCluster> {
  const classPath = await kafkaClassPath();
  const folder = mkdtempSync(join(tmpdir(), 'earshot-kafka-'));
  const logging = join(folder, 'log4j2.properties');
  writeFileSync(logging, LOGGING);
  const java = (main: string, ...args: string[]): string[] => [
    '-Xmx512m',
    '-XX:+UseSerialGC',
    `-Dlog4j2.configurationFile=${logging}`,
    '-cp',
    classPath,
    main,
    ...args,
  ];
  const ports = await freePorts(count * 4);
  const places = Array.from({ length: count }, (_, index): BrokerPlace => {
    const [port, saslPort, tlsPort, controllerPort] = ports.slice(index * 4);
    return { id: index + 1, folder: join(folder, String(index + 1)), port, saslPort, tlsPort, controllerPort };
  });
  const nodes = places.map((place) => {
    mkdirSync(place.folder);
    const properties = join(place.folder, 'server.properties');
    writeFileSync(properties, settings(place, places));
    const format = ['format', '-t', CLUSTER, '-c', properties];
    const users = SCRAM_KINDS.flatMap((kind) => ['--add-scram', `${kind}=[name=earshot,password=${PASSWORD}]`]);
    const formatted = spawnSync('java', java('kafka.tools.StorageTool', ...format, ...users));
    if (formatted.status !== 0) throw new Error(`storage could not be formatted: ${String(formatted.stderr)}`);
    return nodeOf(place, java('kafka.Kafka', properties));
  });
  await Promise.all(nodes.map((node) => node.start()));
  return {
    nodes,
    version: KAFKA_JARS.kafka,
    saslPassword: PASSWORD,
    async close() {
      await Promise.all(nodes.map((node) => node.halt('killed')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nodeOf({ id, port, saslPort, tlsPort }: BrokerPlace, command: readonly string[]): KafkaNode {
  let broker: ChildProcess | null = null;
  return {
    id,
    address: `127.0.0.1:${port}`,
    saslAddress: `127.0.0.1:${saslPort}`,
    tlsAddress: `127.0.0.1:${tlsPort}`,
    async start() {
      const child = spawn('java', command, { stdio: ['ignore', 'pipe', 'pipe'] });
      broker = child;
      const lines: string[] = [];
      await new Promise<void>((resolve, reject) => {
        const onLine = (line: string): void => {
          lines.push(line);
          if (lines.length > LOG_LINES_KEPT) lines.shift();
          if (line.includes('Kafka Server started')) resolve();
        };
        createInterface({ input: child.stdout }).on('line', onLine);
        createInterface({ input: child.stderr }).on('line', onLine);
        child.once('exit', (code) =>
          reject(new Error(`the broker ended with ${code}: ${lines.slice(-20).join('\n')}`)),
        );
      });
    },
    async halt(how) {
      const child = broker;
      broker = null;
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(how === 'gently' ? 'SIGTERM' : 'SIGKILL');
      await exited;
    },
  };
}

export interface BrokerPlace {
  readonly id: number;
  readonly folder: string;
  readonly port: number;
  readonly saslPort: number;
  readonly tlsPort: number;
  readonly controllerPort: number;
}

const CLUSTER = 'AAAAAAAAQACAAAAAAAAAAQ';
const PASSWORD = 'only-for-tests';
const SCRAM_KINDS = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

function settingsOf(place: BrokerPlace, places: readonly BrokerPlace[], keys: TlsKeys | null): string {
  const { id, folder, port, saslPort, tlsPort, controllerPort } = place;
  const listeners = [`PLAINTEXT://127.0.0.1:${port}`, `SASL_PLAINTEXT://127.0.0.1:${saslPort}`];
  if (keys !== null) listeners.push(`SASL_SSL://127.0.0.1:${tlsPort}`);
  const replicas = Math.min(3, places.length);
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_earshot="${PASSWORD}";`;
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return `
process.roles=broker,controller
node.id=${id}
controller.quorum.voters=${places.map((each) => `${each.id}@127.0.0.1:${each.controllerPort}`).join(',')}
listeners=${listeners.join(',')},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=${listeners.join(',')}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN,${SCRAM_KINDS.join(',')}
listener.name.sasl_plaintext.plain.sasl.jaas.config=${plain}
listener.name.sasl_ssl.plain.sasl.jaas.config=${plain}
${['sasl_plaintext', 'sasl_ssl']
  .flatMap((name) => SCRAM_KINDS.map((kind) => `listener.name.${name}.${kind.toLowerCase()}.sasl.jaas.config=${scram}`))
  .join('\n')}
${keys === null ? '' : `ssl.keystore.location=${keys.storeFile}\nssl.keystore.password=${keys.storePassword}`}
log.dirs=${join(folder, 'data')}
offsets.topic.replication.factor=${replicas}
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=${replicas}
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=${replicas}
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
leader.imbalance.check.interval.seconds=2
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
`;
}

const LOGGING = `
status = error
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %p %c{1} %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = OUT
`;

/** All held at once before any is given back, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
