/**
 * The tables that facts are written to: the one truth of rows in TypeScript. Row types are derived from the column types
 * below, and a test compares these with the tables that deploy/clickhouse/*.sql makes.
 */
import { CALL_COLUMNS } from './callColumns.ts';
import type { ColumnType, TypeOf } from './columnType.ts';
import { FACT_COLUMNS } from './factColumns.ts';
import {
  CALL_EVENT_COLUMNS,
  CALL_REQUEST_COLUMNS,
  CALL_SCORE_COLUMNS,
  REPORTED_EVENT_COLUMNS,
  REPORTED_SCORE_COLUMNS,
} from './reportColumns.ts';
import { SPAN_COLUMNS } from './spanColumns.ts';

export const TABLES = {
  calls: CALL_COLUMNS,
  facts: FACT_COLUMNS,
  frames: {
    tenant: 'LowCardinality(String)',
    call_id: 'String',
    call_started_at: "DateTime64(3, 'UTC')",
    channel: 'LowCardinality(String)',
    id: 'FixedString(32)',
    definition_version: 'UInt16',
    ts: "DateTime64(3, 'UTC')",
    start_sample: 'Int64',
    level_cdb: 'Array(Int16)',
    speech_255: 'Array(UInt8)',
    f0_dhz: 'Array(UInt16)',
    voicing_255: 'Array(UInt8)',
    flags: 'Array(UInt8)',
  },
  call_states: {
    tenant: 'LowCardinality(String)',
    call_id: 'String',
    seq: 'Int64',
    taken: 'Int64',
    state_version: 'UInt32',
    ended: 'Bool',
    opened: 'String',
    state: 'String',
  },
  reported_events: REPORTED_EVENT_COLUMNS,
  reported_scores: REPORTED_SCORE_COLUMNS,
  call_events: CALL_EVENT_COLUMNS,
  call_requests: CALL_REQUEST_COLUMNS,
  call_scores: CALL_SCORE_COLUMNS,
  otel_traces: SPAN_COLUMNS,
} as const satisfies Record<string, Record<string, ColumnType>>;

/**
 * Filled in by ClickHouse in every table of our own: retention counts from it. The columns of otel_traces are the Collector's,
 * whose retention counts from the span's time.
 */
export const STORED_AT = 'stored_at';

export type TableName = keyof typeof TABLES;

export type RowOf<Table extends TableName> = RowWith<(typeof TABLES)[Table]>;

type RowWith<Columns extends Readonly<Record<string, ColumnType>>> = {
  readonly [Column in keyof Columns]: TypeOf<Columns[Column]>;
};

/** A row for one of the tables. */
export type TableRow = {
  [Table in TableName]: { readonly table: Table; readonly row: RowOf<Table> };
}[TableName];
