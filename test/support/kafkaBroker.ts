/** A real Apache Kafka broker (KRaft, broker and controller in one process) in a temporary folder, on ports that were free. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KAFKA_JARS, kafkaClassPath } from './kafkaJars.ts';

export interface KafkaBroker {
  readonly address: string;
  /** Asks for a name and a password: SASL PLAIN, user `earshot`. */
  readonly saslAddress: string;
  readonly saslPassword: string;
  readonly version: string;
  /** Stops the broker, gently or by kill -9; `start` brings it back with its data on the same ports. */
  halt(how: 'gently' | 'killed'): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

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

export async function startKafka(): Promise<KafkaBroker> {
  const classPath = await kafkaClassPath();
  const folder = mkdtempSync(join(tmpdir(), 'earshot-kafka-'));
  const [port, saslPort, controllerPort] = await freePorts(3);
  const saslPassword = 'only-for-tests';
  const properties = join(folder, 'server.properties');
  const logging = join(folder, 'log4j2.properties');
  writeFileSync(properties, settingsOf({ folder, port, saslPort, controllerPort, saslPassword }));
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
  const CLUSTER = 'AAAAAAAAQACAAAAAAAAAAQ';
  const formatted = spawnSync('java', java('kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', properties));
  if (formatted.status !== 0) throw new Error(`storage could not be formatted: ${formatted.stdout.toString()}`);

  let broker: ChildProcess | null = null;

  async function start(): Promise<void> {
    const child = spawn('java', java('kafka.Kafka', properties), { stdio: ['ignore', 'pipe', 'pipe'] });
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
      child.once('exit', (code) => reject(new Error(`the broker ended with ${code}: ${lines.slice(-20).join('\n')}`)));
    });
  }

  async function halt(how: 'gently' | 'killed'): Promise<void> {
    const child = broker;
    broker = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(how === 'gently' ? 'SIGTERM' : 'SIGKILL');
    await exited;
  }

  await start();
  return {
    address: `127.0.0.1:${port}`,
    saslAddress: `127.0.0.1:${saslPort}`,
    saslPassword,
    version: KAFKA_JARS.kafka,
    halt,
    start,
    async close() {
      await halt('killed');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface BrokerPlace {
  readonly folder: string;
  readonly port: number;
  readonly saslPort: number;
  readonly controllerPort: number;
  readonly saslPassword: string;
}

const settingsOf = ({ folder, port, saslPort, controllerPort, saslPassword }: BrokerPlace): string => `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},SASL_PLAINTEXT://127.0.0.1:${saslPort},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port},SASL_PLAINTEXT://127.0.0.1:${saslPort}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_earshot="${saslPassword}";
log.dirs=${join(folder, 'data')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
`;

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
