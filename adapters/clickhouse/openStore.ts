/**
 * Opens the store: ClickHouse embedded in this process (chdb, one data folder) or a ClickHouse server by URL. Both are
 * reached by the same client with the same SQL. chdb runs the queries of one connection one after another, so inserts,
 * reads that somebody waits for and those of joining have a connection each.
 */
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidInput } from '../../core/units/errors.ts';

interface ServerLocation {
  readonly kind: 'server';
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly requestTimeoutMs?: number;
  /** Name of the replicated cluster that it belongs to. */
  readonly cluster?: string;
}

export type StoreLocation = { readonly kind: 'embedded'; readonly dataDir: string } | ServerLocation;

export interface Store {
  /** For inserts and DDL. */
  readonly writing: ClickHouseClient;
  /** For queries. */
  readonly reading: ClickHouseClient;
  /** For queries that nobody waits for. */
  readonly joining: ClickHouseClient;
  /** Name of the cluster whose servers replicate the tables; empty: one server has them. */
  readonly cluster: string;
  /** Whether the store answers now. */
  ping(): Promise<boolean>;
  /** To be called when nothing is being asked any more: chdb must not be closed under a running query. */
  close(): Promise<void>;
}

interface Backend {
  connect(): ClickHouseClient;
  /** Resolves when nothing of the backend runs any more. */
  drain(): Promise<void>;
}

/** chdb is typed against its own copy of the client's common package; the interface is the same. */
type ClientConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

/** Longer than any insert takes; a request that is given up may still succeed, which its token makes harmless. */
const REQUEST_TIMEOUT_MS = 30_000;

/** `unasked`: a server that does not answer yet is no error. */
export async function openStore(location: StoreLocation, asked: 'asked' | 'unasked' = 'asked'): Promise<Store> {
  const backend = location.kind === 'embedded' ? await embedded(location.dataDir) : server(location);
  const writing = backend.connect();
  const reading = backend.connect();
  const joining = backend.connect();
  const store: Store = {
    writing,
    reading,
    joining,
    cluster: location.kind === 'server' ? (location.cluster ?? '') : '',
    ping: () =>
      ask(reading).then(
        () => true,
        () => false,
      ),
    async close() {
      await writing.close();
      await reading.close();
      await joining.close();
      await backend.drain();
    },
  };
  if (asked === 'unasked') return store;
  try {
    await ask(reading);
  } catch (error) {
    await store.close().catch(() => undefined);
    const expected = location.kind === 'server' ? `ClickHouse to answer at ${location.url}` : 'chdb to start';
    throw storeUnavailable(expected, error);
  }
  return store;
}

/** chdb is loaded only here: who uses a server needs no engine installed. */
async function embedded(dataDir: string): Promise<Backend> {
  const path = resolve(dataDir);
  await mkdir(path, { recursive: true });
  const { createChdbConnection } = await import('chdb/connection');
  const { drainPending } = await import('chdb');
  return {
    connect() {
      try {
        return createClient({ connection: createChdbConnection({ path }) as unknown as ClientConnection });
      } catch (error) {
        throw storeUnavailable(`the data folder ${path} to be free, and the only one of this process`, error);
      }
    },
    drain: drainPending,
  };
}

function server({ url, username, password, requestTimeoutMs = REQUEST_TIMEOUT_MS }: ServerLocation): Backend {
  return {
    connect: () =>
      createClient({
        url,
        username,
        password,
        request_timeout: requestTimeoutMs,
        compression: { request: false, response: true },
        // Every error is thrown, and told where it is caught.
        log: { level: ClickHouseLogLevel.OFF },
      }),
    drain: () => Promise.resolve(),
  };
}

async function ask(client: ClickHouseClient): Promise<void> {
  const result = await client.query({ query: 'SELECT 1 AS one', format: 'JSONEachRow' });
  await result.json();
}

const storeUnavailable = (expected: string, error: unknown): InvalidInput =>
  new InvalidInput('store_unavailable', { expected, got: error instanceof Error ? error.message : String(error) });
