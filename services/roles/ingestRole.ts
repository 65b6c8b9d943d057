/** The role that takes in: calls over sockets, events and scores over HTTP, spans over OTLP. */
import type { Logger } from 'pino';
import type { Reports } from '../../adapters/bus/bus.ts';
import { within } from '../../adapters/bus/waiting.ts';
import { Busy } from '../../core/units/errors.ts';
import type { Config } from '../config.ts';
import type { CallDirectory } from '../ingest/ingestOptions.ts';
import { INGEST_LIMITS } from '../ingest/limits.ts';
import type { OtlpDoor } from '../ingest/otlpDoor.ts';
import { startOtlpGrpc, type OtlpGrpc } from '../ingest/otlpGrpc.ts';
import { otlpRoutes } from '../ingest/otlpRoutes.ts';
import { reportRoutes } from '../ingest/reportRoutes.ts';
import { registerIngest } from '../ingest/routes.ts';
import { observeIngest } from '../telemetry/observeIngest.ts';
import type { Role, Shared } from './shared.ts';

export interface IngestRole extends Role {
  /** Opens the doors beside HTTP; returns the port of OTLP by gRPC, null: none. */
  listen(): Promise<number | null>;
}

/** Where calls are in a log that outlives this process, the store is only asked, not waited for. */
const DIRECTORY_MS_MAX = 1_000;

/** `analysisDelayMs`: how far the analysis is behind. */
export async function startIngestRole(shared: Shared, analysisDelayMs: () => number): Promise<IngestRole> {
  const { app, config, bus, metrics, logger } = shared;
  const limits = {
    ...INGEST_LIMITS,
    callsMax: config.callsMax,
    admitDelayMsMax: config.admitDelayMaxMs,
    resumeGraceMs: config.resumeGraceMs,
    lateMs: config.lateMs,
  };
  const hooks = observeIngest(shared);
  const ingest = registerIngest(app, {
    bus,
    directory: directoryOf(shared),
    limits,
    nowMs: Date.now,
    analysisDelayMs,
    hooks,
  });
  const publish = async (reports: Reports): Promise<void> => {
    try {
      await bus.publishReports(reports);
    } catch (error) {
      if (error instanceof Busy) hooks.onRefused('bus_full');
      throw error;
    }
  };
  await app.register(reportRoutes, {
    take(reports) {
      metrics.reports.inc({ kind: 'event' }, reports.events.length);
      metrics.reports.inc({ kind: 'score' }, reports.scores.length);
      return publish(reports);
    },
    nowMs: Date.now,
    onError: (code) => metrics.errors.inc({ code }),
  });
  const otlp: OtlpDoor = {
    take: (tenant, spans) => publish({ tenant, spans, events: [], scores: [] }),
    hooks: {
      onSpans: ({ taken }) => metrics.reports.inc({ kind: 'span' }, taken),
      onError: (code) => metrics.errors.inc({ code }),
      onBug: (error) => logger.error({ error: error.stack }, 'a request of spans failed'),
    },
  };
  await app.register(otlpRoutes, otlp);
  metrics.openSockets.read(() => ingest.openSockets);
  metrics.activeCalls.read(() => ingest.activeCalls);
  metrics.callsLimit.read(() => limits.callsMax);
  let grpc: OtlpGrpc | null = null;
  return {
    readiness: { room: () => !ingest.isFull },
    async listen() {
      grpc = await openGrpc(config, otlp, logger);
      return grpc?.port ?? null;
    },
    leave() {
      ingest.close();
      return Promise.resolve();
    },
    async close() {
      await grpc?.close();
    },
  };
}

/**
 * What is durable of a call that another process took in. Over Kafka its sender knows how far it is acknowledged, and the analysis
 * what it has already: while the store does not answer, calls are taken all the same.
 */
function directoryOf({ states, config, logger }: Shared): CallDirectory {
  const lastDurable: CallDirectory['lastDurable'] = (tenant, callId) => states.load(tenant, callId);
  if (config.kafka === null) return { lastDurable };
  return {
    lastDurable: (tenant, callId) =>
      within(DIRECTORY_MS_MAX, lastDurable(tenant, callId)).catch((error: unknown) => {
        logger.warn(
          { tenant, callId, error: (error as Error).message },
          'a call was taken in without asking the store',
        );
        return null;
      }),
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
