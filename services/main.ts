/** Starts the roles in one process, in the order the data flows back, and stops them in the order it flows. */
import fastifySwagger from '@fastify/swagger';
import fastifyWebsocket from '@fastify/websocket';
import fastify, { type FastifyBaseLogger } from 'fastify';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { createMemoryBus } from '../adapters/bus/memoryBus.ts';
import { createCallReader } from '../adapters/clickhouse/callReader.ts';
import { createCallStates } from '../adapters/clickhouse/callStates.ts';
import { migrate } from '../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../adapters/clickhouse/openStore.ts';
import { createRowWriter, type RowWriter } from '../adapters/clickhouse/rowWriter.ts';
import { loadPrices } from '../adapters/otlp/prices.ts';
import { createModelPool, type ModelPool } from '../adapters/onnx/modelPool.ts';
import { loadWindowModels } from '../adapters/onnx/windowModels.ts';
import { createSealing, deriveKey } from '../adapters/sealing/sealing.ts';
import { keptSecrets, randomSecret } from '../adapters/sealing/secrets.ts';
import { redactPersonal } from '../core/events/redact.ts';
import { createWordHash } from '../core/events/wordHash.ts';
import { createAnalyzer } from './analyze/analyzer.ts';
import { registerApi, registerErrors } from './api/routes.ts';
import type { Config } from './config.ts';
import { INGEST_LIMITS } from './ingest/limits.ts';
import { startOtlpGrpc, type OtlpGrpc } from './ingest/otlpGrpc.ts';
import { otlpRoutes } from './ingest/otlpRoutes.ts';
import type { OtlpDoor } from './ingest/otlpDoor.ts';
import { reportRoutes } from './ingest/reportRoutes.ts';
import { registerIngest } from './ingest/routes.ts';
import { startJoining } from './join/startJoining.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { observeAnalysis } from './telemetry/observeAnalysis.ts';
import { observeFact } from './telemetry/observeFacts.ts';
import { observeIngest } from './telemetry/observeIngest.ts';
import { observeStore } from './telemetry/observeStore.ts';
import { openTracing, type Tracing } from './telemetry/tracing.ts';

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

interface Telemetry {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly logger: Logger;
}

const ROLES = ['ingest', 'analyze', 'api'];
const BATCH_ROWS_MAX = 5_000;
const PENDING_ROWS_MAX = 200_000;

export async function startServices(config: Config, logger: Logger): Promise<RunningService> {
  const metrics = createMetrics();
  const tracing = openTracing(config.traces, ROLES, {
    onOutcome: (outcome, spans) => metrics.tracedSpans.inc({ outcome }, spans),
    onTrouble: (error) => logger.warn({ error: error.message }, 'spans of our own cannot be sent'),
  });
  const secrets = await openSecrets(config, logger);
  const store = await openStore(config.store);
  const applied = await migrate(store);
  if (applied.length > 0) logger.info({ applied }, 'store migrated');
  const writer = openWriter(store, config, { metrics, tracing, logger });
  const pool = await openPool(config, metrics, logger);
  const bus = createMemoryBus({ bytesMax: config.busBytesMax });
  const states = createCallStates(store, createSealing(secrets, 'call-states'));
  const analyzer = createAnalyzer({
    bus,
    batcher: pool,
    writer,
    states,
    stateEveryMs: config.stateEveryMs,
    hooks: observeAnalysis({ metrics, tracing, logger }),
  });
  const joining = startJoining({
    bus,
    store,
    writer,
    prices: await loadPrices(config.pricesFile === '' ? undefined : config.pricesFile),
    policyOf: (tenant) => config.textPolicies.ofTenants.get(tenant) ?? config.textPolicies.ofAll,
    textTools: { hash: createWordHash(deriveKey(secrets[0], 'text-hash')), redact: redactPersonal },
    heldTextBytesMax: config.heldTextBytesMax,
    onFact: (fact) => observeFact(metrics, fact),
    onFailure({ call, error }) {
      metrics.joinFailures.inc();
      logger.error({ callId: call, error: error.stack }, 'a call could not be joined');
    },
    onJoin({ calls, tookMs }) {
      metrics.joinDuration.observe(tookMs / 1_000);
      metrics.joinedCalls.inc(calls);
      tracing.done('join', { tookMs, attributes: { calls } });
    },
  });

  // Requests are counted, not logged one by one.
  const httpLogger: FastifyBaseLogger = logger.child({}, { level: quieter(config.logLevel) });
  const app = fastify({ loggerInstance: httpLogger, forceCloseConnections: true });
  const limits = {
    ...INGEST_LIMITS,
    callsMax: config.callsMax,
    resumeGraceMs: config.resumeGraceMs,
    lateMs: config.lateMs,
  };
  await app.register(fastifyWebsocket, { options: { maxPayload: limits.messageBytesMax, perMessageDeflate: false } });
  await app.register(fastifySwagger, { openapi: { info: { title: 'Earshot', version: '1' } } });
  registerErrors(app, (error) => logger.error({ error: error.stack }, 'a request failed'));
  const ingest = registerIngest(app, {
    bus,
    directory: { lastDurable: (tenant, callId) => states.load(tenant, callId) },
    limits,
    nowMs: Date.now,
    hooks: observeIngest({ metrics, tracing, logger }),
  });
  await app.register(reportRoutes, {
    take(reports) {
      metrics.reports.inc({ kind: 'event' }, reports.events.length);
      metrics.reports.inc({ kind: 'score' }, reports.scores.length);
      return bus.publishReports(reports);
    },
    nowMs: Date.now,
    onError: (code) => metrics.errors.inc({ code }),
  });
  const otlp: OtlpDoor = {
    take: (tenant, spans) => bus.publishReports({ tenant, spans, events: [], scores: [] }),
    hooks: {
      onSpans: ({ taken }) => metrics.reports.inc({ kind: 'span' }, taken),
      onError: (code) => metrics.errors.inc({ code }),
      onBug: (error) => logger.error({ error: error.stack }, 'a request of spans failed'),
    },
  };
  await app.register(otlpRoutes, otlp);
  registerApi(app, {
    reader: createCallReader(store),
    bus,
    readiness: {
      store: () => store.ping(),
      writer: () => writer.isHealthy(),
      inference: () => pool.isAlive(),
      room: () => !ingest.isFull,
    },
    metricsText: () => metrics.registry.metrics(),
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  metrics.openSockets.read(() => ingest.openSockets);
  metrics.activeCalls.read(() => ingest.activeCalls);
  metrics.callsLimit.read(() => limits.callsMax);
  metrics.analysedCalls.read(() => analyzer.activeCalls);
  metrics.unjoinedCalls.read(() => joining.waitingCalls);
  metrics.heldTextBytes.read(() => joining.heldTextBytes);
  metrics.busPendingBytes.read(() => bus.pendingBytes);
  metrics.busPendingLimitBytes.read(() => config.busBytesMax);
  metrics.pendingRows.read(() => writer.pendingRows);
  metrics.pendingRowsLimit.read(() => PENDING_ROWS_MAX);
  metrics.pendingRowBytes.read(() => writer.pendingBytes);
  metrics.storeHealthy.read(() => Number(writer.isHealthy()));
  metrics.queueDelayNow.read(() => pool.queueDelayMs() / 1_000);

  const url = await app.listen({ host: config.host, port: config.port });
  const grpc = await openGrpc(config, otlp, logger);
  return {
    url,
    store,
    otlpGrpcPort: grpc?.port ?? null,
    joined: () => joining.whenIdle(),
    async close() {
      ingest.close();
      await analyzer.close();
      await app.close();
      await grpc?.close();
      await joining.close();
      await writer.close();
      await bus.close();
      await pool.close();
      await store.close();
      await tracing.close();
    },
  };
}

/** A Collector of the user's own may hold the usual port: that is no reason not to start. */
async function openGrpc(
  { host, otlpGrpcPort: port }: Config,
  otlp: OtlpDoor,
  logger: Logger,
): Promise<OtlpGrpc | null> {
  if (port === 0) return null;
  try {
    return await startOtlpGrpc({ ...otlp, host, port });
  } catch (error) {
    const hint = 'EARSHOT_OTLP_GRPC_PORT sets another, 0 none';
    logger.warn({ port, error: (error as Error).message, hint }, 'spans are taken by HTTP only');
    return null;
  }
}

const quieter = (level: string): string => (level === 'info' || level === 'debug' ? 'warn' : level);

/** Without a secret in the settings, an embedded store has one beside its folder; on a server only this process has it. */
async function openSecrets({ secrets, store }: Config, logger: Logger): Promise<readonly Buffer[]> {
  if (secrets !== null) return secrets;
  if (store.kind === 'embedded') return keptSecrets(`${resolve(store.dataDir)}.secret`);
  logger.warn('no EARSHOT_SECRET: after a restart, running calls cannot go on from their states and begin anew');
  return [randomSecret()];
}

function openWriter(store: Store, config: Config, telemetry: Telemetry): RowWriter {
  const writer: RowWriter = createRowWriter(store, {
    rowsMax: BATCH_ROWS_MAX,
    waitMs: config.flushWaitMs,
    pendingRowsMax: PENDING_ROWS_MAX,
    ...observeStore({ ...telemetry, pendingRows: () => writer.pendingRows, batchRowsMax: BATCH_ROWS_MAX }),
  });
  return writer;
}

async function openPool(config: Config, metrics: Metrics, logger: Logger): Promise<ModelPool> {
  return createModelPool({
    workers: config.inferenceWorkers,
    batchRowsMax: config.batchRowsMax,
    batchWaitMs: config.batchWaitMs,
    windowModels: await loadWindowModels(config.models),
    shedAfterMs: config.shedAfterMs,
    windowShareMax: config.windowSharePercentMax / 100,
    onBatch({ kind, rows, waitedMs, runMs }) {
      metrics.batchRows.observe({ kind }, rows);
      metrics.queueDelay.observe({ kind }, Math.max(0, waitedMs) / 1_000);
      metrics.runSeconds.inc({ kind }, runMs / 1_000);
    },
    onShed: (model, rows) => metrics.shedWindows.inc({ model }, rows),
    onFailure: (error) => logger.fatal({ error: error.stack }, 'inference is broken; the service has to be restarted'),
  });
}
