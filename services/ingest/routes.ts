/**
 * The WebSocket door: one URL for every dialect, told apart by the first message. `/v1/stream` and `/v1/stream/:tenant`.
 * Twilio's <Stream url> takes no query string, so a tenant is part of the path.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RawData, WebSocket } from 'ws';
import type { Bus } from '../../adapters/bus/bus.ts';
import { isTwilio } from '../../adapters/telephony/twilio.ts';
import { ERROR_CODES, InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import { earshotSocket, type SocketContext, type SocketReader } from './earshotSocket.ts';
import type { IngestLimits } from './limits.ts';
import { Sessions, type CallDirectory } from './sessions.ts';
import { twilioSocket } from './twilioSocket.ts';

export interface IngestHooks {
  readonly onMessage?: (protocol: 'earshot' | 'twilio', bytes: number) => void;
  readonly onError?: (code: ErrorCode) => void;
  readonly onBug?: (error: Error) => void;
}

export interface IngestOptions {
  readonly bus: Bus;
  readonly directory: CallDirectory;
  readonly limits: IngestLimits;
  readonly nowMs: () => number;
  readonly hooks: IngestHooks;
}

export interface Ingest {
  readonly activeCalls: number;
  readonly isFull: boolean;
  /** Ends all sockets in a way that lets clients come back, and stops the clocks. */
  close(): void;
}

const DEFAULT_TENANT = 'default';
/** Close code for "going away": the client reconnects and goes on. */
const GOING_AWAY = 1001;

/** Needs @fastify/websocket registered on the instance, with the limits' maxPayload. */
export function registerIngest(app: FastifyInstance, options: IngestOptions): Ingest {
  const sessions = new Sessions(options);
  const sockets = new Set<WebSocket>();

  const refuseWhenFull = async (_request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (!sessions.isFull) return;
    options.hooks.onError?.('overloaded');
    await reply
      .code(503)
      .header('retry-after', '1')
      .send({ code: 'overloaded', message: `overloaded: ${options.limits.callsMax} calls are being analysed` });
  };

  const handle = (socket: WebSocket, request: FastifyRequest): void => {
    const { tenant = DEFAULT_TENANT } = request.params as { tenant?: string };
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, { sessions, bus: options.bus, nowMs: options.nowMs, tenant, hooks: options.hooks }, options.limits);
  };

  app.get('/v1/stream', { websocket: true, preValidation: refuseWhenFull }, handle);
  app.get('/v1/stream/:tenant', { websocket: true, preValidation: refuseWhenFull }, handle);

  return {
    get activeCalls() {
      return sessions.size;
    },
    get isFull() {
      return sessions.isFull;
    },
    close() {
      sessions.close();
      for (const socket of sockets) socket.close(GOING_AWAY, 'the server is stopping');
    },
  };
}

/** Listeners are attached before anything is awaited: a message that comes at once would else be lost. */
function serve(socket: WebSocket, context: SocketContext, limits: IngestLimits): void {
  let reader: SocketReader | null = null;
  let lastHeardMs = context.nowMs();

  const refuse = (code: ErrorCode, expected: string, got: string): void => {
    const { message } = new InvalidInput(code, { expected, got });
    context.hooks.onError?.(code);
    if (reader === null && socket.readyState === socket.OPEN) {
      socket.send(JSON.stringify({ type: 'error', code, message, expected, got }));
    }
    socket.close(ERROR_CODES[code].closeCode, code);
  };

  const helloTimer = setTimeout(
    () => refuse('hello_timeout', `a first message within ${limits.helloMsMax} ms`, 'silence'),
    limits.helloMsMax,
  );
  const pingTimer = setInterval(() => {
    if (context.nowMs() - lastHeardMs > limits.idleMsMax) socket.terminate();
    else socket.ping();
  }, limits.pingEveryMs);

  socket.on('pong', () => (lastHeardMs = context.nowMs()));
  socket.on('message', (data, isBinary) => {
    lastHeardMs = context.nowMs();
    const bytes = asBytes(data);
    if (reader === null) {
      clearTimeout(helloTimer);
      reader = readerFor(socket, context, isBinary ? '' : textOf(bytes));
    }
    context.hooks.onMessage?.(reader.protocol, bytes.byteLength);
    if (isBinary) reader.binary(bytes);
    else reader.text(textOf(bytes));
  });
  socket.on('close', () => {
    clearTimeout(helloTimer);
    clearInterval(pingTimer);
    reader?.closed();
  });
  // Too large or malformed frames: ws closes the socket itself with the right code.
  socket.on('error', () => context.hooks.onError?.('message_too_large'));
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

function readerFor(socket: WebSocket, context: SocketContext, firstText: string): SocketReader {
  return isTwilio(firstText) ? twilioSocket(socket, context) : earshotSocket(socket, context);
}

function asBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
