/** Log entries for tests of buses, and a consumer that keeps what it is handed. */
import { EventEmitter, once } from 'node:events';
import type { CallName, LogConsumer, LogEntry } from '../../adapters/bus/bus.ts';

export const audioEntry = (callId: string, seq: number, bytes = 100): LogEntry => ({
  tenant: 't',
  callId,
  seq,
  own: false,
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
  message: { type: 'close', reason: 'completed', errorCode: '', errorText: '' },
});

export interface Collector extends LogConsumer {
  readonly entries: LogEntry[];
  readonly revokedCalls: CallName[];
  /** Numbers that came of a call, in order. */
  seqsOf(callId: string): number[];
  /** Resolves when so many entries came. */
  count(entries: number): Promise<void>;
  /** Resolves when this holds, looked at after each entry and each revocation. */
  until(holds: () => boolean): Promise<void>;
}

export function collector(): Collector {
  const changed = new EventEmitter();
  const entries: LogEntry[] = [];
  const revokedCalls: CallName[] = [];
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await once(changed, 'change');
  };
  return {
    entries,
    revokedCalls,
    take(entry) {
      entries.push(entry);
      changed.emit('change');
    },
    revoked(calls) {
      revokedCalls.push(...calls);
      changed.emit('change');
    },
    seqsOf: (callId) => entries.filter((entry) => entry.callId === callId).map(({ seq }) => seq),
    count: (number) => until(() => entries.length >= number),
    until,
  };
}
