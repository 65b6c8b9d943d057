/**
 * The ingest side on a real server and real sockets, with a clock that the test moves and a consumer that commits when
 * the test lets it.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import fastify from 'fastify';
import { WebSocket } from 'ws';
import type { Bus, LogEntry, TakenEntry } from '../../adapters/bus/bus.ts';
import { createMemoryBus } from '../../adapters/bus/memoryBus.ts';
import type { Ingest } from '../../services/ingest/ingest.ts';
import { INGEST_LIMITS, type IngestLimits } from '../../services/ingest/limits.ts';
import { registerIngest } from '../../services/ingest/routes.ts';

export interface IngestServerOptions {
  readonly limits?: Partial<IngestLimits>;
  readonly busBytesMax?: number;
  readonly analysisDelayMs?: () => number;
}

export interface IngestServer {
  readonly url: string;
  readonly ingest: Ingest;
  readonly bus: Bus & { readonly pendingBytes: number };
  readonly limits: IngestLimits;
  /** Everything that reached the consumer. */
  readonly entries: LogEntry[];
  readonly errors: string[];
  readonly bugs: Error[];
  /** What the directory says of calls that it is asked about; an Error when it does not answer. */
  durable: { seq: number; ended: boolean } | Error | null;
  /** Moves the clock and lets the ingest side look at it. */
  pass(ms: number): void;
  /** From now on nothing is committed; returns the function that commits all and goes on as before. */
  holdCommits(): () => void;
  readonly messagesHeard: number;
  /** Bytes that came from all clients so far, pongs included. */
  readonly bytesHeard: number;
  audioOf(callId: string): LogEntry[];
  /** The reason and code of the call's end, null while it runs. */
  endOf(callId: string): { reason: string; errorCode: string; errorText: string; own: boolean; seq: number } | null;
  close(): Promise<void>;
}

export async function startIngestServer(options: IngestServerOptions = {}): Promise<IngestServer> {
  const limits = { ...INGEST_LIMITS, callsMax: 50, ...options.limits };
  const bus = createMemoryBus({ bytesMax: options.busBytesMax ?? 1e9 });
  const app = fastify();
  const entries: TakenEntry[] = [];
  let held: TakenEntry[] | null = null;
  let nowMs = Date.now();
  let messagesHeard = 0;
  let tick = (): void => undefined;
  const commit = ({ tenant, callId, position }: TakenEntry): void => bus.commit(tenant, callId, position);
  bus.consume({
    take(entry) {
      entries.push(entry);
      if (held !== null) held.push(entry);
      else setImmediate(commit, entry);
    },
  });
  const state: Pick<IngestServer, 'durable' | 'errors' | 'bugs'> = { durable: null, errors: [], bugs: [] };
  const ingest = registerIngest(app, {
    bus,
    directory: {
      lastDurable: () =>
        state.durable instanceof Error ? Promise.reject(state.durable) : Promise.resolve(state.durable),
    },
    limits,
    nowMs: () => nowMs,
    analysisDelayMs: options.analysisDelayMs,
    hooks: {
      onMessage: () => (messagesHeard += 1),
      onError: (code) => state.errors.push(code),
      onBug: (error) => state.bugs.push(error),
    },
    every: (_ms, callback) => {
      tick = callback;
      return () => (tick = () => undefined);
    },
  });
  const connections = new Set<Socket>();
  app.server.on('connection', (connection) => connections.add(connection));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  return {
    get durable() {
      return state.durable;
    },
    set durable(durable) {
      state.durable = durable;
    },
    errors: state.errors,
    bugs: state.bugs,
    url: `ws://127.0.0.1:${port}/v1/stream`,
    ingest,
    bus,
    limits,
    entries,
    get messagesHeard() {
      return messagesHeard;
    },
    get bytesHeard() {
      return [...connections].reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    },
    pass(ms: number) {
      nowMs += ms;
      tick();
    },
    holdCommits() {
      held = [];
      return () => {
        for (const entry of held ?? []) commit(entry);
        held = null;
      };
    },
    audioOf: (callId: string) => entries.filter((entry) => entry.callId === callId && entry.message.type === 'audio'),
    endOf(callId: string) {
      for (const entry of entries) {
        if (entry.callId !== callId || entry.message.type !== 'close') continue;
        const { reason, errorCode, errorText } = entry.message;
        return { reason, errorCode, errorText, own: entry.own, seq: entry.seq };
      }
      return null;
    },
    async close() {
      ingest.close();
      await app.close();
      await bus.close();
    },
  };
}

const UNTIL_MS_MAX = 10_000;

/** Looks again at every turn of the event loop, so it takes as long as the event does and no longer. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!condition()) {
    if (performance.now() - startedAt > UNTIL_MS_MAX) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface Received {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface RawSocket {
  readonly socket: WebSocket;
  /** The text messages that came. */
  readonly received: Received[];
  /** Close code, once it is closed. */
  readonly closed: Promise<number>;
}

/** A bare socket, for saying what no decent client would say. */
export async function openRaw(url: string): Promise<RawSocket> {
  const socket = new WebSocket(url);
  const received: Received[] = [];
  socket.on('message', (data) => received.push(JSON.parse((data as Buffer).toString('utf8')) as Received));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await once(socket, 'open');
  return { socket, received, closed };
}
