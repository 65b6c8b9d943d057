/** Log entries for tests of buses, and a consumer that keeps what it is handed. */
import { EventEmitter, once } from 'node:events';
import type { CallName, LogConsumer, LogEntry, TakenEntry } from '../../adapters/bus/bus.ts';

export const audioEntry = (callId: string, seq: number, bytes = 100): LogEntry => ({
  tenant: 't',
  callId,
  seq,
  own: false,
  // By it the bus knows what its own sender sends twice; of one bus, since numbers begin anew with each.
  session: 'sender',
  message: {
    type: 'audio',
    lane: 'both',
    position: seq * bytes,
    payload: new Uint8Array(bytes).fill(seq % 251),
    arrivedAtMs: 1_790_000_000_000 + seq * 100,
  },
});

export const closeEntry = (callId: string, seq: number): LogEntry => ({
  tenant: 't',
  callId,
  seq,
  own: false,
  session: '',
  message: { type: 'close', reason: 'completed', errorCode: '', errorText: '' },
});

export interface Collector extends LogConsumer {
  /** As they were published. */
  readonly entries: LogEntry[];
  readonly revokedCalls: CallName[];
  /** Numbers that came of a call, in order. */
  seqsOf(callId: string): number[];
  /** Where the bus handed this one out last. */
  positionOf(callId: string, seq: number): number;
  /** Resolves when so many entries came. */
  count(entries: number): Promise<void>;
  /** Resolves when this holds, looked at after each entry and each revocation. */
  until(holds: () => boolean): Promise<void>;
}

export function collector(): Collector {
  const changed = new EventEmitter();
  const entries: LogEntry[] = [];
  const positions = new Map<string, number>();
  const revokedCalls: CallName[] = [];
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await once(changed, 'change');
  };
  return {
    entries,
    revokedCalls,
    take({ position, ...entry }: TakenEntry) {
      entries.push(entry);
      positions.set(`${entry.callId} ${entry.seq}`, position);
      changed.emit('change');
    },
    revoked(calls) {
      revokedCalls.push(...calls);
      changed.emit('change');
    },
    seqsOf: (callId) => entries.filter((entry) => entry.callId === callId).map(({ seq }) => seq),
    positionOf: (callId, seq) => positions.get(`${callId} ${seq}`) ?? -1,
    count: (number) => until(() => entries.length >= number),
    until,
  };
}
