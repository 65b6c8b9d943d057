/**
 * The same SQL files for a replicated cluster: each statement says ON CLUSTER, and each table that holds rows becomes a replicated
 * one. A statement of a kind that is not known here is refused, so that no file can bring one that only half a cluster gets.
 */
import { InvalidInput } from '../../core/units/errors.ts';

/** A retry may come after a long outage; the number of remembered inserts bounds them whatever the time. */
const WINDOW_SECONDS = 86_400;

const CLUSTER_NAME = /^[A-Za-z_][\w-]{0,99}$/;
const ALREADY = /\bON\s+CLUSTER\b/i;
/** What comes before the place of ON CLUSTER, by kind of statement. */
const HEADS = {
  database: /^CREATE\s+DATABASE\s+IF\s+NOT\s+EXISTS\s+\w+/i,
  table: /^CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+(\w+)\.(\w+)/i,
  view: /^CREATE\s+OR\s+REPLACE\s+VIEW\s+\w+\.\w+/i,
  materializedView: /^CREATE\s+MATERIALIZED\s+VIEW\s+IF\s+NOT\s+EXISTS\s+\w+\.\w+(?=\s+TO\s)/i,
  alter: /^ALTER\s+TABLE\s+\w+\.\w+/i,
} as const;
const ENGINE = /\bENGINE\s*=\s*((?:\w*)MergeTree)\b(?:\(([^()]*)\))?/;
const WINDOW = /\bnon_replicated_deduplication_window\s*=\s*(\d+)/g;

export function onCluster(statement: string, cluster: string): string {
  if (!CLUSTER_NAME.test(cluster)) throw refused('a name of a cluster: letters, digits, _ and -', cluster);
  if (ALREADY.test(statement)) throw refused('a statement for one server', statement);
  for (const head of Object.values(HEADS)) {
    const found = head.exec(statement);
    if (found === null) continue;
    const [start, database, table] = found;
    const rest = statement.slice(start.length);
    const body = head === HEADS.table ? replicated(rest, `${database}/${table}`) : windowed(rest);
    return `${start} ON CLUSTER '${cluster}'${body}`;
  }
  throw refused(`one of ${Object.keys(HEADS).join(', ')}, as deploy/clickhouse has them`, statement);
}

/** The path is spelt out and not made of the table's UUID, so that a replica that is added later finds it by the same statement. */
function replicated(body: string, path: string): string {
  const found = ENGINE.exec(body);
  if (found === null) throw refused(`an engine of the MergeTree family for ${path}`, body.slice(-200));
  const [whole, engine, given = ''] = found;
  const places = [
    `'/clickhouse/tables/{shard}/${path}'`,
    "'{replica}'",
    ...(given.trim() === '' ? [] : [given.trim()]),
  ];
  return windowed(body.replace(whole, `ENGINE = Replicated${engine}(${places.join(', ')})`));
}

const windowed = (body: string): string =>
  body.replace(
    WINDOW,
    (_, inserts: string) =>
      `replicated_deduplication_window = ${inserts}, replicated_deduplication_window_seconds = ${WINDOW_SECONDS}`,
  );

const refused = (expected: string, got: string): InvalidInput =>
  new InvalidInput('config_invalid', { expected, got: got.slice(0, 200) });
