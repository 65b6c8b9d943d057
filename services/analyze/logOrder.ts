/** Which entries of a call's log count, whoever wrote them, however often. */
import type { TakenEntry } from '../../adapters/bus/bus.ts';
import type { OpenedCall } from '../../adapters/clickhouse/callStates.ts';

/** How far a call is. */
export interface Place {
  /** Who of ingest has it. */
  readonly session: string;
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
  if (message.type === 'open' || session === place.session) return true;
  return message.type === 'close' && session === standingAt(place.session, place.taken);
}

export const openedBy = ({ message, session }: TakenEntry): OpenedCall | null =>
  message.type === 'open' ? { call: message.call, session } : null;
