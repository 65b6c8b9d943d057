/**
 * A client of Earshot's own protocol: sends audio, keeps what is not acknowledged, and after a broken connection comes
 * back and goes on with what the server asks for, so that nothing is lost.
 */
import { WebSocket, type RawData } from 'ws';
import { encodeAudio, type ClientEvent, type Done, type ServerText } from '../telephony/earshot.ts';
import type { Channel } from '../../core/units/channel.ts';
import { Busy } from '../../core/units/errors.ts';
import { Unacknowledged } from './unacknowledged.ts';

export interface ClientOptions {
  readonly url: string;
  /** The hello message without its type and version; `startedAtMs` is now unless given. */
  readonly hello: Readonly<Record<string, unknown>>;
  readonly onFact?: (fact: Record<string, unknown>) => void;
  /** Durable up to and including this message. */
  readonly onAck?: (seq: number) => void;
  readonly onMark?: (name: string) => void;
  /** An event could not be read; the call goes on without it. */
  readonly onRejected?: (rejected: { seq: number; code: string; expected: string; got: string }) => void;
  /** Every failure, those included after which the client comes back by itself. */
  readonly onError?: (error: Error) => void;
  /** Attempts to come back in a row; 0 = never. */
  readonly reconnectsMax?: number;
  /** The longest pause between two of them. */
  readonly reconnectPauseMsMax?: number;
  /** Bound of what is kept for the case that it has to be sent again. */
  readonly keptBytesMax?: number;
  /** Of ws, unless a test has a network of its own. */
  readonly openSocket?: (url: string) => WebSocket;
}

export interface EarshotClient {
  /** Resolves when the server is ready for the call. */
  readonly ready: Promise<void>;
  /** Resolves when the call has ended and is durable; rejects with the server's error or when it cannot be reached. */
  readonly done: Promise<Done>;
  /** Throws Busy when too much is not acknowledged; `drained` tells when there is room again. */
  sendAudio(lane: Channel | 'both', position: number, payload: Uint8Array): void;
  /** The player has discarded what it had queued. */
  clear(positionSamples: number): void;
  mark(name: string): void;
  /** An event in the JSON form of earshot.v1.SpeechEvent, or `{source, message}`: a message as its source sends it. */
  report(event: ClientReport): void;
  /** Says that the call is over; then `done` settles. */
  bye(reason?: string): Promise<Done>;
  /** Resolves when at most half of `keptBytesMax` waits to be acknowledged. */
  drained(): Promise<void>;
  /** Messages that are not acknowledged yet. */
  readonly unacknowledged: number;
  /** Leaves without a word: the server ends the call when its grace is over. */
  close(): void;
  /** Breaks the connection off, as a network would. */
  breakOff(): void;
}

export type ClientReport = Omit<ClientEvent, 'type' | 'seq'>;

/** What the server said when it refused or ended the call. */
export class ServerError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ServerError';
    this.code = code;
  }
}

const KEPT_BYTES_MAX = 32 * 1_024 * 1_024;
const RECONNECTS_MAX = 12;
const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 5_000;
/** A server that does not answer the upgrade by then is taken for gone. */
const HANDSHAKE_MS_MAX = 5_000;
/** A server that sends nothing for so long is gone: it pings every 20 s. */
const SILENCE_MS_MAX = 60_000;
const BUSY_RETRY_MS = 100;

const openWebSocket = (url: string): WebSocket =>
  new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: HANDSHAKE_MS_MAX });

/** Errors after which it makes sense to come back. */
const PASSING = new Set(['overloaded', 'store_unavailable']);
/** Close codes that are a final answer though no error message came before them. */
const FINAL_CLOSES: Readonly<Record<number, string>> = { 1009: 'message_too_large', 4009: 'call_superseded' };

export function connectEarshot(options: ClientOptions): EarshotClient {
  const {
    url,
    reconnectsMax = RECONNECTS_MAX,
    reconnectPauseMsMax = PAUSE_MS_MAX,
    keptBytesMax = KEPT_BYTES_MAX,
    openSocket = openWebSocket,
  } = options;
  const hello = { type: 'hello', version: 1, startedAtMs: Date.now(), ...options.hello };
  const kept = new Unacknowledged(keptBytesMax);
  const ready = withResolvers<void>();
  const done = withResolvers<Done>();
  let socket: WebSocket;
  let reconnects = 0;
  let reconnectTimer: NodeJS.Timeout | undefined;
  let byeSeq: number | null = null;
  let connectedAtMs = 0;
  let isReady = false;
  let outcome: Done | Error | null = null;

  function connect(): void {
    isReady = false;
    let failure: Error | null = null;
    const current = openSocket(url);
    socket = current;
    const silence = setTimeout(() => current.terminate(), SILENCE_MS_MAX);
    current.on('open', () => current.send(JSON.stringify(greeting())));
    current.on('ping', () => silence.refresh());
    current.on('message', (data: RawData) => {
      silence.refresh();
      failure = take(JSON.parse((data as Buffer).toString('utf8')) as ServerText) ?? failure;
    });
    current.on('error', (error) => (failure ??= error));
    current.on('close', (code) => {
      clearTimeout(silence);
      const final = FINAL_CLOSES[code];
      if (final !== undefined) settle(new ServerError(final, `${final}: the server closed the call`));
      else comeBack(failure ?? new Error(`the connection to ${url} broke off (code ${code})`));
    });
  }

  /** Another process of the service may not know what this one has let go of. */
  function greeting(): object {
    // Rises even where the clock is set back: what an earlier connection opened is to be told from what this one does.
    connectedAtMs = Math.max(connectedAtMs + 1, Date.now());
    const greeted = { ...hello, connectedAtMs };
    return kept.firstSeq === 0 ? greeted : { ...greeted, ackedSeq: kept.firstSeq - 1 };
  }

  /** An error after which the server closes the connection, though the call may go on. */
  function take(message: ServerText): Error | null {
    switch (message.type) {
      case 'ready':
        begin(message.nextSeq, message.ackedSeq);
        return null;
      case 'ack':
        kept.acknowledge(message.seq);
        options.onAck?.(message.seq);
        return null;
      case 'mark':
        options.onMark?.(message.name);
        return null;
      case 'fact':
        options.onFact?.(message.fact as unknown as Record<string, unknown>);
        return null;
      case 'rejected':
        options.onRejected?.(message);
        return null;
      case 'error':
        return refused(new ServerError(message.code, message.message));
      case 'done':
        settle(message);
        return null;
    }
  }

  function begin(nextSeq: number, ackedSeq: number): void {
    kept.acknowledge(ackedSeq);
    // Another client has begun this call, perhaps this one before it was started anew.
    if (kept.count === 0) kept.skipTo(nextSeq);
    if (nextSeq < kept.firstSeq || nextSeq > kept.nextSeq) {
      const range = `${kept.firstSeq} to ${kept.nextSeq}`;
      settle(new ServerError('sequence_gap', `the server asks for message ${nextSeq}; this client has ${range}`));
      return;
    }
    if (isEndAcknowledged()) {
      settle(endedUnseen());
      return;
    }
    isReady = true;
    reconnects = 0;
    for (const data of kept.from(nextSeq)) socket.send(data);
    ready.resolve();
  }

  function refused(error: ServerError): Error | null {
    if (PASSING.has(error.code)) return error;
    settle(error.code === 'call_already_ended' && isEndAcknowledged() ? endedUnseen() : error);
    return null;
  }

  const isEndAcknowledged = (): boolean => byeSeq !== null && kept.count === 0;

  /** The call ended while we were away, and all that we had to say of it is durable: just what we came back for. */
  const endedUnseen = (): Done => ({
    type: 'done',
    callId: String(options.hello.callId),
    samples: { caller: null, agent: null },
  });

  function settle(result: Done | Error): void {
    if (outcome !== null) return;
    outcome = result;
    clearTimeout(reconnectTimer);
    if (result instanceof Error) {
      options.onError?.(result);
      ready.reject(result);
      done.reject(result);
    } else {
      ready.resolve();
      done.resolve(result);
    }
    kept.clear();
    socket.close();
  }

  function comeBack(error: Error): void {
    if (outcome !== null) return;
    if (reconnects >= reconnectsMax) {
      settle(error);
      return;
    }
    options.onError?.(error);
    isReady = false;
    const pauseMs = Math.min(reconnectPauseMsMax, FIRST_PAUSE_MS * 2 ** reconnects);
    reconnects += 1;
    // Spread, so that the clients of a restarted server do not all come at once.
    reconnectTimer = setTimeout(connect, pauseMs * (0.5 + Math.random() / 2));
  }

  function send(make: (seq: number) => string | Uint8Array): number {
    if (outcome !== null) throw outcome instanceof Error ? outcome : new Error('the call is over');
    const seq = kept.nextSeq;
    const data = make(seq);
    kept.keep(data);
    if (isReady && socket.readyState === WebSocket.OPEN) socket.send(data);
    return seq;
  }

  connect();
  return {
    ready: ready.promise,
    done: done.promise,
    sendAudio(lane, position, payload) {
      if (kept.isFull) throw new Busy(`${kept.bytes} bytes are not acknowledged yet`, BUSY_RETRY_MS);
      send((seq) => encodeAudio({ seq, lane, position, payload }));
    },
    clear: (positionSamples) => void send((seq) => JSON.stringify({ type: 'clear', seq, positionSamples })),
    mark: (name) => void send((seq) => JSON.stringify({ type: 'mark', seq, name })),
    report: (report) => void send((seq) => JSON.stringify({ type: 'event', seq, ...report })),
    bye(reason) {
      if (outcome === null) byeSeq ??= send((seq) => JSON.stringify({ type: 'bye', seq, reason }));
      return done.promise;
    },
    drained: () => Promise.race([kept.drained(), done.promise.then(() => undefined)]),
    get unacknowledged() {
      return kept.count;
    },
    close: () => settle(new Error('the client has left the call')),
    breakOff: () => socket.terminate(),
  };
}

interface Resolvers<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

/** Promise.withResolvers, which Node 20 lacks; a rejection that nobody waits for is not a fault of the process. */
function withResolvers<Value>(): Resolvers<Value> {
  let resolve!: (value: Value) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
