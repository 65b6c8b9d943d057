/**
 * What one process has handed out of one partition, in which the logs of many calls lie between one another: which entries
 * are repeats, and up to where all is committed. The oldest entry that is not holds the whole partition's offset.
 */
import type { CallName } from './bus.ts';
import type { Written } from './logRecord.ts';

export interface LedgerEntry extends CallName, Written {
  readonly session: string;
  readonly bytes: number;
  readonly isLast: boolean;
}

interface HandedOut {
  readonly offset: number;
  readonly bytes: number;
}

interface LedgerCall {
  readonly name: CallName;
  /** In the order of the log. */
  readonly uncommitted: HandedOut[];
  session: string;
  ordinal: number;
  hasEnded: boolean;
}

/** An end may not have counted: so many of the last are told of when the partition goes. */
const ENDED_KEPT_MAX = 1_000;

export class OffsetLedger {
  readonly #calls = new Map<string, LedgerCall>();
  readonly #ended = new Map<string, CallName>();
  #nextOffset: number;
  #uncommittedBytes = 0;

  constructor(nextOffset: number) {
    this.#nextOffset = nextOffset;
  }

  /** The offset of the entry to be handed out next. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  get uncommittedBytes(): number {
    return this.#uncommittedBytes;
  }

  /** Where another process would have to go on: everything before it is durable. */
  get committableOffset(): number {
    let lowest = this.#nextOffset;
    for (const { uncommitted } of this.#calls.values()) {
      if (uncommitted.length > 0 && uncommitted[0].offset < lowest) lowest = uncommitted[0].offset;
    }
    return lowest;
  }

  /** Those that may be known to the consumer still. */
  get calls(): readonly CallName[] {
    return [...[...this.#calls.values()].map(({ name }) => name), ...this.#ended.values()];
  }

  has(key: string): boolean {
    return this.#calls.has(key);
  }

  /** Goes past a record that is not handed out. */
  skip(offset: number): void {
    this.#nextOffset = offset + 1;
  }

  /** `repeat`: the same session wrote this entry before, and it is not to be handed out again. */
  take(key: string, entry: LedgerEntry, offset: number): 'new' | 'repeat' {
    this.#nextOffset = offset + 1;
    const { tenant, callId, session, ordinal } = entry;
    let call = this.#calls.get(key);
    if (call === undefined) {
      call = { name: { tenant, callId }, uncommitted: [], session, ordinal: 0, hasEnded: false };
      this.#calls.set(key, call);
      this.#ended.delete(key);
    }
    const isSameSession = session !== '' && session === call.session;
    if (isSameSession && ordinal <= call.ordinal) return 'repeat';
    call.session = session;
    call.ordinal = ordinal;
    // What follows an end shows that it did not count: of a process that believed to have the call still.
    call.hasEnded = entry.isLast;
    call.uncommitted.push({ offset, bytes: entry.bytes });
    this.#uncommittedBytes += entry.bytes;
    return 'new';
  }

  /** What was handed out of the call up to and with this offset is durable. */
  commit(key: string, upTo: number): void {
    const call = this.#calls.get(key);
    if (call === undefined) return;
    const { uncommitted } = call;
    const firstAfter = uncommitted.findIndex((entry) => entry.offset > upTo);
    const count = firstAfter === -1 ? uncommitted.length : firstAfter;
    for (const { bytes } of uncommitted.splice(0, count)) this.#uncommittedBytes -= bytes;
    if (!call.hasEnded || uncommitted.length > 0) return;
    this.#calls.delete(key);
    this.#ended.set(key, call.name);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > ENDED_KEPT_MAX) this.#ended.delete(oldest);
  }
}
