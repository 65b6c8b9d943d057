/** Inserts as they go, counted, traced and logged; outages of the store, and how long it took to catch up after them. */
import type { Logger } from 'pino';
import type { InsertHooks } from '../../adapters/clickhouse/insertRows.ts';
import type { Metrics } from './metrics.ts';
import type { Tracing } from './tracing.ts';

export interface StoreObserver {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Of the writer: a store that has caught up leaves no more waiting than fits into one batch. */
  readonly pendingRows: () => number;
  readonly batchRowsMax: number;
  readonly nowMs?: () => number;
}

type Phase =
  | { readonly is: 'well' }
  | { readonly is: 'away'; readonly sinceMs: number }
  | { readonly is: 'catching up'; readonly sinceMs: number };

const WELL: Phase = { is: 'well' };

export function observeStore(observer: StoreObserver): Required<InsertHooks> {
  const { metrics, tracing, logger, pendingRows, batchRowsMax, nowMs = () => performance.now() } = observer;
  let phase: Phase = WELL;

  function noteInsert(): void {
    if (phase.is === 'away') {
      const awayMs = nowMs() - phase.sinceMs;
      metrics.outageSeconds.inc(awayMs / 1_000);
      logger.info({ awayMs: Math.round(awayMs), pendingRows: pendingRows() }, 'the store takes rows again');
      phase = { is: 'catching up', sinceMs: nowMs() };
    }
    if (phase.is !== 'catching up' || pendingRows() > batchRowsMax) return;
    metrics.catchUpDuration.observe((nowMs() - phase.sinceMs) / 1_000);
    phase = WELL;
  }

  return {
    onInsert({ table, rows, tookMs }) {
      metrics.rowsWritten.inc({ table }, rows);
      metrics.insertDuration.observe({ table }, tookMs / 1_000);
      tracing.done('insert', { tookMs, attributes: { table, rows } });
      noteInsert();
    },
    onRetry({ error, attempt, pauseMs }) {
      metrics.insertRetries.inc();
      if (phase.is !== 'away') phase = { is: 'away', sinceMs: nowMs() };
      logger.warn({ error: error.message, attempt, pauseMs }, 'the store did not take a batch; trying again');
    },
    onBadRow({ table, error }) {
      metrics.badRows.inc({ table });
      logger.error({ table, error: error.message }, 'the store refused a row for its content');
    },
  };
}
