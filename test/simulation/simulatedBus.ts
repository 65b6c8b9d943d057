/**
 * One process's bus over the simulated brokers: does what the Kafka adapter does, in the same order, with the adapter's own
 * share, ledger and records; only the client library and the network are made up.
 */
import { Busy } from '../../core/units/errors.ts';
import type { Bus, LogConsumer, LogEntry } from '../../adapters/bus/bus.ts';
import { decodeEntry, encodeEntry } from '../../adapters/bus/logRecord.ts';
import { LogShare } from '../../adapters/bus/logShare.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { LogRecord, Membership, SimulatedBroker } from './simulatedBroker.ts';
import type { VirtualTime } from './virtualTime.ts';

/** Faults of its connection, by chance. */
export interface BusTroubles {
  /** Of requests that write: the brokers had it, and the answer was lost. */
  answersLostShare: number;
  /** Of commits: on the way there or back. */
  commitsLostShare: number;
}

/** What the tests of the checker do wrong on purpose. */
export interface BusFlaws {
  readonly commits?: 'the newest';
  readonly takesOver?: 'too late';
}

export interface SimulatedBusOptions {
  readonly broker: SimulatedBroker;
  readonly process: Process;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly troubles: BusTroubles;
  readonly flaws?: BusFlaws;
}

const LINGER_MS = 5;
const RETRY_MS = 250;
const BUSY_RETRY_MS = 200;
const SEND_BYTES_MAX = 60_000;
const UNCOMMITTED_BYTES_MAX = 400_000;
const BEAT_EVERY_MS = 400;
const FETCH_EVERY_MS = 60;
const FETCH_RECORDS_MAX = 40;
const COMMIT_EVERY_MS = 500;
/** What `takesOver: 'too late'` leaves out. */
const SKIPPED = 3;

interface Outgoing {
  readonly key: string;
  readonly value: Buffer;
  readonly done: () => void;
}

export function createSimulatedBus(options: SimulatedBusOptions): Bus {
  const { broker, process, time, random, troubles, flaws = {} } = options;
  let ordinal = 0;
  let pendingBytes = 0;
  const queue: Outgoing[] = [];
  let isSending = false;

  const isUnreachable = (): boolean => broker.isAway || process.isCutOff;
  const onTheWay = (): Promise<void> => time.pause(random.between(1, 12));

  async function sendAll(): Promise<void> {
    isSending = true;
    await time.pause(LINGER_MS);
    while (queue.length > 0) {
      const batch = queue.slice();
      for (;;) {
        await onTheWay();
        if (!process.isAlive) return;
        if (!isUnreachable()) {
          for (const { key, value } of batch) broker.append(key, value);
          await onTheWay();
          if (!random.chance(troubles.answersLostShare)) break;
        }
        await time.pause(RETRY_MS);
      }
      queue.splice(0, batch.length);
      for (const { value, done } of batch) {
        pendingBytes -= value.length;
        done();
      }
    }
    isSending = false;
  }

  let reading: ReturnType<typeof createReader> | null = null;

  return {
    publish(entry: LogEntry) {
      if (pendingBytes >= SEND_BYTES_MAX) throw new Busy(`${pendingBytes} bytes wait for the brokers`, BUSY_RETRY_MS);
      ordinal += 1;
      const value = encodeEntry(entry, { ordinal });
      pendingBytes += value.length;
      const sent = new Promise<void>((done) => queue.push({ key: `${entry.tenant}/${entry.callId}`, value, done }));
      if (!isSending) void sendAll();
      return process.whileAlive(sent);
    },
    consume(consumer) {
      reading = createReader(options, consumer, isUnreachable, onTheWay, flaws);
    },
    commit: (tenant, callId, position) => process.isAlive && reading?.commit(tenant, callId, position),
    async publishReports({ events }) {
      do {
        await onTheWay();
        if (!process.isAlive) return process.whileAlive(new Promise(() => undefined));
      } while (isUnreachable());
      broker.events.push(...events);
      await process.whileAlive(onTheWay());
    },
    consumeReports: () => undefined,
    notify: () => Promise.resolve(),
    publishFact(fact) {
      if (!process.isAlive || isUnreachable()) return;
      time.after(random.between(5, 40), () => broker.publishFact(fact));
    },
    subscribeFacts: (onFact) =>
      broker.subscribeFacts((fact) => {
        if (process.isAlive && !isUnreachable()) onFact(fact);
      }),
    close: async () => reading?.close(),
  };
}

function createReader(
  { broker, process, troubles, random }: SimulatedBusOptions,
  consumer: LogConsumer,
  isUnreachable: () => boolean,
  onTheWay: () => Promise<void>,
  flaws: BusFlaws,
) {
  const share = new LogShare(consumer);
  let member: Membership | null = null;
  let isBetweenShares = true;
  let isClosed = false;
  let isBeating = false;
  const fetching = new Set<number>();

  async function beat(): Promise<void> {
    if (isBeating || isClosed) return;
    isBeating = true;
    const before = member;
    await onTheWay();
    if (!isUnreachable() && !isClosed && process.isAlive) {
      const now = broker.beat(before?.memberId ?? null);
      const isChanged = before?.generation !== now.generation;
      if (isChanged) isBetweenShares = true;
      await onTheWay();
      member = now;
      if (isChanged) await takeOver(now, before?.memberId === now.memberId ? 'as before' : 'new');
    }
    isBeating = false;
  }

  async function takeOver({ partitions }: Membership, who: 'as before' | 'new'): Promise<void> {
    const isKept = (partition: number): boolean => who === 'as before' && partitions.includes(partition);
    share.revoke(share.partitions.filter((partition) => !isKept(partition)));
    const committed = [...broker.committed];
    await onTheWay();
    for (const partition of partitions) {
      const startOffset = committed[partition];
      const ledger = share.ledgerOf(partition);
      // Others had it, and came further than what was committed from here.
      if (ledger !== null && startOffset > ledger.committableOffset) share.revoke([partition]);
      const skipped = flaws.takesOver === 'too late' && startOffset > 0 ? SKIPPED : 0;
      if (share.ledgerOf(partition) === null) share.begin(partition, startOffset + skipped);
    }
    isBetweenShares = false;
  }

  async function fetch(partition: number): Promise<void> {
    const ledger = share.ledgerOf(partition);
    if (ledger === null || fetching.has(partition) || broker.partitions[partition].length <= ledger.nextOffset) return;
    fetching.add(partition);
    await onTheWay();
    if (!isUnreachable()) {
      const from = ledger.nextOffset;
      const records = broker.partitions[partition].slice(from, from + FETCH_RECORDS_MAX);
      await onTheWay();
      handOut(partition, ledger, records);
    }
    fetching.delete(partition);
  }

  function handOut(partition: number, ledger: ReturnType<LogShare['ledgerOf']>, records: readonly LogRecord[]): void {
    for (const { offset, value } of records) {
      if (isBetweenShares || isClosed || !process.isAlive || share.ledgerOf(partition) !== ledger) return;
      if (offset < (ledger?.nextOffset ?? 0)) continue;
      if (share.uncommittedBytes >= UNCOMMITTED_BYTES_MAX) return;
      share.handOut(partition, decodeEntry(value), offset);
    }
  }

  async function commitDue(): Promise<void> {
    const due =
      flaws.commits === 'the newest'
        ? share.partitions.map((partition) => ({ partition, offset: share.ledgerOf(partition)?.nextOffset ?? 0 }))
        : share.due;
    if (member === null || due.length === 0) return;
    const { memberId, generation } = member;
    await onTheWay();
    if (isUnreachable() || !process.isAlive || random.chance(troubles.commitsLostShare / 2)) return;
    try {
      broker.commit(memberId, generation, due);
    } catch {
      // Said again, or for others to say.
      return;
    }
    await onTheWay();
    if (!random.chance(troubles.commitsLostShare / 2)) share.noteCommitted(due);
  }

  const stops = [
    process.every(BEAT_EVERY_MS, () => void beat()),
    process.every(FETCH_EVERY_MS, () => {
      if (!isBetweenShares && !isUnreachable()) for (const partition of share.partitions) void fetch(partition);
    }),
    process.every(COMMIT_EVERY_MS, () => {
      if (!isBetweenShares) void commitDue();
    }),
  ];
  process.onDeath(() => stops.forEach((stop) => stop()));
  void beat();

  return {
    commit: (tenant: string, callId: string, position: number) => share.commit(tenant, callId, position),
    async close() {
      await commitDue();
      isClosed = true;
      for (const stop of stops) stop();
      if (member !== null && !isUnreachable()) broker.leave(member.memberId);
    },
  };
}
