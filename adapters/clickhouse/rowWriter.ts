/**
 * The sink: gathers rows and writes them in batches, one insert a table. `append` resolves when its rows are durable.
 * Batches go out one after another, in the order of `append`; no row is ever dropped without its promise saying so.
 */
import type { TableName, TableRow } from '../../core/rows/tables.ts';
import { Busy } from '../../core/units/errors.ts';
import { createInserter, type Inserter, type InsertHooks, type RetryPauses, type RowLine } from './insertRows.ts';
import type { Store } from './openStore.ts';

/** ClickHouse refused a row for its content. It was told of by `onBadRow`; the rows beside it are written. */
export class RowRefused extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'RowRefused';
  }
}

export interface RowWriterOptions extends InsertHooks {
  /** A batch goes out when it has this many rows, or when its first row has waited for `waitMs`. */
  readonly rowsMax: number;
  readonly waitMs: number;
  /** Rows that wait or are being written; beyond either bound `append` throws Busy, having taken nothing. */
  readonly pendingRowsMax: number;
  readonly pendingBytesMax?: number;
  readonly retryPauses?: RetryPauses;
}

export interface RowWriter {
  /**
   * Resolves when the rows are durable. Rejects with RowRefused when ClickHouse refused one of them for its content (the
   * others are written), with another error when the writer was closed before they could be.
   */
  append(rows: readonly TableRow[]): Promise<void>;
  /** Writes at once what waits; resolves when all that was appended before is durable or refused. */
  flush(): Promise<void>;
  /** Takes no more, writes what waits, and after `drainMsMax` rejects what could not be written. */
  close(drainMsMax?: number): Promise<void>;
  /** Whether the store took what it was given last. */
  isHealthy(): boolean;
  readonly pendingRows: number;
  readonly pendingBytes: number;
  readonly lastInsertMs: number | null;
}

interface Line {
  readonly table: TableName;
  readonly json: RowLine;
}

/** The rows of one `append`. */
interface Part {
  readonly lines: readonly Line[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const PENDING_BYTES_MAX = 256 * 1_024 * 1_024;
const RETRY_PAUSES: RetryPauses = { firstMs: 100, maxMs: 5_000 };
const BUSY_RETRY_MS = 200;
const DRAIN_MS_MAX = 10_000;
/** Bounds the body of one insert, which chdb takes as one string. */
const INSERT_BYTES_MAX = 8 * 1_024 * 1_024;

export function createRowWriter(store: Store, options: RowWriterOptions): RowWriter {
  const { rowsMax, waitMs, pendingRowsMax, pendingBytesMax = PENDING_BYTES_MAX } = options;
  const givingUp = new AbortController();
  const inserter = createInserter(store, options.retryPauses ?? RETRY_PAUSES, givingUp.signal, options);
  const waiting: Part[] = [];
  const unsettled = new Set<Promise<void>>();
  let waitingRows = 0;
  let waitingSince = 0;
  let pendingRows = 0;
  let pendingBytes = 0;
  let timer: NodeJS.Timeout | null = null;
  let isWriting = false;
  /** So many parts at the head of the queue go out without waiting for company. */
  let urgentParts = 0;
  let isClosed = false;

  function schedule(): void {
    if (isWriting || waiting.length === 0) return;
    const dueMs = waitingSince + waitMs - performance.now();
    if (waitingRows >= rowsMax || urgentParts > 0 || isClosed || dueMs <= 0) startBatch();
    else timer ??= setTimeout(startBatch, dueMs);
  }

  function startBatch(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const batch = takeBatch();
    isWriting = true;
    void writeBatch(batch, inserter, rowsMax).finally(() => {
      for (const { lines, bytes } of batch) {
        pendingRows -= lines.length;
        pendingBytes -= bytes;
      }
      isWriting = false;
      schedule();
    });
  }

  /** Whole parts, up to about `rowsMax` rows. */
  function takeBatch(): Part[] {
    let count = 0;
    let rows = 0;
    while (count < waiting.length && rows < rowsMax) {
      rows += waiting[count].lines.length;
      count += 1;
    }
    waitingRows -= rows;
    urgentParts = Math.max(0, urgentParts - count);
    return waiting.splice(0, count);
  }

  /** An empty writer takes anything, or what is larger than the bound would wait for ever. */
  function checkRoom(rows: number, bytes: number): void {
    const hasRoom = pendingRows + rows <= pendingRowsMax && pendingBytes + bytes <= pendingBytesMax;
    if (hasRoom || pendingRows === 0) return;
    throw new Busy(`${pendingRows} rows of ${pendingBytes} bytes wait for the store`, BUSY_RETRY_MS);
  }

  async function flush(): Promise<void> {
    urgentParts = waiting.length;
    schedule();
    await Promise.allSettled([...unsettled]);
  }

  return {
    append(rows) {
      if (isClosed) throw new Error('append after close of the row writer');
      if (rows.length === 0) return Promise.resolve();
      // Asked first, too: whoever waits for room comes again and again, and making lines of its rows costs milliseconds.
      checkRoom(rows.length, 1);
      const lines = rows.map(({ table, row }) => ({ table, json: Buffer.from(JSON.stringify(row)) }));
      const bytes = lines.reduce((sum, { json }) => sum + json.byteLength, 0);
      checkRoom(rows.length, bytes);
      if (waiting.length === 0) waitingSince = performance.now();
      waitingRows += rows.length;
      pendingRows += rows.length;
      pendingBytes += bytes;
      const durable = new Promise<void>((resolve, reject) => waiting.push({ lines, bytes, resolve, reject }));
      unsettled.add(durable);
      const settled = () => unsettled.delete(durable);
      durable.then(settled, settled);
      schedule();
      return durable;
    },
    flush,
    async close(drainMsMax = DRAIN_MS_MAX) {
      isClosed = true;
      const giveUp = setTimeout(() => givingUp.abort(new Error('the store did not take the rows in time')), drainMsMax);
      await flush();
      clearTimeout(giveUp);
    },
    isHealthy: () => inserter.isHealthy,
    get pendingRows() {
      return pendingRows;
    },
    get pendingBytes() {
      return pendingBytes;
    },
    get lastInsertMs() {
      return inserter.lastInsertMs;
    },
  };
}

async function writeBatch(batch: readonly Part[], inserter: Inserter, rowsMax: number): Promise<void> {
  const bad = new Map<RowLine, Error>();
  try {
    for (const { table, lines } of insertsOf(batch, rowsMax)) {
      for (const [line, error] of await inserter.insert(table, lines)) bad.set(line, error);
    }
  } catch (error) {
    for (const { reject } of batch) reject(error as Error);
    return;
  }
  for (const { lines, resolve, reject } of batch) {
    const refused = lines.map(({ json }) => bad.get(json)).find((error) => error !== undefined);
    if (refused === undefined) resolve();
    else reject(new RowRefused(refused));
  }
}

/** One insert a table, cut where it would grow too large. */
function insertsOf(batch: readonly Part[], rowsMax: number): { table: TableName; lines: RowLine[] }[] {
  const inserts: { table: TableName; lines: RowLine[] }[] = [];
  const open = new Map<TableName, { lines: RowLine[]; bytes: number }>();
  for (const { table, json } of batch.flatMap(({ lines }) => lines)) {
    let insert = open.get(table);
    const isFull =
      insert !== undefined && (insert.lines.length >= rowsMax || insert.bytes + json.byteLength > INSERT_BYTES_MAX);
    if (insert === undefined || isFull) {
      insert = { lines: [], bytes: 0 };
      open.set(table, insert);
      inserts.push({ table, lines: insert.lines });
    }
    insert.lines.push(json);
    insert.bytes += json.byteLength;
  }
  return inserts;
}
