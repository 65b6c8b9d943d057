/**
 * A ClickHouse server for tests: HTTP in front of an embedded engine, as much of it as the real client needs, with faults
 * on demand. It stands where a network and a server would, so that what the client does about them can be seen.
 */
import { Session } from 'chdb';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { freePort } from './freePort.ts';

/**
 * `before`: nothing was done; `after`: it was done, but the client never hears of it. `outage`: nobody listens for a while.
 * `partial_body`: the connection breaks while the rows come in; `partial_answer`: while the answer goes out.
 */
export const FAULTS = [
  'outage',
  'reset_before',
  'partial_body',
  'status_503',
  'too_many_parts',
  'hang_before',
  'reset_after',
  'hang_after',
  'partial_answer',
  'slow',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface ClickhouseFrontOptions {
  readonly dataDir: string;
  /** Asked for each statement; a fault is injected where one is named. */
  readonly faultOf?: (statement: string) => Fault | null;
  readonly slowMs?: number;
  /** How long an outage lasts. */
  readonly outageMs?: number;
  /** What the engine is started with. */
  readonly engineArgs?: readonly string[];
}

export interface ClickhouseFront {
  readonly url: string;
  /** How often each fault was injected. */
  readonly injected: ReadonlyMap<Fault, number>;
  /** Takes the server away: connections break, and new ones are refused until it is back at the same address. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

const TOO_MANY_PARTS =
  'Code: 252. DB::Exception: Too many parts (3000). Merges are slower than inserts. (TOO_MANY_PARTS)';

/** URL parameters that are the interface's own, not settings of the engine. */
const NOT_SETTINGS = new Set([
  'query',
  'query_id',
  'database',
  'session_id',
  'role',
  'default_format',
  'wait_end_of_query',
  'enable_http_compression',
  'send_progress_in_http_headers',
]);

export async function openClickhouseFront(options: ClickhouseFrontOptions): Promise<ClickhouseFront> {
  const session = new Session(options.dataDir, { connectionArgs: [...(options.engineArgs ?? [])] });
  const injected = new Map<Fault, number>();
  const run = statementRunner(session);
  const running = new Set<Promise<void>>();

  function faultOf(statement: string): Fault | null {
    const fault = options.faultOf?.(statement) ?? null;
    if (fault !== null) injected.set(fault, (injected.get(fault) ?? 0) + 1);
    return fault;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // An insert's statement comes before its rows, so that the connection can break while they come.
    const early = new URL(request.url ?? '/', 'http://front').searchParams.get('query');
    const earlyFault = early === null ? null : faultOf(early);
    if (earlyFault === 'partial_body') {
      await once(request, 'data');
      return void request.socket.destroy();
    }
    const { statement, params, encoding } = await readRequest(request);
    const fault = early === null ? faultOf(statement) : earlyFault;
    if (fault === 'outage') return outage();
    if (fault === 'reset_before') return void request.socket.destroy();
    if (fault === 'hang_before') return;
    if (fault === 'status_503') return void response.writeHead(503).end('Service Unavailable');
    if (fault === 'too_many_parts') return send(response, { error: TOO_MANY_PARTS });
    if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, options.slowMs ?? 50));
    const result = await run(statement, params);
    if (fault === 'reset_after') return void request.socket.destroy();
    if (fault === 'hang_after') return;
    if (fault === 'partial_answer') {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('half', () => request.socket.destroy());
      return;
    }
    send(response, result, encoding);
  }

  async function outage(): Promise<void> {
    await leave();
    await new Promise((resolve) => setTimeout(resolve, options.outageMs ?? 30));
    await comeBack();
  }

  const server = createServer((request, response) => {
    const answered = answer(request, response).catch((error: Error) => void response.writeHead(500).end(error.message));
    running.add(answered);
    void answered.finally(() => running.delete(answered));
  });
  const port = await freePort();
  const comeBack = (): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const leave = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await comeBack();
  return {
    url: `http://127.0.0.1:${port}`,
    injected,
    leave,
    comeBack,
    async close() {
      await Promise.all(running);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      session.close();
    },
  };
}

interface Request {
  readonly statement: string;
  readonly params: URLSearchParams;
  readonly encoding: 'gzip' | 'identity';
}

async function readRequest(request: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
  const { searchParams: params, pathname } = new URL(request.url ?? '/', 'http://front');
  const query = pathname === '/ping' ? 'SELECT 1' : params.get('query');
  const acceptsGzip =
    params.get('enable_http_compression') === '1' && (request.headers['accept-encoding'] ?? '').includes('gzip');
  const statement = [query, body.toString('utf8')].filter(Boolean).join('\n');
  return { statement, params, encoding: acceptsGzip ? 'gzip' : 'identity' };
}

type Result = { readonly body: Buffer } | { readonly error: string };

/** HTTP requests share no state, a chdb session does: what a request sets is set back by the next. */
function statementRunner(session: Session): (statement: string, params: URLSearchParams) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  let leftover: string[] = [];

  async function run(statement: string, params: URLSearchParams): Promise<Result> {
    const settings = [...params].filter(([name]) => !NOT_SETTINGS.has(name));
    const resets = leftover.map((name) => `SET ${name} = DEFAULT;`);
    leftover = settings.map(([name]) => name).filter((name) => !name.startsWith('param_'));
    const sets = settings.map(([name, value]) => `SET ${name} = ${quoted(value)};`);
    try {
      const format = params.get('default_format') ?? 'TabSeparated';
      const result = await session.queryAsync([...resets, ...sets, statement].join(' '), { format });
      return { body: Buffer.from(result.bytes()) };
    } catch (error) {
      return { error: (error as Error).message };
    }
  }

  return (statement, params) => {
    const result = last.then(() => run(statement, params));
    last = result;
    return result;
  };
}

const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function send(response: ServerResponse, result: Result, encoding: Request['encoding'] = 'identity'): void {
  if ('error' in result) {
    const code = /Code: (\d+)/.exec(result.error)?.[1] ?? '1000';
    response.writeHead(code === '516' ? 403 : 500, { 'X-ClickHouse-Exception-Code': code }).end(result.error);
    return;
  }
  response.setHeader('X-ClickHouse-Summary', '{}');
  if (encoding === 'gzip') response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(result.body));
  else response.writeHead(200).end(result.body);
}
