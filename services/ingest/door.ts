/**
 * One socket from its first byte: tells the dialect by the first message, and closes on those that say nothing, fall
 * silent, send what no WebSocket takes, or do not read what they are sent.
 */
import type { RawData, WebSocket } from 'ws';
import { isTwilio } from '../../adapters/telephony/twilio.ts';
import { InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import { earshotDialect } from './earshotDialect.ts';
import { DEFAULT_TENANT } from '../../core/units/tenant.ts';
import { SocketCall, type Dialect, type Message, type SocketContext } from './socketCall.ts';
import { twilioDialect } from './twilioDialect.ts';

/** Close code for "going away": the client reconnects and goes on. */
const GOING_AWAY = 1001;

export class Door {
  readonly #socket: WebSocket;
  readonly #tenant: string | undefined;
  readonly #context: SocketContext;
  readonly #openedAtMs: number;
  #call: SocketCall | null = null;
  #lastHeardMs: number;
  #lastPingMs: number;

  /** Listens at once: a message that comes before would be lost. */
  constructor(socket: WebSocket, tenant: string | undefined, context: SocketContext, onClosed: (door: Door) => void) {
    this.#socket = socket;
    this.#tenant = tenant;
    this.#context = context;
    const nowMs = context.options.nowMs();
    this.#openedAtMs = nowMs;
    this.#lastHeardMs = nowMs;
    this.#lastPingMs = nowMs;
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? bytesOf(data) : bytesOf(data).toString('utf8')));
    socket.on('pong', () => (this.#lastHeardMs = this.#context.options.nowMs()));
    socket.on('error', (error) => this.#broken(error));
    socket.on('close', () => {
      this.#call?.closed();
      onClosed(this);
    });
  }

  tick(nowMs: number): void {
    const { helloMsMax, idleMsMax, pingEveryMs, unsentBytesMax } = this.#context.options.limits;
    if (this.#call?.isReading === false) this.#lastHeardMs = nowMs;
    if (this.#call?.hasGreeted !== true && nowMs - this.#openedAtMs > helloMsMax) {
      this.#refuse('hello_timeout', `to hear which call it is within ${helloMsMax} ms`, 'silence');
    } else if (nowMs - this.#lastHeardMs > idleMsMax) {
      this.#socket.terminate();
    } else if (this.#socket.bufferedAmount > unsentBytesMax) {
      this.#context.options.hooks.onError?.('overloaded');
      this.#socket.terminate();
    } else if (nowMs - this.#lastPingMs >= pingEveryMs) {
      this.#lastPingMs = nowMs;
      this.#socket.ping();
    }
  }

  shutdown(): void {
    this.#call?.shutdown();
    this.#socket.close(GOING_AWAY, 'the server is stopping');
  }

  #receive(message: Message): void {
    const { nowMs, hooks } = this.#context.options;
    this.#lastHeardMs = nowMs();
    this.#call ??= new SocketCall(this.#socket, this.#dialectOf(message), this.#context);
    hooks.onMessage?.(this.#call.protocol, message.length);
    this.#call.receive(message);
  }

  #dialectOf(first: Message | null): Dialect {
    const { nowMs } = this.#context.options;
    return typeof first === 'string' && isTwilio(first)
      ? twilioDialect(this.#tenant ?? DEFAULT_TENANT, nowMs)
      : earshotDialect(this.#socket, this.#tenant, nowMs);
  }

  /** The connection broke, or ws has closed it for what came; only the second is the sender's fault. */
  #broken(error: Error & { readonly code?: string }): void {
    const { limits } = this.#context.options;
    if (error.code?.startsWith('WS_ERR_') !== true) return;
    const code = WS_ERRORS[error.code] ?? 'protocol_violation';
    const expected = `WebSocket messages of at most ${limits.messageBytesMax} bytes in ${limits.fragmentsMax} fragments`;
    this.#refuse(code, expected, error.message);
  }

  #refuse(code: ErrorCode, expected: string, got: string): void {
    this.#call ??= new SocketCall(this.#socket, this.#dialectOf(null), this.#context);
    this.#call.fail(new InvalidInput(code, { expected, got }));
  }
}

const WS_ERRORS: Readonly<Record<string, ErrorCode>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'message_too_large',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'message_too_large',
  WS_ERR_INVALID_UTF8: 'message_invalid',
};

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
