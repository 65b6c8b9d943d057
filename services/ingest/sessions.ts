/** All calls that are being taken in: finds a call's session again, counts them, and passes on the clock and the facts. */
import { randomUUID } from 'node:crypto';
import { callKeyOf } from '../../core/facts/callKey.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { Busy, InvalidInput } from '../../core/units/errors.ts';
import type { Refusal } from '../telemetry/register.ts';
import { CallSession } from './callSession.ts';
import type { IngestOptions } from './ingestOptions.ts';
import type { Opening } from './socketCall.ts';

/** `ended`: nothing more can be said in this call; up to `ackedSeq` it is durable. */
export type Found =
  { readonly type: 'session'; readonly session: CallSession } | { readonly type: 'ended'; readonly ackedSeq: number };

/** Whether a sender may go on with a call that has begun before. */
export type Continuation = 'may resume' | 'new only';

interface Ended {
  readonly ackedSeq: number;
  readonly forgottenAtMs: number;
  /** Not while only this process has decided so: its client may be with another one, which makes the decision void. */
  readonly isCertain: boolean;
}

const RETRY_AFTER_MS = 1_000;

export class Sessions {
  readonly #options: IngestOptions;
  readonly #running = new Map<string, CallSession>();
  readonly #opening = new Map<string, Promise<CallSession | number>>();
  /** Calls that have just ended: their last rows may still be on their way to where the directory looks. */
  readonly #ended = new Map<string, Ended>();
  readonly #unsubscribe: () => void;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#unsubscribe = options.bus.subscribeFacts((fact) => this.#tell(fact));
  }

  get size(): number {
    return this.#running.size + this.#opening.size;
  }

  get isFull(): boolean {
    return this.size >= this.#options.limits.callsMax;
  }

  /** Whether a call waits for its client to come back, which has to be let in even when all places are taken. */
  get isAwaitingClients(): boolean {
    for (const session of this.#running.values()) if (session.isDetached) return true;
    return false;
  }

  /** The call's session: the running one, or one that goes on from what is durable, or a new one. */
  async find(asked: Opening, continuation: Continuation): Promise<Found> {
    const { call: open, ackedSeq } = asked;
    const key = callKeyOf(open);
    const ended = this.#ended.get(key);
    if (ended?.isCertain === true) return { type: 'ended', ackedSeq: ended.ackedSeq };
    if (ended !== undefined && ackedSeq <= ended.ackedSeq) throw endUnsure();
    const running = this.#running.get(key) ?? (await this.#opening.get(key));
    if (running instanceof CallSession) return this.#resumed(running, asked, continuation);
    if (typeof running === 'number') return { type: 'ended', ackedSeq: running };
    if (this.isFull) throw this.#refused('calls_full', `${this.#options.limits.callsMax} calls are being analysed`);
    const opening = this.#create(key, asked, continuation);
    this.#opening.set(key, opening);
    try {
      const created = await opening;
      return created instanceof CallSession
        ? { type: 'session', session: created }
        : { type: 'ended', ackedSeq: created };
    } finally {
      this.#opening.delete(key);
    }
  }

  tick(nowMs: number): void {
    for (const session of this.#running.values()) session.tick(nowMs);
    for (const [key, { forgottenAtMs }] of this.#ended) if (forgottenAtMs <= nowMs) this.#ended.delete(key);
  }

  /** Others go on with these calls. */
  leave(): void {
    for (const { open } of this.#running.values()) this.#options.hooks.onCall?.(open, 'left');
  }

  close(): void {
    this.#unsubscribe();
  }

  /** A session, or the last durable message of a call that has ended. */
  async #create(
    key: string,
    { call: open, ackedSeq, connectedAtMs }: Opening,
    continuation: Continuation,
  ): Promise<CallSession | number> {
    const durable = await this.#options.directory.lastDurable(open.tenant, open.callId).catch((error: unknown) => {
      this.#options.logger?.warn({ err: error }, 'the directory of calls does not answer');
      throw this.#refused('directory_away', 'where calls are stored does not answer');
    });
    if (durable?.ended === true) return durable.seq;
    if (durable === null && ackedSeq < 0) this.#checkDelay();
    if (durable !== null && continuation === 'new only') throw anotherStream(open);
    const { bus, limits, nowMs, hooks, newSession = randomUUID } = this.#options;
    const session = new CallSession({
      id: newSession(),
      connectedAtMs,
      open,
      bus,
      limits,
      nowMs,
      onLogged: hooks.onLogged,
      onMoment: (moment) => hooks.onCall?.(open, moment),
      // What was acknowledged to the sender may be on its way to where the directory looks: it has no more of it.
      durableSeq: Math.max(durable?.seq ?? -1, ackedSeq),
      onEnded: ({ ackedSeq, endReason, isEndCertain }) => {
        this.#options.logger?.info({ tenant: open.tenant, callId: open.callId, endReason }, 'call ended');
        this.#running.delete(key);
        const keptMs = isEndCertain ? limits.resumeGraceMs : limits.lastFactsMsMax;
        this.#ended.set(key, { ackedSeq, forgottenAtMs: nowMs() + keptMs, isCertain: isEndCertain });
      },
    });
    this.#running.set(key, session);
    session.begin();
    this.#options.logger?.info({ tenant: open.tenant, callId: open.callId, fromSeq: session.nextSeq }, 'call opened');
    return session;
  }

  #resumed(session: CallSession, asked: Opening, continuation: Continuation): Found {
    if (continuation === 'new only') throw anotherStream(asked.call);
    // A call that its sender has ended is waited for by the sender; else its end is news to whoever comes back.
    if (session.endReason !== null && session.endReason !== 'completed') {
      if (!session.isEndCertain) throw endUnsure();
      return { type: 'ended', ackedSeq: session.ackedSeq };
    }
    checkSameAudio(session.open, asked.call);
    const { newSession = randomUUID } = this.#options;
    session.renew(newSession(), asked);
    return { type: 'session', session };
  }

  /** A running call comes before a new one. */
  #checkDelay(): void {
    const { analysisDelayMs = () => 0, limits } = this.#options;
    const delayMs = analysisDelayMs();
    if (delayMs <= limits.admitDelayMsMax) return;
    throw this.#refused('overloaded', `the analysis is ${Math.round(delayMs / 1_000)} s behind`);
  }

  #refused(reason: Refusal, because: string): Busy {
    this.#options.hooks.onRefused?.(reason);
    return new Busy(because, RETRY_AFTER_MS);
  }

  #tell(fact: Fact): void {
    const key = callKeyOf(fact);
    this.#running.get(key)?.told(fact);
    if (fact.kind !== 'call_ended') return;
    const ended = this.#ended.get(key);
    if (ended?.isCertain !== false) return;
    const forgottenAtMs = this.#options.nowMs() + this.#options.limits.resumeGraceMs;
    this.#ended.set(key, { ...ended, forgottenAtMs, isCertain: true });
  }
}

const AUDIO_FIELDS = ['encoding', 'rateHz', 'layout', 'channelOrder', 'agentPlacement'] as const;

function checkSameAudio(running: OpenCall, open: OpenCall): void {
  for (const field of AUDIO_FIELDS) {
    if (String(running[field]) === String(open[field])) continue;
    throw new InvalidInput('hello_invalid', {
      expected: `${field} ${String(running[field])}, as when the call began`,
      got: String(open[field]),
    });
  }
}

/** Its client is asked to come again when it is known. */
const endUnsure = (): Busy => new Busy('it is not known yet whether the call has ended', RETRY_AFTER_MS);

const anotherStream = ({ callId }: OpenCall): InvalidInput =>
  new InvalidInput('protocol_violation', { expected: `one stream of call ${callId}`, got: 'another one' });
