/** The role that works: analyses its share of the calls, and joins them with what was reported. */
import { createRowWriter, type RowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import { createModelPool, type ModelPool } from '../../adapters/onnx/modelPool.ts';
import { loadWindowModels } from '../../adapters/onnx/windowModels.ts';
import { loadPrices } from '../../adapters/otlp/prices.ts';
import { deriveKey } from '../../adapters/sealing/sealing.ts';
import { redactPersonal } from '../../core/events/redact.ts';
import { createWordHash } from '../../core/events/wordHash.ts';
import { endAbandonedCalls } from '../analyze/abandonedCalls.ts';
import { createAnalyzer } from '../analyze/analyzer.ts';
import { startJoining } from '../join/startJoining.ts';
import { observeAnalysis } from '../telemetry/observeAnalysis.ts';
import { observeFact } from '../telemetry/observeFacts.ts';
import { observeStore } from '../telemetry/observeStore.ts';
import type { Role, Shared } from './shared.ts';

export interface AnalyzeRole extends Role {
  /** Whether the store took what it was given last. Nobody could do better with these calls, so it does not make the role unready. */
  readonly isWriting: () => boolean;
  /** How long the oldest row waits for a model now. */
  readonly queueDelayMs: () => number;
  /** Resolves when all that was heard and reported so far is joined. */
  joined(): Promise<void>;
}

const BATCH_ROWS_MAX = 5_000;
const PENDING_ROWS_MAX = 200_000;

/** `isUpToDate`: whether it is known that the log is analysed, but for what came just now. */
export async function startAnalyzeRole(shared: Shared, isUpToDate: () => boolean): Promise<AnalyzeRole> {
  const { config, bus, metrics, states } = shared;
  const writer = openWriter(shared);
  const pool = await openPool(shared);
  const analyzer = createAnalyzer({
    bus,
    batcher: pool,
    writer,
    states,
    stateEveryMs: config.stateEveryMs,
    hooks: observeAnalysis(shared),
  });
  const stopEnding = endAbandoned(shared, isUpToDate);
  const joining = await openJoining(shared, writer);
  metrics.analysedCalls.read(() => analyzer.activeCalls);
  metrics.unjoinedCalls.read(() => joining.waitingCalls);
  metrics.heldTextBytes.read(() => joining.heldTextBytes);
  metrics.pendingRows.read(() => writer.pendingRows);
  metrics.pendingRowsLimit.read(() => PENDING_ROWS_MAX);
  metrics.pendingRowBytes.read(() => writer.pendingBytes);
  metrics.storeHealthy.read(() => Number(writer.isHealthy()));
  metrics.queueDelayNow.read(() => pool.queueDelayMs() / 1_000);

  return {
    readiness: { inference: () => pool.isAlive() },
    isWriting: () => writer.isHealthy(),
    queueDelayMs: () => pool.queueDelayMs(),
    joined: () => joining.whenIdle(),
    leave() {
      stopEnding();
      return analyzer.close();
    },
    async close() {
      await joining.close();
      await writer.close();
      await pool.close();
    },
  };
}

function openWriter({ store, config, metrics, tracing, logger }: Shared): RowWriter {
  const writer: RowWriter = createRowWriter(store, {
    rowsMax: BATCH_ROWS_MAX,
    waitMs: config.flushWaitMs,
    pendingRowsMax: PENDING_ROWS_MAX,
    ...observeStore({
      metrics,
      tracing,
      logger,
      pendingRows: () => writer.pendingRows,
      batchRowsMax: BATCH_ROWS_MAX,
    }),
  });
  return writer;
}

function endAbandoned({ bus, states, config, logger }: Shared, isUpToDate: () => boolean): () => void {
  return endAbandonedCalls({
    bus,
    states,
    abandonedAfterMs: config.abandonedAfterMs,
    settleMs: config.resumeGraceMs,
    isUpToDate,
    onAbandoned: ({ tenant, callId }) =>
      logger.info({ tenant, callId }, 'a call of which nothing came for long is ended'),
    onTrouble: (error) => logger.warn({ error: error.message }, 'abandoned calls cannot be looked for'),
  });
}

async function openPool({ config, metrics, logger, onBroken }: Shared): Promise<ModelPool> {
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
    onFailure(error) {
      logger.fatal({ error: error.stack }, 'inference is broken; this process ends, others go on');
      onBroken();
    },
  });
}

async function openJoining(shared: Shared, writer: RowWriter): Promise<ReturnType<typeof startJoining>> {
  const { config, bus, store, secrets, metrics, tracing, logger } = shared;
  return startJoining({
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
}
