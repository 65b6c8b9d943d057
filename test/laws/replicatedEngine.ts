/**
 * A process of its own in which the embedded engine makes replicated tables, with a Keeper in memory: it cannot be closed with them,
 * only be killed. Tells its parent how it reads each statement, and what it made.
 */
import { Session } from 'chdb';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface EngineReport {
  /** Each statement as the engine read it. */
  readonly read: readonly string[];
  readonly tables: readonly { readonly name: string; readonly engine: string; readonly engine_full: string }[];
  readonly replicas: readonly { readonly table: string; readonly zookeeper_path: string }[];
}

const CONFIG = `<clickhouse>
  <macros><shard>01</shard><replica>first</replica></macros>
  <zookeeper><implementation>testkeeper</implementation></zookeeper>
</clickhouse>`;

function reportOn(folder: string, statements: readonly string[], cluster: string): EngineReport {
  const configFile = join(folder, 'config.xml');
  writeFileSync(configFile, CONFIG);
  const session = new Session(join(folder, 'data'), { connectionArgs: [`--config-file=${configFile}`] });
  const rowsOf = <Row>(text: string): Row[] => JSON.parse(`[${text.trim().replaceAll('\n', ',')}]`) as Row[];
  const read = statements.map((statement) => {
    const query = 'SELECT formatQuerySingleLine({statement:String}) AS read';
    return rowsOf<{ read: string }>(session.queryBind(query, { statement }, 'JSONEachRow'))[0].read;
  });
  const making = statements.filter((statement) => /^CREATE (DATABASE|TABLE|MATERIALIZED)/.test(statement));
  for (const statement of making) session.query(statement.replace(` ON CLUSTER '${cluster}'`, ''));
  const tables = `SELECT name, engine, engine_full FROM system.tables WHERE database = 'earshot' AND engine LIKE '%MergeTree'`;
  const replicas = 'SELECT table, zookeeper_path FROM system.replicas';
  return {
    read,
    tables: rowsOf(session.query(tables, 'JSONEachRow')),
    replicas: rowsOf(session.query(replicas, 'JSONEachRow')),
  };
}

process.once(
  'message',
  ({ folder, statements, cluster }: { folder: string; statements: string[]; cluster: string }) => {
    process.send?.(reportOn(folder, statements, cluster));
  },
);
