/** Starts the roles of one process in the order the data flows back, and stops them in the order it flows. */
import fastifySwagger from '@fastify/swagger';
import fastifyWebsocket from '@fastify/websocket';
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createCallReader } from '../adapters/clickhouse/callReader.ts';
import { createCallStates } from '../adapters/clickhouse/callStates.ts';
import { migrate } from '../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../adapters/clickhouse/openStore.ts';
import { createSealing } from '../adapters/sealing/sealing.ts';
import { registerCalls, registerErrors, registerOperations } from './api/routes.ts';
import type { Config } from './config.ts';
import { INGEST_LIMITS } from './ingest/limits.ts';
import { startAnalyzeRole } from './roles/analyzeRole.ts';
import { startIngestRole } from './roles/ingestRole.ts';
import { bringTopics, openBus } from './roles/openBus.ts';
import { openSecrets, type Role, type Shared, type Telemetry } from './roles/shared.ts';
import { ROLES } from './settings.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { openTracing } from './telemetry/tracing.ts';

export interface RunningService {
  readonly url: string;
  readonly store: Store;
  /** Port of OTLP by gRPC; null: none. */
  readonly otlpGrpcPort: number | null;
  /** Resolves when all that was heard and reported so far is joined. */
  joined(): Promise<void>;
  /** Sockets are closed so that clients can come back, states and rows are written, then the store is closed. */
  close(): Promise<void>;
}

/** `onBroken`: this process cannot work any more, and whoever waits for it has to be given to others. */
export async function startServices(
  config: Config,
  logger: Logger,
  onBroken: () => void = () => undefined,
): Promise<RunningService> {
  const { roles } = config;
  const telemetry = openTelemetry(config, logger);
  const secrets = await openSecrets(config, logger);
  // Who only takes calls in can do without the store for a while.
  const store = await openStore(config.store, isAlone(config, 'ingest') ? 'unasked' : 'asked');
  if (config.migrates) await bringUpToDate(config, store, logger);
  const opened = await openBus(config, telemetry);
  const { bus } = opened;
  const app = await openApp(config, logger);
  const states = createCallStates(store, createSealing(secrets, 'call-states'));
  const shared: Shared = { ...telemetry, config, app, store, states, bus, secrets, onBroken };

  const analyze = roles.has('analyze') ? await startAnalyzeRole(shared, opened.isUpToDate) : null;
  const ingest = roles.has('ingest')
    ? await startIngestRole(shared, () => Math.max(opened.analysisDelayMs(), analyze?.queueDelayMs() ?? 0))
    : null;
  if (roles.has('api')) registerCalls(app, { reader: createCallReader(store), bus });
  const started: readonly Role[] = [ingest, analyze].filter((role) => role !== null);
  registerOperations(app, {
    readiness: {
      ...(roles.has('api') ? { store: () => store.ping() } : {}),
      // Alone, the process is all that there is: whoever sends it calls should know that they are not written.
      ...(analyze !== null && roles.size === ROLES.length ? { writer: analyze.isWriting } : {}),
      bus: opened.isHealthy,
      ...(roles.has('analyze') ? { share: opened.hasShare } : {}),
      ...ingest?.readiness,
      ...analyze?.readiness,
    },
    metricsText: () => telemetry.metrics.registry.metrics(),
  });

  const url = await app.listen({ host: config.host, port: config.port });
  const otlpGrpcPort = (await ingest?.listen()) ?? null;
  return {
    url,
    store,
    otlpGrpcPort,
    joined: () => analyze?.joined() ?? Promise.resolve(),
    async close() {
      for (const role of started) await role.leave();
      await app.close();
      await ingest?.close();
      // What the analysis is about to write still has to be committed.
      await analyze?.close();
      await opened.close();
      await store.close();
      await telemetry.tracing.close();
    },
  };
}

const isAlone = ({ roles }: Config, role: 'ingest'): boolean => roles.size === 1 && roles.has(role);

function openTelemetry(config: Config, logger: Logger): Telemetry {
  const metrics = createMetrics();
  const tracing = openTracing(config.traces, [...config.roles], {
    onOutcome: (outcome, spans) => metrics.tracedSpans.inc({ outcome }, spans),
    onTrouble: (error) => logger.warn({ error: error.message }, 'spans of our own cannot be sent'),
  });
  return { metrics, tracing, logger };
}

async function bringUpToDate(config: Config, store: Store, logger: Logger): Promise<void> {
  if (!isAlone(config, 'ingest')) {
    const applied = await migrate(store);
    if (applied.length > 0) logger.info({ applied }, 'store migrated');
  }
  if (config.kafka === null) return;
  const { created, mismatches } = await bringTopics(config.kafka);
  if (created.length > 0) logger.info({ created }, 'topics made');
  for (const mismatch of mismatches) logger.warn({ mismatch }, 'a topic is not as it is meant');
}

async function openApp(config: Config, logger: Logger): Promise<FastifyInstance> {
  // Requests are counted, not logged one by one.
  const httpLogger: FastifyBaseLogger = logger.child({}, { level: quieter(config.logLevel) });
  const app: FastifyInstance = fastify({ loggerInstance: httpLogger, forceCloseConnections: true });
  const maxPayload = INGEST_LIMITS.messageBytesMax;
  await app.register(fastifyWebsocket, { options: { maxPayload, perMessageDeflate: false } });
  await app.register(fastifySwagger, { openapi: { info: { title: 'Earshot', version: '1' } } });
  registerErrors(app, (error) => logger.error({ error: error.stack }, 'a request failed'));
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  return app;
}

const quieter = (level: string): string => (level === 'info' || level === 'debug' ? 'warn' : level);
