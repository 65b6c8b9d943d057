/** This process's share of the calls' logs: what of each partition was handed out, and what of that is committed. */
import { callKeyOf } from '../../core/facts/callKey.ts';
import { messageBytes } from '../../core/audio/message.ts';
import type { LogConsumer, LogEntry } from './bus.ts';
import type { Written } from './logRecord.ts';
import { OffsetLedger } from './offsetLedger.ts';

export interface PartitionOffset {
  readonly partition: number;
  readonly offset: number;
}

interface Part {
  readonly ledger: OffsetLedger;
  committedOffset: number;
}

export class LogShare {
  readonly #consumer: LogConsumer;
  readonly #parts = new Map<number, Part>();

  constructor(consumer: LogConsumer) {
    this.#consumer = consumer;
  }

  get partitions(): readonly number[] {
    return [...this.#parts.keys()];
  }

  get uncommittedBytes(): number {
    let bytes = 0;
    for (const { ledger } of this.#parts.values()) bytes += ledger.uncommittedBytes;
    return bytes;
  }

  /** What can be committed now and is not. */
  get due(): readonly PartitionOffset[] {
    return [...this.#parts]
      .map(([partition, { ledger }]) => ({ partition, offset: ledger.committableOffset }))
      .filter(({ partition, offset }) => offset > (this.#parts.get(partition)?.committedOffset ?? offset));
  }

  /** Null: not ours. */
  ledgerOf(partition: number): OffsetLedger | null {
    return this.#parts.get(partition)?.ledger ?? null;
  }

  begin(partition: number, offset: number): OffsetLedger {
    const ledger = new OffsetLedger(offset);
    this.#parts.set(partition, { ledger, committedOffset: offset });
    return ledger;
  }

  handOut(partition: number, written: LogEntry & Written, offset: number): void {
    const { ordinal, ...entry } = written;
    const { tenant, callId, session, message } = entry;
    const bytes = messageBytes(message);
    const isLast = message.type === 'close';
    const ledger = this.#parts.get(partition)?.ledger;
    const verdict = ledger?.take(
      callKeyOf({ tenant, callId }),
      { tenant, callId, session, ordinal, bytes, isLast },
      offset,
    );
    if (verdict === 'new') this.#consumer.take({ ...entry, position: offset });
  }

  commit(tenant: string, callId: string, offset: number): void {
    const key = callKeyOf({ tenant, callId });
    for (const { ledger } of this.#parts.values()) if (ledger.has(key)) ledger.commit(key, offset);
  }

  noteCommitted(done: readonly PartitionOffset[]): void {
    for (const { partition, offset } of done) {
      const part = this.#parts.get(partition);
      if (part !== undefined) part.committedOffset = Math.max(part.committedOffset, offset);
    }
  }

  revoke(partitions: readonly number[]): void {
    const calls = partitions.flatMap((partition) => this.#parts.get(partition)?.ledger.calls ?? []);
    for (const partition of partitions) this.#parts.delete(partition);
    if (calls.length > 0) this.#consumer.revoked?.(calls);
  }
}
