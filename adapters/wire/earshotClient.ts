/**
 * A client of Earshot's own protocol: sends audio, keeps what is not acknowledged, and after a broken connection comes
 * back and goes on with what the server asks for, so that nothing is lost.
 */
import { WebSocket, type RawData } from 'ws';
import { encodeAudio, type ServerText } from '../telephony/earshot.ts';
import type { Channel } from '../../core/units/channel.ts';

export interface ClientOptions {
  readonly url: string;
  /** The hello message without its type and version. */
  readonly hello: Readonly<Record<string, unknown>>;
  readonly onFact?: (fact: Record<string, unknown>) => void;
  readonly onAck?: (seq: number) => void;
  readonly onMark?: (name: string) => void;
  /** Times to come back after a broken connection; 0 = never. */
  readonly reconnectsMax?: number;
}

export interface EarshotClient {
  /** Resolves when the server is ready for the call. */
  readonly ready: Promise<void>;
  /** Resolves when the call has ended and is durable; rejects with the server's error or when it cannot be reached. */
  readonly done: Promise<void>;
  sendAudio(lane: Channel | 'both', position: number, payload: Uint8Array): void;
  clear(position: number): void;
  mark(name: string): void;
  /** Says that the call is over; then `done` settles. */
  bye(): Promise<void>;
  /** Messages that are not acknowledged yet. */
  readonly unacknowledged: number;
  /** Breaks the connection off, as a network would. */
  breakOff(): void;
}

const RECONNECT_PAUSE_MS = 200;

export class ServerError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ServerError';
    this.code = code;
  }
}

export function connectEarshot({
  url,
  hello,
  onFact,
  onAck,
  onMark,
  reconnectsMax = 10,
}: ClientOptions): EarshotClient {
  let socket: WebSocket;
  let nextSeq = 0;
  let reconnects = 0;
  let isReady = false;
  let settled = false;
  let saidBye = false;
  /** Sent or waiting, not acknowledged, in order of seq. */
  let kept: { seq: number; data: string | Uint8Array }[] = [];
  const ready = withResolvers();
  const done = withResolvers();

  function connect(): void {
    isReady = false;
    socket = new WebSocket(url, { perMessageDeflate: false });
    let failure: Error | null = null;
    socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', version: 1, ...hello })));
    socket.on('message', (data: RawData) => take(JSON.parse((data as Buffer).toString('utf8')) as ServerText));
    socket.on('error', (error) => (failure = error));
    socket.on('close', (code) => comeBack(failure ?? new Error(`the connection to ${url} broke off (code ${code})`)));
  }

  function take(message: ServerText): void {
    switch (message.type) {
      case 'ready':
        kept = kept.filter(({ seq }) => seq >= message.nextSeq || seq > message.ackedSeq);
        isReady = true;
        reconnects = 0;
        for (const { seq, data } of kept) if (seq >= message.nextSeq) socket.send(data);
        ready.resolve();
        return;
      case 'ack':
        kept = kept.filter(({ seq }) => seq > message.seq);
        onAck?.(message.seq);
        return;
      case 'mark':
        onMark?.(message.name);
        return;
      case 'fact':
        onFact?.(message.fact as Record<string, unknown>);
        return;
      case 'error':
        // Broken off between bye and done: that the call has ended is what was asked for.
        return settle(
          saidBye && message.code === 'call_already_ended' ? null : new ServerError(message.code, message.message),
        );
      case 'done':
        return settle(null);
    }
  }

  function settle(error: Error | null): void {
    settled = true;
    if (error === null) {
      kept = [];
      done.resolve();
    } else {
      ready.reject(error);
      done.reject(error);
    }
    socket.close();
  }

  function comeBack(error: Error): void {
    if (settled) return;
    if (reconnects >= reconnectsMax) {
      settle(error);
      return;
    }
    reconnects += 1;
    setTimeout(connect, RECONNECT_PAUSE_MS);
  }

  function keepAndSend(make: (seq: number) => string | Uint8Array): void {
    const seq = nextSeq;
    nextSeq += 1;
    const data = make(seq);
    kept.push({ seq, data });
    if (isReady && socket.readyState === WebSocket.OPEN) socket.send(data);
  }

  connect();
  return {
    ready: ready.promise,
    done: done.promise,
    sendAudio: (lane, position, payload) => keepAndSend((seq) => encodeAudio({ seq, lane, position, payload })),
    clear: (position) => keepAndSend((seq) => JSON.stringify({ type: 'clear', seq, position })),
    mark: (name) => keepAndSend((seq) => JSON.stringify({ type: 'mark', seq, name })),
    bye() {
      saidBye = true;
      keepAndSend((seq) => JSON.stringify({ type: 'bye', seq }));
      return done.promise;
    },
    get unacknowledged() {
      return kept.length;
    },
    breakOff: () => socket.terminate(),
  };
}

/** Promise.withResolvers, which Node 20 lacks; a rejection that nobody waits for is not a fault of the process. */
function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
