/** One socket of Twilio Media Streams. Nothing is ever sent on it: Twilio takes a message on a fork for an error. */
import type { WebSocket } from 'ws';
import { createTwilioReader } from '../../adapters/telephony/twilio.ts';
import { ERROR_CODES, InvalidInput } from '../../core/units/errors.ts';
import type { CallSession, SessionListener } from './callSession.ts';
import { asCodedError } from './codedError.ts';
import type { SocketContext, SocketReader } from './earshotSocket.ts';

export function twilioSocket(socket: WebSocket, context: SocketContext): SocketReader {
  const reader = createTwilioReader(context.tenant);
  let session: CallSession | null = null;
  let waiting: string[] | null = null;

  const listener: SessionListener = {
    acked: () => undefined,
    setReading: (reading) => (reading === 'off' ? socket.pause() : socket.resume()),
    ended: () => socket.close(1000),
    superseded() {
      session = null;
      socket.close(ERROR_CODES.call_superseded.closeCode);
    },
  };

  function take(text: string): void {
    for (const event of reader.read(text, context.nowMs())) {
      if (event.type === 'open') {
        waiting = [];
        context.sessions.find(event.call).then(begin, fail);
      } else if (event.type === 'message') {
        session?.acceptNext(event.message);
      } else {
        session?.end('completed');
      }
    }
  }

  function begin(found: CallSession): void {
    session = found;
    found.attach(listener);
    const texts = waiting ?? [];
    waiting = null;
    for (const text of texts) {
      if (text === HUNG_UP) closed();
      else guarded(text);
    }
  }

  function fail(error: unknown): void {
    const { code, message } = asCodedError(error, context.hooks);
    session?.end('invalid_input', code, message);
    session = null;
    socket.close(ERROR_CODES[code].closeCode, code);
  }

  function guarded(text: string): void {
    try {
      take(text);
    } catch (error) {
      fail(error);
    }
  }

  /** Twilio never comes back to a stream: what broke off has ended. */
  function closed(): void {
    if (waiting !== null) {
      waiting.push(HUNG_UP);
      return;
    }
    session?.end('client_vanished');
    session?.detach(listener);
    session = null;
  }

  return {
    protocol: 'twilio',
    text(text) {
      if (waiting === null) guarded(text);
      else waiting.push(text);
    },
    binary: () =>
      fail(
        new InvalidInput('protocol_violation', { expected: 'JSON text messages from Twilio', got: 'a binary message' }),
      ),
    closed,
  };
}

/** Stands in the queue of texts for the end of the socket. */
const HUNG_UP = '\u0004';
