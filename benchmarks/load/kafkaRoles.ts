/**
 * The service for the load benchmarks as it runs over Kafka: the roles `ingest`, `analyze` and `api`, each a process of its own as its
 * users start it, a real broker, and a store behind HTTP. The broker, the roles and the store share this machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { openClickhouseFront } from '../../test/support/clickhouseFront.ts';
import { startKafka } from '../../test/support/kafkaBroker.ts';
import { startServeProcess, type ServeProcess } from '../../test/support/serveProcess.ts';

const ROLES = ['ingest', 'analyze', 'api'] as const;
type RoleName = (typeof ROLES)[number];

/** What one process has used so far. */
export interface ProcessFigures {
  readonly processorS: number;
  readonly rssMb: number;
  /** Since it was asked for last, in seconds. */
  readonly eventLoopDelayMsP99: number;
}

export interface KafkaRoles {
  readonly streamUrl: string;
  readonly broker: string;
  sql(query: string, params?: Record<string, unknown>): Promise<Record<string, unknown>[]>;
  figures(): Promise<Record<RoleName, ProcessFigures>>;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 50;

export async function startKafkaRoles(): Promise<KafkaRoles> {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-delay-'));
  const broker = await startKafka();
  const front = await openClickhouseFront({ dataDir: join(folder, 'store') });
  const start = (role: RoleName): Promise<ServeProcess> =>
    startServeProcess({
      EARSHOT_ROLES: role,
      EARSHOT_PORT: '0',
      EARSHOT_OTLP_GRPC_PORT: '0',
      EARSHOT_INFERENCE_WORKERS: '1',
      EARSHOT_CLICKHOUSE_URL: front.url,
      EARSHOT_KAFKA_BROKERS: broker.address,
      EARSHOT_SECRET: Buffer.alloc(32, 7).toString('hex'),
    });
  // The first one makes tables and topics.
  const analyze = await start('analyze');
  const [ingest, api] = [await start('ingest'), await start('api')];
  const roles: Record<RoleName, ServeProcess> = { ingest, analyze, api };
  for (const process of Object.values(roles)) await ready(process);
  const store = await openStore({ kind: 'server', url: front.url });
  return {
    streamUrl: ingest.streamUrl,
    broker: `Apache Kafka ${broker.version}, one broker, one replica`,
    async sql(query, query_params = {}) {
      return (await store.reading.query({ query, query_params, format: 'JSONEachRow' })).json();
    },
    async figures() {
      const pairs = await Promise.all(ROLES.map(async (role) => [role, await figuresOf(roles[role])] as const));
      return Object.fromEntries(pairs) as Record<RoleName, ProcessFigures>;
    },
    async close() {
      for (const process of [ingest, analyze, api]) await process.stop();
      await store.close();
      await front.close();
      await broker.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ask = ({ streamUrl }: ServeProcess, path: string): Promise<Response> =>
  fetch(new URL(path, streamUrl.replace('ws', 'http')));

/** The one that analyses has its share of the log by then. */
async function ready(process: ServeProcess): Promise<void> {
  while (!(await ask(process, '/ready')).ok) await wait(LOOK_EVERY_MS);
}

async function figuresOf(process: ServeProcess): Promise<ProcessFigures> {
  const text = await (await ask(process, '/metrics')).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN);
  return {
    processorS: value('process_cpu_seconds_total'),
    rssMb: Math.round(value('process_resident_memory_bytes') / 2 ** 20),
    eventLoopDelayMsP99: Math.round(value('nodejs_eventloop_lag_p99_seconds') * 1e4) / 10,
  };
}
