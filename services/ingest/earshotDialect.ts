/** Earshot's own protocol on a socket: hello, audio, acknowledgements, bye; its client can come back where it broke off. */
import type { WebSocket } from 'ws';
import {
  openCallOf,
  parseAudio,
  parseHello,
  parseText,
  type ClientEvent,
  type ServerText,
} from '../../adapters/telephony/earshot.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import type { CallSession } from './callSession.ts';
import type { Dialect } from './socketCall.ts';
import { SocketEvents } from './socketEvents.ts';
import { tenantOf } from '../../core/units/tenant.ts';

/** `pathTenant`: the tenant of the URL, if it names one; a hello may then name no other. */
/** Of calls, not of connections: a client that comes back goes on in the middle of what its services were saying. */
const READINGS = new WeakMap<CallSession, SocketEvents>();

export function earshotDialect(socket: WebSocket, pathTenant: string | undefined, nowMs: () => number): Dialect {
  let wantsFacts = false;
  let factsSent = 0;

  const send = (message: ServerText): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };

  /** An event that cannot be read costs itself: its number is taken, its sender is told, the call goes on. */
  function takeEvent(message: ClientEvent, session: CallSession): void {
    const isNext = message.seq === session.nextSeq;
    const reading = READINGS.get(session) ?? new SocketEvents(nowMs);
    READINGS.set(session, reading);
    // Sent again, or out of turn, it must not be read: some messages are read by what came before them.
    const report = isNext ? reading.read(message, session.open) : { events: [], rejected: [] };
    session.accept(message.seq, { type: 'report', events: report.events });
    for (const { code, expected, got } of report.rejected)
      send({ type: 'rejected', seq: message.seq, code, expected, got });
  }

  function takeText(text: string, session: CallSession): void {
    const message = parseText(text);
    switch (message.type) {
      case 'clear':
        return session.accept(message.seq, { type: 'clear', position: message.positionSamples });
      case 'mark':
        if (session.acceptUnlogged(message.seq) === 'taken') send({ type: 'mark', name: message.name });
        return undefined;
      case 'event':
        return takeEvent(message, session);
      case 'bye':
        return session.bye(message.seq);
    }
  }

  return {
    protocol: 'earshot',
    continuation: 'may resume',
    get wantsFacts() {
      return wantsFacts;
    },
    open(message) {
      if (typeof message !== 'string') throw violation('hello first', 'a binary message');
      const hello = parseHello(message);
      wantsFacts = hello.facts === true;
      const call = openCallOf(hello, tenantOfCall(hello.tenant, pathTenant), nowMs());
      return { call, ackedSeq: hello.ackedSeq ?? -1, connectedAtMs: hello.connectedAtMs ?? 0 };
    },
    begin(session) {
      const { nextSeq, ackedSeq } = session;
      send({ type: 'ready', callId: session.open.callId, nextSeq, ackedSeq });
    },
    take(message, session) {
      if (typeof message === 'string') return takeText(message, session);
      const { seq, lane, position, payload } = parseAudio(message);
      return session.accept(seq, { type: 'audio', lane, position, payload, arrivedAtMs: nowMs() });
    },
    acked: (seq) => send({ type: 'ack', seq }),
    told(fact) {
      if (!wantsFacts) return;
      factsSent += 1;
      send({ type: 'fact', fact });
    },
    done(session) {
      const done = { type: 'done', callId: session.open.callId, samples: session.samples } as const;
      send(wantsFacts ? { ...done, facts: factsSent } : done);
    },
    refused: ({ code, message, expected, got }) => send({ type: 'error', code, message, expected, got }),
  };
}

function tenantOfCall(tenant: string | undefined, pathTenant: string | undefined): string {
  if (tenant !== undefined && pathTenant !== undefined && tenant !== pathTenant) {
    throw new InvalidInput('hello_invalid', { expected: `tenant ${pathTenant}, as in the URL, or none`, got: tenant });
  }
  return tenantOf(pathTenant ?? tenant);
}

const violation = (expected: string, got: string): InvalidInput =>
  new InvalidInput('protocol_violation', { expected, got });
