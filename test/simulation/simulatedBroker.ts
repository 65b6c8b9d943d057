/**
 * The brokers: the topic of the calls' logs in partitions, a group that shares them out among its living members, what each
 * partition is committed to, and the feed of facts. Members that are not heard of for a while lose their share.
 */
import type { Fact } from '../../core/facts/facts.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { VirtualTime } from './virtualTime.ts';

export interface LogRecord {
  readonly offset: number;
  readonly value: Buffer;
}

export interface Membership {
  readonly memberId: string;
  readonly generation: number;
  readonly partitions: readonly number[];
}

const SESSION_MS_MAX = 2_500;

interface Member {
  heardAtMs: number;
  partitions: number[];
}

export class SimulatedBroker {
  readonly partitions: LogRecord[][];
  readonly committed: number[];
  readonly events: SpeechEvent[] = [];
  readonly #time: VirtualTime;
  readonly #members = new Map<string, Member>();
  readonly #subscribers = new Set<(fact: Fact) => void>();
  #generation = 0;
  #joins = 0;
  #awayUntilMs = 0;

  constructor(time: VirtualTime, partitionCount: number) {
    this.#time = time;
    this.partitions = Array.from({ length: partitionCount }, () => []);
    this.committed = Array.from({ length: partitionCount }, () => 0);
  }

  get isAway(): boolean {
    return this.#time.nowMs < this.#awayUntilMs;
  }

  goAway(forMs: number): void {
    this.#awayUntilMs = this.#time.nowMs + forMs;
    // Their clocks stood still too.
    for (const member of this.#members.values()) member.heardAtMs = this.#awayUntilMs;
  }

  comeBack(): void {
    this.#awayUntilMs = 0;
  }

  partitionOf(key: string): number {
    let hash = 0;
    for (const char of key) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
    return hash % this.partitions.length;
  }

  append(key: string, value: Buffer): void {
    const records = this.partitions[this.partitionOf(key)];
    records.push({ offset: records.length, value });
  }

  /** A heartbeat; null, or an id that is not known any more, joins anew. */
  beat(memberId: string | null): Membership {
    this.#expire();
    let id = memberId;
    let member = id === null ? undefined : this.#members.get(id);
    if (id === null || member === undefined) {
      this.#joins += 1;
      id = `member-${this.#joins}`;
      member = { heardAtMs: 0, partitions: [] };
      this.#members.set(id, member);
      this.#shareOut();
    }
    member.heardAtMs = this.#time.nowMs;
    return { memberId: id, generation: this.#generation, partitions: [...member.partitions] };
  }

  leave(memberId: string): void {
    if (this.#members.delete(memberId)) this.#shareOut();
  }

  /** Throws for who is not a member of this generation any more. */
  commit(memberId: string, generation: number, offsets: readonly { partition: number; offset: number }[]): void {
    this.#expire();
    if (generation !== this.#generation || !this.#members.has(memberId)) throw new Error('ILLEGAL_GENERATION');
    for (const { partition, offset } of offsets) this.committed[partition] = offset;
  }

  publishFact(fact: Fact): void {
    for (const tell of this.#subscribers) tell(fact);
  }

  subscribeFacts(onFact: (fact: Fact) => void): () => void {
    this.#subscribers.add(onFact);
    return () => this.#subscribers.delete(onFact);
  }

  #expire(): void {
    const gone = [...this.#members].filter(([, { heardAtMs }]) => this.#time.nowMs - heardAtMs > SESSION_MS_MAX);
    for (const [id] of gone) this.#members.delete(id);
    if (gone.length > 0) this.#shareOut();
  }

  /** Each keeps what it has as far as that is its part. */
  #shareOut(): void {
    this.#generation += 1;
    const members = [...this.#members.values()];
    if (members.length === 0) return;
    const most = Math.ceil(this.partitions.length / members.length);
    for (const member of members) member.partitions = member.partitions.slice(0, most);
    const taken = new Set(members.flatMap(({ partitions }) => partitions));
    for (let partition = 0; partition < this.partitions.length; partition += 1) {
      if (taken.has(partition)) continue;
      const least = members.reduce((a, b) => (b.partitions.length < a.partitions.length ? b : a));
      least.partitions.push(partition);
    }
  }
}
