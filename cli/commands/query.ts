/** `earshot query SQL`: asks the store; for the embedded one, while no service holds its folder. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { readConfig } from '../../services/config.ts';
import { renderTable } from '../terminal/table.ts';

export const QUERY_HELP = `earshot query 'SELECT ...' | --file QUERY.sql  [--json]
  Runs a query on the store and prints the answer. Start with the views: SELECT * FROM earshot.v_calls`;

export async function queryCommand(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { file: { type: 'string' }, json: { type: 'boolean' } },
  });
  const query = values.file === undefined ? positionals.join(' ') : await readFile(values.file, 'utf8');
  if (query.trim() === '') throw new InvalidInput('request_invalid', { expected: QUERY_HELP, got: 'no query' });
  const store = await openStore(readConfig().store);
  try {
    if (values.json === true) console.log(JSON.stringify(await rowsOf(store, query), null, 2));
    else await printQuery(store, query);
  } finally {
    await store.close();
  }
}

export async function printQuery(store: Store, query: string): Promise<void> {
  const rows = await rowsOf(store, query);
  const columns = Object.keys(rows[0] ?? {});
  console.log(
    rows.length === 0
      ? '(no rows)'
      : renderTable(
          columns,
          rows.map((row) => columns.map((name) => row[name])),
        ),
  );
}

async function rowsOf(store: Store, query: string): Promise<Record<string, unknown>[]> {
  const result = await store.reading.query({ query: query.replace(/;\s*$/, ''), format: 'JSONEachRow' });
  return result.json<Record<string, unknown>>();
}
