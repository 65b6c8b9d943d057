/** All calls that are being taken in: finds a call's session again, and minds their clocks with one timer. */
import type { Bus } from '../../adapters/bus/bus.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { Busy, InvalidInput } from '../../core/units/errors.ts';
import { CallSession } from './callSession.ts';
import type { IngestLimits } from './limits.ts';

/** What is durable of a call that this process does not know. */
export interface CallDirectory {
  lastDurable(tenant: string, callId: string): Promise<{ readonly seq: number; readonly ended: boolean } | null>;
}

export interface SessionsOptions {
  readonly bus: Bus;
  readonly directory: CallDirectory;
  readonly limits: IngestLimits;
  readonly nowMs: () => number;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, CallSession>();
  readonly #opening = new Map<string, Promise<CallSession>>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.tick(), options.limits.tickMs);
  }

  get size(): number {
    return this.#sessions.size + this.#opening.size;
  }

  get isFull(): boolean {
    return this.size >= this.#options.limits.callsMax;
  }

  /** The call's session: the running one, or one that goes on from what is durable, or a new one. */
  async find(open: OpenCall): Promise<CallSession> {
    const key = `${open.tenant}\u0000${open.callId}`;
    const running = this.#sessions.get(key) ?? (await this.#opening.get(key));
    if (running !== undefined) return running;
    if (this.isFull) throw new Busy(`${this.#options.limits.callsMax} calls are being analysed`, 1_000);
    const opening = this.#create(key, open).finally(() => this.#opening.delete(key));
    this.#opening.set(key, opening);
    return opening;
  }

  tick(): void {
    const nowMs = this.#options.nowMs();
    const { resumeGraceMs } = this.#options.limits;
    for (const session of this.#sessions.values()) {
      if (session.detachedAtMs !== null && nowMs - session.detachedAtMs > resumeGraceMs) session.end('client_vanished');
      session.tick(nowMs);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #create(key: string, open: OpenCall): Promise<CallSession> {
    const durable = await this.#options.directory.lastDurable(open.tenant, open.callId);
    if (durable?.ended === true) throw alreadyEnded(open);
    const session = new CallSession({
      ...this.#options,
      open,
      durableSeq: durable?.seq ?? -1,
      onEnded: () => this.#sessions.delete(key),
    });
    this.#sessions.set(key, session);
    return session;
  }
}

const alreadyEnded = ({ callId }: OpenCall): InvalidInput =>
  new InvalidInput('call_already_ended', { expected: 'a call that has not ended', got: `call ${callId}, which has` });
