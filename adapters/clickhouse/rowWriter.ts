/**
 * The sink: gathers rows and writes them in batches, one insert a table. `append` resolves when its rows are durable.
 * A batch that fails for the store's sake is tried again, with growing pauses, for as long as the writer is open; a batch
 * that fails for a row's sake is halved until the bad row stands alone, is reported, and holds nothing else up.
 */
import { createHash } from 'node:crypto';
import type { TableName, TableRow } from '../../core/rows/tables.ts';
import { Busy } from '../../core/units/errors.ts';
import type { Store } from './openStore.ts';

export interface RowWriterOptions {
  /** A batch goes out when it has this many rows, or when its first row has waited this long. */
  readonly rowsMax: number;
  readonly waitMs: number;
  /** Rows that wait or are being written may take this much; beyond it `append` throws Busy. */
  readonly pendingRowsMax: number;
  /** Ceiling of the pauses between attempts. */
  readonly pauseMsMax?: number;
  readonly onInsert?: (insert: { table: TableName; rows: number; tookMs: number }) => void;
  readonly onRetry?: (retry: { error: Error; attempt: number; pauseMs: number }) => void;
  readonly onBadRow?: (bad: { table: TableName; row: object; error: Error }) => void;
}

export interface RowWriter {
  append(rows: readonly TableRow[]): Promise<void>;
  readonly pendingRows: number;
  /** Whether the last attempt to write succeeded. */
  isHealthy(): boolean;
  /** Writes what waits, then takes no more. Rejects what could not be written within `drainMsMax`. */
  close(drainMsMax?: number): Promise<void>;
}

interface Waiting {
  readonly rows: readonly TableRow[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const PAUSE_MS_FIRST = 100;
const PAUSE_MS_MAX = 5_000;
const BUSY_RETRY_MS = 200;
/** ClickHouse error codes that speak of the data itself: no retry helps (see ErrorCodes.cpp of ClickHouse). */
const DATA_ERRORS = new Set(['6', '26', '27', '38', '41', '53', '69', '70', '72', '117', '130', '131', '349', '441']);

export function createRowWriter(store: Store, options: RowWriterOptions): RowWriter {
  let waiting: Waiting[] = [];
  let waitingRows = 0;
  let pendingRows = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  let isWriting = false;
  let healthy = true;
  let closing = false;
  let gaveUp = false;

  function schedule(): void {
    if (isWriting || waiting.length === 0) return;
    if (waitingRows >= options.rowsMax || closing) start();
    else timer ??= setTimeout(start, options.waitMs);
  }

  function start(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (isWriting) return;
    const batch = waiting;
    waiting = [];
    waitingRows = 0;
    isWriting = true;
    writing = writeBatch(batch).finally(() => {
      isWriting = false;
      schedule();
    });
  }

  async function writeBatch(batch: readonly Waiting[]): Promise<void> {
    const bad = new Map<TableRow, Error>();
    const rows = batch.flatMap((part) => part.rows);
    try {
      for (const [table, tableRows] of byTable(rows)) await writeRows(table, tableRows, bad);
    } catch (error) {
      for (const { reject } of batch) reject(error as Error);
      return;
    } finally {
      pendingRows -= rows.length;
    }
    for (const part of batch) {
      const failure = part.rows.map((row) => bad.get(row)).find((error) => error !== undefined);
      if (failure === undefined) part.resolve();
      else part.reject(failure);
    }
  }

  async function writeRows(table: TableName, rows: readonly TableRow[], bad: Map<TableRow, Error>): Promise<void> {
    try {
      await insertUntilDurable(table, rows);
    } catch (error) {
      if (!isDataError(error)) throw error;
      if (rows.length === 1) {
        bad.set(rows[0], error as Error);
        options.onBadRow?.({ table, row: rows[0].row, error: error as Error });
        return;
      }
      const middle = rows.length >> 1;
      await writeRows(table, rows.slice(0, middle), bad);
      await writeRows(table, rows.slice(middle), bad);
    }
  }

  async function insertUntilDurable(table: TableName, rows: readonly TableRow[]): Promise<void> {
    const values = rows.map(({ row }) => row);
    const token = tokenOf(table, values);
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      try {
        await store.writing.insert({
          table: `earshot.${table}`,
          values,
          format: 'JSONEachRow',
          clickhouse_settings: {
            async_insert: 0,
            insert_deduplication_token: token,
            date_time_input_format: 'best_effort',
          },
        });
        healthy = true;
        options.onInsert?.({ table, rows: rows.length, tookMs: performance.now() - startedAt });
        return;
      } catch (error) {
        if (isDataError(error) || gaveUp) throw error;
        healthy = false;
        const ceilingMs = Math.min(options.pauseMsMax ?? PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** (attempt - 1));
        const pauseMs = ceilingMs * (0.5 + Math.random() / 2);
        options.onRetry?.({ error: error as Error, attempt, pauseMs });
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  return {
    append(rows) {
      if (rows.length === 0) return Promise.resolve();
      if (closing) return Promise.reject(new Error('the row writer is closed'));
      if (pendingRows + rows.length > options.pendingRowsMax && pendingRows > 0) {
        throw new Busy(`${pendingRows} rows wait for the store`, BUSY_RETRY_MS);
      }
      pendingRows += rows.length;
      waitingRows += rows.length;
      return new Promise((resolve, reject) => {
        waiting.push({ rows, resolve, reject });
        schedule();
      });
    },
    get pendingRows() {
      return pendingRows;
    },
    isHealthy: () => healthy,
    async close(drainMsMax = 10_000) {
      closing = true;
      const giveUp = setTimeout(() => (gaveUp = true), drainMsMax);
      while (waiting.length > 0 || isWriting) {
        schedule();
        if (!isWriting) start();
        await writing;
      }
      clearTimeout(giveUp);
    },
  };
}

function byTable(rows: readonly TableRow[]): Map<TableName, TableRow[]> {
  const tables = new Map<TableName, TableRow[]>();
  for (const row of rows) {
    const known = tables.get(row.table);
    if (known === undefined) tables.set(row.table, [row]);
    else known.push(row);
  }
  return tables;
}

/** Made of the rows themselves, so that the same token can never stand for other rows. */
function tokenOf(table: TableName, values: readonly object[]): string {
  const hash = createHash('sha256').update(table);
  for (const value of values) hash.update(JSON.stringify(value));
  return hash.digest('hex');
}

const isDataError = (error: unknown): boolean => DATA_ERRORS.has((error as { code?: string }).code ?? '');
