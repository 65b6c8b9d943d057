/**
 * The tables that facts are written to, as types: the one truth of rows in TypeScript. A test compares the column lists
 * with the tables that deploy/clickhouse/*.sql makes.
 */
export const TABLE_COLUMNS = {
  calls: [
    'tenant',
    'call_id',
    'call_started_at',
    'protocol',
    'encoding',
    'rate_hz',
    'tap',
    'agent_version',
    'trace_id',
    'labels',
    'provider_ids',
  ],
  facts: [
    'tenant',
    'call_id',
    'call_started_at',
    'kind',
    'id',
    'status',
    'revision',
    'definition_version',
    'ts',
    'channel',
    'start_sample',
    'end_sample',
    'outcome',
    'reason',
    'text',
    'tap',
    'latency_samples',
    'level_dbfs',
    'probability',
    'loss_db',
    'amount',
    'ordinal',
    'metrics',
  ],
  frames: [
    'tenant',
    'call_id',
    'call_started_at',
    'channel',
    'id',
    'ts',
    'start_sample',
    'level_cdb',
    'speech_255',
    'flags',
  ],
  call_states: ['tenant', 'call_id', 'seq', 'state_version', 'ended', 'state', 'saved_at'],
} as const;

export type TableName = keyof typeof TABLE_COLUMNS;

type RowOf<Table extends TableName> = {
  readonly [Column in (typeof TABLE_COLUMNS)[Table][number]]?: unknown;
};

/** A row for one of the tables. Columns left out take the table's default. */
export type TableRow = {
  [Table in TableName]: { readonly table: Table; readonly row: RowOf<Table> };
}[TableName];
