/** A whole service for tests: real models, embedded ClickHouse in a temporary folder, a free port. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { readConfig, type Environment } from '../../services/config.ts';
import { startServices, type RunningService } from '../../services/main.ts';

export interface TestService {
  service: RunningService;
  readonly streamUrl: string;
  get(path: string): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Rows of a query. */
  sql(query: string, params?: Record<string, unknown>): Promise<Record<string, unknown>[]>;
  /** Stops and starts again on the same folder and port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startTestService(settings: Environment = {}): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-service-'));
  const environment: Record<string, string | undefined> = {
    EARSHOT_PORT: '0',
    EARSHOT_OTLP_GRPC_PORT: '0',
    EARSHOT_DATA_DIR: join(folder, 'data'),
    EARSHOT_INFERENCE_WORKERS: '1',
    // Tests stream faster than real time and compare everything: no window may be dropped for it.
    EARSHOT_SHED_AFTER_MS: '60000',
    ...settings,
  };
  const start = (): Promise<RunningService> => startServices(readConfig(environment), pino({ level: 'warn' }));
  const running = { service: await start() };
  environment.EARSHOT_PORT = new URL(running.service.url).port;
  return Object.assign(running, {
    streamUrl: `${running.service.url.replace('http', 'ws')}/v1/stream`,
    async get(path: string) {
      const response = await fetch(`${running.service.url}${path}`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    async sql(query: string, query_params: Record<string, unknown> = {}) {
      const result = await running.service.store.reading.query({ query, query_params, format: 'JSONEachRow' });
      return result.json<Record<string, unknown>>();
    },
    async restart() {
      await running.service.close();
      running.service = await start();
    },
    async close() {
      await running.service.close();
      await rm(folder, { recursive: true, force: true });
    },
  });
}
