/** One socket that speaks Earshot's own protocol: hello, audio, acknowledgements, bye; and coming back where it broke off. */
import type { WebSocket } from 'ws';
import type { Bus } from '../../adapters/bus/bus.ts';
import { openCallOf, parseAudio, parseText, type ServerText } from '../../adapters/telephony/earshot.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { ERROR_CODES, InvalidInput } from '../../core/units/errors.ts';
import type { CallSession, SessionListener } from './callSession.ts';
import { asCodedError } from './codedError.ts';
import type { IngestHooks } from './routes.ts';
import type { Sessions } from './sessions.ts';

export interface SocketContext {
  readonly sessions: Sessions;
  readonly bus: Bus;
  readonly nowMs: () => number;
  readonly tenant: string;
  readonly hooks: IngestHooks;
}

export interface SocketReader {
  readonly protocol: 'earshot' | 'twilio';
  text(text: string): void;
  binary(bytes: Uint8Array): void;
  closed(): void;
}

export function earshotSocket(socket: WebSocket, context: SocketContext): SocketReader {
  let session: CallSession | null = null;
  let unsubscribe: () => void = () => undefined;
  /** What comes while the session is being found waits its turn. */
  let opening: (() => void)[] | null = null;

  const send = (message: ServerText): void => socket.send(JSON.stringify(message));

  const listener: SessionListener = {
    acked: (seq) => send({ type: 'ack', seq }),
    setReading: (reading) => (reading === 'off' ? socket.pause() : socket.resume()),
    ended() {
      if (session === null) return;
      send({ type: 'done', callId: session.open.callId });
      socket.close(1000, 'done');
    },
    superseded() {
      session = null;
      socket.close(ERROR_CODES.call_superseded.closeCode, 'call_superseded');
    },
  };

  function hello(text: string): void {
    const message = parseText(text);
    if (message.type !== 'hello') throw violation('hello first', message.type);
    const open = openCallOf(message, message.tenant ?? context.tenant, context.nowMs());
    opening = [];
    context.sessions
      .find(open)
      .then((found) => begin(found, message.facts === true ? 'with facts' : 'without facts'), fail);
  }

  function begin(found: CallSession, facts: 'with facts' | 'without facts'): void {
    if (socket.readyState !== socket.OPEN) return;
    session = found;
    const { tenant, callId } = found.open;
    if (facts === 'with facts') {
      unsubscribe = context.bus.subscribeFacts((fact) => {
        if (fact.tenant === tenant && fact.callId === callId && fact.kind !== 'frames') sendFact(fact);
      });
    }
    found.attach(listener);
    send({ type: 'ready', callId, nextSeq: found.nextSeq, ackedSeq: found.ackedSeq });
    const waiting = opening ?? [];
    opening = null;
    for (const handle of waiting) guarded(handle);
  }

  const sendFact = (fact: Fact): void => {
    if (socket.readyState === socket.OPEN) send({ type: 'fact', fact });
  };

  function take(text: string, to: CallSession): void {
    const message = parseText(text);
    switch (message.type) {
      case 'hello':
        throw violation('one hello a connection', 'a second one');
      case 'clear':
        to.accept(message.seq, { type: 'clear', position: message.position });
        return;
      case 'mark':
        to.skip(message.seq);
        send({ type: 'mark', name: message.name });
        return;
      case 'bye':
        if (message.seq > to.nextSeq) throw violation(`seq ${to.nextSeq}`, `seq ${message.seq}`);
        to.end('completed');
        return;
    }
  }

  function fail(error: unknown): void {
    const { code, message, expected, got } = asCodedError(error, context.hooks);
    session?.end('invalid_input', code, message);
    if (socket.readyState === socket.OPEN) send({ type: 'error', code, message, expected, got });
    socket.close(ERROR_CODES[code].closeCode, code);
    leave();
  }

  function leave(): void {
    unsubscribe();
    session?.detach(listener);
    session = null;
  }

  function guarded(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      fail(error);
    }
  }

  /** Runs now, or when the session has been found. */
  const inTurn = (handle: () => void): void => {
    if (opening === null) guarded(handle);
    else opening.push(handle);
  };

  return {
    protocol: 'earshot',
    text: (text) =>
      inTurn(() => {
        if (session === null) hello(text);
        else take(text, session);
      }),
    binary: (bytes) =>
      inTurn(() => {
        if (session === null) throw violation('hello before audio', 'a binary message');
        const { seq, lane, position, payload } = parseAudio(bytes);
        session.accept(seq, { type: 'audio', lane, position, payload, arrivedAtMs: context.nowMs() });
      }),
    closed: leave,
  };
}

const violation = (expected: string, got: string): InvalidInput =>
  new InvalidInput('protocol_violation', { expected, got });
