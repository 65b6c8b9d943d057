/**
 * Puts rows into one table until they are durable. What fails for the store's sake is tried again, with growing pauses,
 * under the same token, so that an insert that succeeded unseen is not written twice. What fails for a row's sake is
 * halved until the bad row stands alone; it is reported, and the others are written.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { TableName } from '../../core/rows/tables.ts';
import type { Store } from './openStore.ts';

/** A row as the line of JSON that is sent. */
export type RowLine = Buffer;

export interface InsertHooks {
  readonly onInsert?: (insert: { table: TableName; rows: number; tookMs: number }) => void;
  readonly onRetry?: (retry: { error: Error; attempt: number; pauseMs: number }) => void;
  readonly onBadRow?: (bad: { table: TableName; row: unknown; error: Error }) => void;
}

export interface RetryPauses {
  readonly firstMs: number;
  readonly maxMs: number;
}

export interface Inserter {
  /** Resolves with the rows that ClickHouse refused for their content; rejects only once `signal` has been aborted. */
  insert(table: TableName, lines: readonly RowLine[]): Promise<Map<RowLine, Error>>;
  /** Whether the last attempt was taken or refused for a row's sake. */
  readonly isHealthy: boolean;
  readonly lastInsertMs: number | null;
}

/** After so many bad rows in a row it is no row's fault but, say, a table of another version: then hold on to them. */
const BAD_ROWS_RUNNING_MAX = 100;

/** Error types by which ClickHouse speaks of the data itself: no retry helps. */
const DATA_ERRORS = new Set([
  'CANNOT_PARSE_TEXT',
  'CANNOT_PARSE_ESCAPE_SEQUENCE',
  'CANNOT_PARSE_QUOTED_STRING',
  'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  'CANNOT_PARSE_DATE',
  'CANNOT_PARSE_DATETIME',
  'CANNOT_PARSE_NUMBER',
  'CANNOT_READ_ARRAY_FROM_TEXT',
  'CANNOT_READ_MAP_FROM_TEXT',
  'CANNOT_READ_ALL_DATA',
  'CANNOT_CONVERT_TYPE',
  'CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN',
  'ARGUMENT_OUT_OF_BOUND',
  'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  'TOO_LARGE_STRING_SIZE',
  'TYPE_MISMATCH',
  'INCORRECT_DATA',
]);

/** They stand in the statement: set beside it they would stay with chdb's session, and a token would swallow later inserts. */
const SETTINGS = {
  async_insert: 0,
  date_time_input_format: "'best_effort'",
  // A column that the table lacks, or a NULL where none may be, is an error and not a silent default.
  input_format_skip_unknown_fields: 0,
  input_format_null_as_default: 0,
  // Recordings of more than a hundred days in one batch are no mistake.
  max_partitions_per_insert_block: 0,
  // A server's own default may be otherwise, and a retry would then be counted twice by what a view gathers.
  deduplicate_blocks_in_dependent_materialized_views: 1,
} as const;

/** Durable on one server of a cluster is not durable: most of them have to have it. */
const CLUSTER_SETTINGS = { insert_quorum: "'auto'" } as const;

type Settings = Readonly<Record<string, string | number>>;

export function createInserter(
  { writing, cluster }: Store,
  pauses: RetryPauses,
  signal: AbortSignal,
  hooks: InsertHooks,
): Inserter {
  // Only retries of one batch may share a token: the same rows written anew, after an erasure say, are no repeat.
  const salt = randomUUID();
  const settings = { ...SETTINGS, ...(cluster === '' ? {} : CLUSTER_SETTINGS) };
  let badRun = 0;
  let isHealthy = true;
  let lastInsertMs: number | null = null;

  const isRowsFault = (error: unknown): boolean =>
    DATA_ERRORS.has((error as { type?: string }).type ?? '') && badRun < BAD_ROWS_RUNNING_MAX;

  async function insertUntilTaken(table: TableName, lines: readonly RowLine[]): Promise<void> {
    const body = bodyOf(lines);
    const token = createHash('sha256').update(salt).update(table).update(body).digest('hex');
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      const startedAt = performance.now();
      try {
        await insertOnce(writing, table, body, { ...settings, insert_deduplication_token: `'${token}'` }, signal);
        isHealthy = true;
        lastInsertMs = performance.now() - startedAt;
        hooks.onInsert?.({ table, rows: lines.length, tookMs: lastInsertMs });
        return;
      } catch (error) {
        if (isRowsFault(error)) throw error;
        signal.throwIfAborted();
        isHealthy = false;
        const pauseMs = pauseOf(attempt, pauses);
        hooks.onRetry?.({ error: error as Error, attempt, pauseMs });
        // Cut short by the signal, which the next round throws.
        await pause(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async function insertGood(table: TableName, lines: readonly RowLine[], bad: Map<RowLine, Error>): Promise<void> {
    try {
      await insertUntilTaken(table, lines);
      badRun = 0;
    } catch (error) {
      if (!isRowsFault(error)) throw error;
      if (lines.length === 1) {
        badRun += 1;
        bad.set(lines[0], error as Error);
        hooks.onBadRow?.({ table, row: JSON.parse(lines[0].toString('utf8')), error: error as Error });
        return;
      }
      const middle = lines.length >> 1;
      await insertGood(table, lines.slice(0, middle), bad);
      await insertGood(table, lines.slice(middle), bad);
    }
  }

  return {
    async insert(table, lines) {
      const bad = new Map<RowLine, Error>();
      await insertGood(table, lines, bad);
      return bad;
    },
    get isHealthy() {
      return isHealthy;
    },
    get lastInsertMs() {
      return lastInsertMs;
    },
  };
}

async function insertOnce(
  client: ClickHouseClient,
  table: TableName,
  body: Buffer,
  settings: Settings,
  abort_signal: AbortSignal,
): Promise<void> {
  // Not client.insert: the rows are JSON already, by which they were counted and by which the token is made.
  const stated = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const { stream } = await client.exec({
    query: `INSERT INTO earshot.${table} SETTINGS ${stated.join(', ')} FORMAT JSONEachRow`,
    values: Readable.from([body], { objectMode: false }),
    abort_signal,
  });
  // Empty, but read to its end so that the socket is free again.
  for await (const chunk of stream) void chunk;
}

const NEW_LINE = Buffer.from('\n');

const bodyOf = (lines: readonly RowLine[]): Buffer => Buffer.concat(lines.flatMap((line) => [line, NEW_LINE]));

/** Doubled each time up to a bound; the lower half is left to chance, so that many writers do not come back at once. */
const pauseOf = (attempt: number, { firstMs, maxMs }: RetryPauses): number =>
  Math.min(maxMs, firstMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
