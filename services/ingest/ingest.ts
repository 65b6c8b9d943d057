/** The ingest side of one process: its sockets, its calls, and the one clock that minds them all. */
import type { WebSocket } from 'ws';
import { Door } from './door.ts';
import { everyInterval } from '../every.ts';
import type { IngestOptions } from './ingestOptions.ts';
import type { Refusal } from '../telemetry/register.ts';
import { Sessions } from './sessions.ts';

export class Ingest {
  readonly #options: IngestOptions;
  readonly #sessions: Sessions;
  readonly #doors = new Set<Door>();
  readonly #stopClock: () => void;
  #isClosed = false;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options);
    this.#stopClock = (options.every ?? everyInterval)(options.limits.tickMs, () => this.#tick());
  }

  /** Calls being taken in, those included whose clients may come back. */
  get activeCalls(): number {
    return this.#sessions.size;
  }

  get openSockets(): number {
    return this.#doors.size;
  }

  get isFull(): boolean {
    return this.#sessions.isFull;
  }

  /**
   * Why not one more socket may be opened; null: it may. When all places are taken there is one reason to: a running call may wait for
   * its client, which says only after the upgrade who it is.
   */
  get refusal(): Refusal | null {
    const { callsMax, socketsPerCallMax } = this.#options.limits;
    if (this.#isClosed) return 'stopping';
    if (this.#doors.size >= callsMax * socketsPerCallMax) return 'sockets_full';
    return this.#sessions.isFull && !this.#sessions.isAwaitingClients ? 'calls_full' : null;
  }

  /** Serves a socket that has just been opened. */
  serve(socket: WebSocket, tenant: string | undefined): void {
    const context = { sessions: this.#sessions, options: this.#options };
    this.#doors.add(new Door(socket, tenant, context, (door) => this.#doors.delete(door)));
  }

  /** Stops the clock, and all sockets in a way that lets clients come back; takes nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#stopClock();
    this.#sessions.leave();
    for (const door of this.#doors) door.shutdown();
    this.#sessions.close();
  }

  #tick(): void {
    const nowMs = this.#options.nowMs();
    for (const door of this.#doors) door.tick(nowMs);
    this.#sessions.tick(nowMs);
  }
}
