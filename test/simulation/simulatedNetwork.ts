/**
 * Connections between clients and ingest: two ends, each in order and with its own delay, that break for both, or for one of
 * them first. An end stands in for a WebSocket of ws as far as our own code uses it.
 */
import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtualTime.ts';

const ABNORMAL = 1_006;
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

type Data = string | Uint8Array;

class SocketEnd extends EventEmitter {
  readonly OPEN = OPEN;
  readonly bufferedAmount = 0;
  readyState = CONNECTING;
  /** Null: the client's. */
  readonly #process: Process | null;
  readonly #time: VirtualTime;
  readonly #delayMs: () => number;
  #other: SocketEnd | null = null;
  #lastArrivalMs = 0;
  #isPaused = false;
  #unread: Data[] = [];
  #pendingClose: number | null = null;

  constructor(process: Process | null, time: VirtualTime, delayMs: () => number) {
    super();
    this.#process = process;
    this.#time = time;
    this.#delayMs = delayMs;
    // ws has no unhandled errors here: both ends are listened to, and a killed process is asked nothing.
    this.on('error', () => undefined);
  }

  join(other: SocketEnd): void {
    this.#other = other;
  }

  send(data: Data): void {
    if (this.readyState !== OPEN || this.#process?.isAlive === false) return;
    const copy = typeof data === 'string' ? data : Uint8Array.from(data);
    this.#toOther((other) => other.#receive(copy));
  }

  ping(): void {
    if (this.readyState !== OPEN || this.#process?.isAlive === false) return;
    this.#toOther((other) => {
      if (other.readyState !== OPEN) return;
      other.emit('ping');
      other.#toOther((self) => self.readyState === OPEN && self.emit('pong'));
    });
  }

  close(code = 1_000): void {
    if (this.readyState === CLOSED) return;
    this.#toOther((other) => other.#closed(code));
    this.#time.after(0, () => this.#closed(code));
  }

  terminate(): void {
    this.close(ABNORMAL);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const unread = this.#unread;
    this.#unread = [];
    for (const data of unread) this.#receive(data);
    if (this.#pendingClose !== null && !this.#isPaused) this.#closed(this.#pendingClose);
  }

  /** This end learns that the connection is gone; what was on its way to it is lost. */
  lose(): void {
    this.#unread = [];
    this.#isPaused = false;
    this.#closed(ABNORMAL);
  }

  opened(): void {
    this.readyState = OPEN;
    this.emit('open');
  }

  #toOther(deliver: (other: SocketEnd) => void): void {
    const other = this.#other;
    if (other === null) return;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs + 0.001, this.#time.nowMs + this.#delayMs());
    this.#time.after(this.#lastArrivalMs - this.#time.nowMs, () => deliver(other));
  }

  #receive(data: Data): void {
    if (this.readyState !== OPEN || this.#process?.isAlive === false) return;
    if (this.#isPaused) this.#unread.push(data);
    else this.emit('message', Buffer.from(data as Uint8Array), typeof data !== 'string');
  }

  #closed(code: number): void {
    if (this.readyState === CLOSED || this.#process?.isAlive === false) return;
    if (this.#isPaused && this.#unread.length > 0) {
      this.#pendingClose = code;
      return;
    }
    this.readyState = CLOSED;
    this.emit('close', code);
  }
}

export interface Server {
  readonly process: Process;
  serve(socket: WebSocket): void;
}

export interface Connection {
  readonly server: Process;
  /** Both ends learn of it now; `silently`: the server's end only when it is told so by its own watch. */
  break(how: 'for both' | 'silently'): void;
}

export class SimulatedNetwork {
  readonly #time: VirtualTime;
  readonly #random: Random;
  /** Added to each way of each message. */
  slowMs = 0;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  /** `server` null: nobody listens there. */
  connect(server: Server | null, onConnection: (connection: Connection) => void): WebSocket {
    const delayMs = (): number => this.#random.between(1, 20) + this.#random.next() * this.slowMs;
    const client = new SocketEnd(null, this.#time, delayMs);
    this.#time.after(delayMs(), () => {
      if (client.readyState === CLOSED) return;
      if (server === null || !server.process.isAlive) {
        client.emit('error', new Error('connect ECONNREFUSED'));
        client.lose();
        return;
      }
      const end = new SocketEnd(server.process, this.#time, delayMs);
      client.join(end);
      end.join(client);
      server.process.onDeath(() => this.#time.after(delayMs(), () => client.lose()));
      end.opened();
      server.serve(end as unknown as WebSocket);
      client.opened();
      onConnection({
        server: server.process,
        break(how) {
          client.lose();
          if (how === 'for both') end.lose();
        },
      });
    });
    return client as unknown as WebSocket;
  }
}
