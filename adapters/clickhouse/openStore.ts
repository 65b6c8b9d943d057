/**
 * Opens the store: ClickHouse embedded in this process (chdb, one data folder) or a ClickHouse server by URL. Both are
 * reached by the same client with the same SQL. chdb runs the queries of one connection one after another, so inserts
 * and reads have a connection each.
 */
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidInput } from '../../core/units/errors.ts';

export type StoreLocation =
  | { readonly kind: 'embedded'; readonly dataDir: string }
  | { readonly kind: 'server'; readonly url: string; readonly username?: string; readonly password?: string };

export interface Store {
  /** For inserts and DDL. */
  readonly writing: ClickHouseClient;
  /** For queries. */
  readonly reading: ClickHouseClient;
  /** Whether the store answers now. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

/** chdb is typed against its own copy of the client's common package; the interface is the same. */
type ClientConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

/** Longer than any insert takes, shorter than what a caller would wait for. */
const REQUEST_TIMEOUT_MS = 30_000;

export async function openStore(location: StoreLocation): Promise<Store> {
  const makeClient = location.kind === 'embedded' ? await embedded(location.dataDir) : server(location);
  const writing = makeClient();
  const reading = makeClient();
  const store: Store = {
    writing,
    reading,
    ping: () => answers(reading),
    async close() {
      await writing.close();
      await reading.close();
    },
  };
  await refuseIfAway(store, location);
  return store;
}

async function embedded(dataDir: string): Promise<() => ClickHouseClient> {
  const path = resolve(dataDir);
  await mkdir(path, { recursive: true });
  return () => {
    try {
      return createClient({ connection: createChdbConnection({ path }) as unknown as ClientConnection });
    } catch (error) {
      throw storeUnavailable(`the data folder ${path} free for this process`, error);
    }
  };
}

function server({ url, username, password }: Extract<StoreLocation, { kind: 'server' }>): () => ClickHouseClient {
  return () =>
    createClient({
      url,
      username,
      password,
      request_timeout: REQUEST_TIMEOUT_MS,
      compression: { request: false, response: true },
      // Errors are told by whoever asked; the client's own log would put rows into it.
      log: { level: ClickHouseLogLevel.OFF },
    });
}

async function answers(client: ClickHouseClient): Promise<boolean> {
  try {
    const result = await client.query({ query: 'SELECT 1 AS one', format: 'JSONEachRow' });
    return (await result.json()).length === 1;
  } catch {
    return false;
  }
}

async function refuseIfAway(store: Store, location: StoreLocation): Promise<void> {
  try {
    await (await store.reading.query({ query: 'SELECT 1 AS one', format: 'JSONEachRow' })).json();
  } catch (error) {
    await store.close().catch(() => undefined);
    throw storeUnavailable(
      location.kind === 'server' ? `ClickHouse to answer at ${location.url}` : 'chdb to start',
      error,
    );
  }
}

const storeUnavailable = (expected: string, error: unknown): InvalidInput =>
  new InvalidInput('store_unavailable', { expected, got: error instanceof Error ? error.message : String(error) });
