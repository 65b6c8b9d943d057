/**
 * What every dialect's socket has in common: messages wait while their call is being found, the call outlives the socket
 * or ends with it, and whatever goes wrong ends in one place. The dialect only reads and writes its messages.
 */
import type { WebSocket } from 'ws';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { ERROR_CODES, InvalidInput } from '../../core/units/errors.ts';
import type { CallSession, SessionListener } from './callSession.ts';
import { asCodedError, type CodedError } from './codedError.ts';
import type { IngestOptions } from './ingestOptions.ts';
import type { Continuation, Found, Sessions } from './sessions.ts';

export type Message = string | Uint8Array;

export interface Opening {
  readonly call: OpenCall;
  /** The last message that was acknowledged to this sender; -1: none. */
  readonly ackedSeq: number;
  /** When it made this connection, by its own clock; 0: not told. */
  readonly connectedAtMs: number;
}

export interface Dialect {
  readonly protocol: 'earshot' | 'twilio';
  /** Whether the sender can come back and go on where it broke off. */
  readonly continuation: Continuation;
  /** Reads the message by which the call is known, or null when it is not known yet. Throws InvalidInput. */
  open(message: Message): Opening | null;
  /** The call has been found: nothing was sent to it on this socket yet. */
  begin(session: CallSession): void;
  /** Reads a message of the running call. Throws InvalidInput. */
  take(message: Message, session: CallSession): void;
  acked(seq: number): void;
  told(fact: Fact): void;
  readonly wantsFacts: boolean;
  done(session: CallSession): void;
  refused(error: CodedError): void;
}

export interface SocketContext {
  readonly sessions: Sessions;
  readonly options: IngestOptions;
}

export class SocketCall {
  readonly #socket: WebSocket;
  readonly #dialect: Dialect;
  readonly #context: SocketContext;
  readonly #listener: SessionListener;
  #stage: 'greeting' | 'opening' | 'running' | 'over' = 'greeting';
  #session: CallSession | null = null;
  /** What a paused socket had already read. */
  #waiting: Message[] = [];
  #isReading = true;
  #isGone = false;

  constructor(socket: WebSocket, dialect: Dialect, context: SocketContext) {
    this.#socket = socket;
    this.#dialect = dialect;
    this.#context = context;
    this.#listener = this.#createListener();
  }

  get protocol(): 'earshot' | 'twilio' {
    return this.#dialect.protocol;
  }

  /** False as long as it is not known which call this is. */
  get hasGreeted(): boolean {
    return this.#stage !== 'greeting';
  }

  /** False while the socket is paused: then its silence means nothing. */
  get isReading(): boolean {
    return this.#isReading;
  }

  receive(message: Message): void {
    if (this.#stage === 'opening') this.#waiting.push(message);
    else if (this.#stage !== 'over') this.#take(message);
  }

  /** Ends the call for what came on this socket, and the socket. */
  fail(error: unknown): void {
    if (this.#stage === 'over') return;
    const coded = asCodedError(error, this.#context.options.hooks);
    const call = this.#session?.open;
    const { code, expected } = coded;
    // Not what was got instead: that is told to the sender, and may be words of a caller.
    this.#context.options.logger?.warn(
      { tenant: call?.tenant, callId: call?.callId, code, expected },
      'a sender was refused',
    );
    // Kept without what came: that may be what somebody said.
    this.#session?.end(coded.endReason, coded.code, `${coded.code}: expected ${coded.expected}`);
    this.#refuse(coded);
  }

  /** The socket is gone. What had been read from it before still counts. */
  closed(): void {
    this.#isGone = true;
    if (this.#stage === 'opening') return;
    if (this.#dialect.continuation === 'new only') this.#session?.end('client_vanished');
    this.#leave();
  }

  /** The server stops: a sender that can come back keeps its call, another's call ends here. */
  shutdown(): void {
    if (this.#dialect.continuation === 'new only') this.#session?.end('shutdown');
    this.#leave();
  }

  #take(message: Message): void {
    try {
      if (this.#session !== null) this.#dialect.take(message, this.#session);
      else this.#open(message);
    } catch (error) {
      this.fail(error);
    }
  }

  #open(message: Message): void {
    const opening = this.#dialect.open(message);
    if (opening === null) return;
    this.#stage = 'opening';
    this.#setReading('off');
    this.#context.sessions.find(opening, this.#dialect.continuation).then(
      (found) => this.#found(found, opening.call),
      (error: unknown) => this.fail(error),
    );
  }

  #found(found: Found, open: OpenCall): void {
    if (this.#stage !== 'opening') return;
    if (found.type === 'ended') {
      // Says what is durable before it says no: a client whose last messages are durable knows that all is well.
      if (found.ackedSeq >= 0) this.#dialect.acked(found.ackedSeq);
      this.fail(
        new InvalidInput('call_already_ended', { expected: 'a call that has not ended', got: `call ${open.callId}` }),
      );
      return;
    }
    this.#stage = 'running';
    this.#session = found.session;
    found.session.attach(this.#listener);
    this.#dialect.begin(found.session);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) this.receive(message);
    if (this.#isGone) this.closed();
  }

  #createListener(): SessionListener {
    const dialect = this.#dialect;
    return {
      get wantsFacts() {
        return dialect.wantsFacts;
      },
      acked: (seq) => this.#dialect.acked(seq),
      told: (fact) => this.#dialect.told(fact),
      setReading: (reading) => this.#setReading(reading),
      ended: () => {
        if (this.#session !== null) this.#dialect.done(this.#session);
        this.#leave();
        this.#socket.close(1000, 'done');
      },
      failed: (error) => this.fail(error),
      superseded: () => {
        this.#leave();
        this.#socket.close(ERROR_CODES.call_superseded.closeCode, 'call_superseded');
      },
    };
  }

  #refuse(coded: CodedError): void {
    this.#dialect.refused(coded);
    this.#leave();
    this.#socket.close(ERROR_CODES[coded.code].closeCode, coded.code);
  }

  #leave(): void {
    this.#session?.detach(this.#listener);
    this.#session = null;
    this.#stage = 'over';
    this.#waiting = [];
    // A close can only be answered by a socket that reads.
    this.#setReading('on');
  }

  #setReading(reading: 'on' | 'off'): void {
    this.#isReading = reading === 'on';
    if (this.#isReading) this.#socket.resume();
    else this.#socket.pause();
  }
}
