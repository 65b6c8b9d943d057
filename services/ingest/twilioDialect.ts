/** Twilio Media Streams on a socket. Nothing is ever sent on it: Twilio takes a message on a fork for an error. */
import { createTwilioReader } from '../../adapters/telephony/twilio.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import type { CallSession } from './callSession.ts';
import type { Dialect, Message } from './socketCall.ts';

export function twilioDialect(tenant: string, nowMs: () => number): Dialect {
  const reader = createTwilioReader(tenant);

  function take(message: Message, session: CallSession): void {
    const event = reader.read(textOf(message), nowMs());
    switch (event?.type) {
      case 'audio':
      case 'clear':
        return session.accept(session.nextSeq, event);
      case 'stop':
        return session.bye(session.nextSeq);
      case 'open':
      case undefined:
        return undefined;
    }
  }

  return {
    protocol: 'twilio',
    continuation: 'new only',
    wantsFacts: false,
    open(message) {
      const event = reader.read(textOf(message), nowMs());
      return event?.type === 'open' ? { call: event.call, ackedSeq: -1, connectedAtMs: 0 } : null;
    },
    begin: () => undefined,
    take,
    acked: () => undefined,
    told: () => undefined,
    done: () => undefined,
    refused: () => undefined,
  };
}

function textOf(message: Message): string {
  if (typeof message === 'string') return message;
  throw new InvalidInput('protocol_violation', {
    expected: 'JSON text messages from Twilio',
    got: `a binary message of ${message.byteLength} bytes`,
  });
}
