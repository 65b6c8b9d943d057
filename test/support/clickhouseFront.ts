/**
 * A ClickHouse server for tests: the HTTP interface that @clickhouse/client speaks, in front of a real ClickHouse engine
 * (chdb), with faults on demand: what the network and the server do on bad days.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { Session } from 'chdb';

/** `lost reply`: the work is done, and the answer never arrives. */
export type Fault = 'none' | 'reset' | '503' | 'lost reply' | 'too many parts';

export interface ClickHouseFront {
  readonly url: string;
  /** Asked before each insert. */
  fault: () => Fault;
  readonly inserts: number;
  close(): Promise<void>;
}

export async function startClickHouseFront(dataDir: string): Promise<ClickHouseFront> {
  const session = new Session(dataDir);
  const front = { fault: (): Fault => 'none', inserts: 0 };
  const server = createServer((request, response) => {
    answer(session, front, request, response).catch((error: Error) => sendError(response, error.message));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return Object.assign(front, {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      session.close();
    },
  });
}

async function answer(
  session: Session,
  front: { fault: () => Fault; inserts: number },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://front');
  if (url.pathname === '/ping') return void response.end('Ok.\n');
  const body = request.headers['content-encoding'] === 'gzip' ? await gunzipped(request) : await text(request);
  const query = url.searchParams.get('query');
  const sql = query === null ? body : `${query}\n${body}`;
  const isInsert = /^\s*insert/i.test(sql);
  const fault = isInsert ? front.fault() : 'none';
  if (isInsert) front.inserts += 1;
  if (fault === 'reset') return void request.socket.destroy();
  if (fault === '503') return void response.writeHead(503).end('the server is going away');
  if (fault === 'too many parts')
    return sendError(response, 'Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)');
  const result = await session.queryBindAsync(withSettings(sql, url.searchParams), parametersOf(url.searchParams), {
    format: url.searchParams.get('default_format') ?? 'TabSeparated',
  });
  if (fault === 'lost reply') return void request.socket.destroy();
  response.writeHead(200, { 'content-type': 'text/plain', 'x-clickhouse-summary': '{}' });
  response.end(result.text());
}

async function gunzipped(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return gunzipSync(Buffer.concat(chunks)).toString('utf8');
}

const OWN_PARAMETERS = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'session_id',
  'role',
  'enable_http_compression',
  'compress',
]);

/** An insert's settings come as URL parameters; here they become the statement's own. */
function withSettings(sql: string, parameters: URLSearchParams): string {
  const insert = /^(\s*insert\s+into\s+\S+(?:\s*\([^)]*\))?)\s+(format\s+)/i;
  const settings = [...parameters].filter(([name]) => !OWN_PARAMETERS.has(name) && !name.startsWith('param_'));
  if (settings.length === 0 || !insert.test(sql)) return sql;
  const list = settings.map(([name, value]) => `${name} = '${value.replaceAll("'", "\\'")}'`).join(', ');
  return sql.replace(insert, `$1 SETTINGS ${list} $2`);
}

function parametersOf(parameters: URLSearchParams): Record<string, unknown> {
  return Object.fromEntries(
    [...parameters]
      .filter(([name]) => name.startsWith('param_'))
      .map(([name, value]) => [name.slice('param_'.length), value]),
  );
}

function sendError(response: ServerResponse, message: string): void {
  const code = /Code: (\d+)/.exec(message)?.[1] ?? '1000';
  response.writeHead(500, { 'x-clickhouse-exception-code': code, 'content-type': 'text/plain' });
  response.end(message);
}
