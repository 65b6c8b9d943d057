/** Which entries of a call's log count, whoever wrote them, however often. */
import type { TakenEntry } from '../../adapters/bus/bus.ts';
import type { OpenedCall } from '../../adapters/clickhouse/callStates.ts';
import type { OpenMessage } from '../../core/audio/message.ts';

/** How far a call is. */
export interface Place {
  /** Who of ingest has it. */
  readonly session: string;
  /** When its sender connected to them, by the sender's clock. */
  readonly connectedAtMs: number;
  /** The sender's last message. */
  readonly lastSeq: number;
  /** How many entries came, those that did not count included. */
  readonly taken: number;
}

/** Who ends a call in the name of a session, at the place where it had taken so many entries. */
export const standingAt = (session: string, taken: number): string => `${session}@${taken}`;

/** A sender's message counts once, whoever took it in; of ingest's own, those of the session that has the call. */
export function counts({ own, seq, message, session }: TakenEntry, place: Place): boolean {
  if (!own) return seq > place.lastSeq;
  // A process that was cut off from the brokers may say late what was so before the sender went to another.
  if (message.type === 'open') return message.connectedAtMs >= place.connectedAtMs;
  if (session === place.session) return true;
  return message.type === 'close' && session === standingAt(place.session, place.taken);
}

export const openedBy = ({ session }: TakenEntry, { call, connectedAtMs }: OpenMessage): OpenedCall => ({
  call,
  session,
  connectedAtMs,
});
