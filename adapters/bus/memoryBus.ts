/**
 * The bus within one process: hands each entry straight to the consumer, and keeps of it only what is needed to tell its
 * publisher when the consumer has made it durable. Bounded by the bytes that are not yet committed.
 */
import { callKeyOf } from '../../core/facts/callKey.ts';
import { messageBytes } from '../../core/audio/message.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { Busy } from '../../core/units/errors.ts';
import { ALL_MINE, type Bus, type LogConsumer, type ReportConsumer, type TakenEntry } from './bus.ts';

export interface MemoryBusOptions {
  readonly bytesMax: number;
}

interface Pending {
  readonly position: number;
  readonly bytes: number;
  readonly resolve: () => void;
}

const BUSY_RETRY_MS = 200;

export function createMemoryBus({ bytesMax }: MemoryBusOptions): Bus & { readonly pendingBytes: number } {
  const pending = new Map<string, Pending[]>();
  const subscribers = new Set<(fact: Fact) => void>();
  let consumer: LogConsumer | null = null;
  let early: TakenEntry[] = [];
  let reportConsumer: ReportConsumer | null = null;
  let pendingBytes = 0;
  let position = 0;

  return {
    publish(entry) {
      if (pendingBytes >= bytesMax) throw new Busy(`${pendingBytes} bytes wait to be analysed`, BUSY_RETRY_MS);
      const bytes = messageBytes(entry.message);
      const key = callKeyOf(entry);
      const ofCall = pending.get(key) ?? [];
      pending.set(key, ofCall);
      pendingBytes += bytes;
      position += 1;
      const taken = { ...entry, position };
      const durable = new Promise<void>((resolve) => ofCall.push({ position: taken.position, bytes, resolve }));
      if (consumer === null) early.push(taken);
      else consumer.take(taken);
      return durable;
    },
    consume(next) {
      consumer = next;
      for (const entry of early) next.take(entry);
      early = [];
    },
    commit(tenant, callId, upTo) {
      const key = callKeyOf({ tenant, callId });
      const ofCall = pending.get(key);
      if (ofCall === undefined) return;
      const count = countUpTo(ofCall, upTo);
      for (const { bytes, resolve } of ofCall.splice(0, count)) {
        pendingBytes -= bytes;
        resolve();
      }
      if (ofCall.length === 0) pending.delete(key);
    },
    publishReports(reports) {
      if (reportConsumer === null) throw new Busy('nobody takes reports yet', BUSY_RETRY_MS);
      return reportConsumer.take(reports);
    },
    consumeReports(next) {
      reportConsumer = next;
      next.owned(ALL_MINE);
    },
    async notify(notices) {
      for (const notice of notices) await reportConsumer?.notice(notice);
    },
    publishFact(fact) {
      if (fact.kind === 'frames') return;
      for (const onFact of subscribers) onFact(fact);
    },
    subscribeFacts(onFact) {
      subscribers.add(onFact);
      return () => subscribers.delete(onFact);
    },
    get pendingBytes() {
      return pendingBytes;
    },
    close() {
      consumer = null;
      reportConsumer = null;
      early = [];
      pending.clear();
      pendingBytes = 0;
      subscribers.clear();
      return Promise.resolve();
    },
  };
}

/** Entries lie in the order of their positions. */
function countUpTo(entries: readonly Pending[], position: number): number {
  const first = entries.findIndex((entry) => entry.position > position);
  return first === -1 ? entries.length : first;
}
