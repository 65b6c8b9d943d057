/**
 * Calls that speak into a bus as live ones do, one block each so often, whatever happens to the brokers; and a consumer that commits
 * what it takes and notices what is out of order. Where the bus is full, blocks wait as they would in a paused socket.
 */
import { EventEmitter, once } from 'node:events';
import type { Bus, LogConsumer } from '../../adapters/bus/bus.ts';
import { Busy } from '../../core/units/errors.ts';
import { audioEntry } from './logEntries.ts';

export interface LiveCalls {
  readonly published: number;
  readonly acknowledged: number;
  /** Times that the bus was full. */
  readonly refused: number;
  /** How much audio each call has spoken by now, whether the bus took it or not. */
  readonly spokenMs: number;
  /** How long each block took from being spoken to being acknowledged, since this was last asked. */
  takeDelaysMs(): number[];
  /** No more is spoken; resolves when all that was is acknowledged. Returns how many blocks each call has. */
  finish(): Promise<number>;
}

export interface LiveCallsOptions {
  readonly calls: readonly string[];
  readonly blockMs: number;
  readonly blockBytes: number;
}

export function startSpeaking(bus: Bus, { calls, blockMs, blockBytes }: LiveCallsOptions): LiveCalls {
  const startMs = performance.now();
  const next = new Map(calls.map((call) => [call, 0]));
  let published = 0;
  let acknowledged = 0;
  let refused = 0;
  let delaysMs: number[] = [];
  let spoken = 0;
  let isFinishing = false;
  const changed = new EventEmitter();

  function say(call: string, seq: number): void {
    const spokenAtMs = startMs + seq * blockMs;
    // With a session, so that what the bus sends twice itself is known as repeats.
    const sent = bus.publish({ ...audioEntry(call, seq, blockBytes), session: `of ${call}` });
    published += 1;
    void sent.then(() => {
      acknowledged += 1;
      delaysMs.push(performance.now() - spokenAtMs);
      changed.emit('change');
    });
  }

  function sayWhatIsDue(): void {
    if (!isFinishing) spoken = 1 + Math.floor((performance.now() - startMs) / blockMs);
    try {
      for (const call of calls) {
        for (let seq = next.get(call) ?? 0; seq < spoken; seq += 1) {
          say(call, seq);
          next.set(call, seq + 1);
        }
      }
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      refused += 1;
    }
  }

  const timer = setInterval(sayWhatIsDue, blockMs);
  return {
    get published() {
      return published;
    },
    get acknowledged() {
      return acknowledged;
    },
    get refused() {
      return refused;
    },
    get spokenMs() {
      return performance.now() - startMs;
    },
    takeDelaysMs() {
      const taken = delaysMs;
      delaysMs = [];
      return taken;
    },
    async finish() {
      isFinishing = true;
      while (acknowledged < spoken * calls.length) await once(changed, 'change');
      clearInterval(timer);
      return spoken;
    },
  };
}

export interface Listener extends LogConsumer {
  readonly faults: string[];
  readonly taken: number;
  /** Handed out more than once. */
  readonly repeats: number;
  /** How many different blocks of this call came. */
  blocksOf(call: string): number;
  /** Looked at after each entry. */
  until(holds: () => boolean): Promise<void>;
}

/** Commits on the bus that `busOf` gives, at once. Several that share the work may share what is `heard`. */
export function listenerFor(busOf: () => Bus, heard = new Map<string, Set<number>>()): Listener {
  const changed = new EventEmitter();
  /** By call, the last that was handed out since it was last revoked. */
  const last = new Map<string, number>();
  const faults: string[] = [];
  let taken = 0;
  let repeats = 0;
  return {
    faults,
    get taken() {
      return taken;
    },
    get repeats() {
      return repeats;
    },
    take({ tenant, callId, seq, position }) {
      const before = last.get(callId);
      if (before !== undefined && seq !== before + 1) faults.push(`${callId}: ${seq} came after ${before}`);
      last.set(callId, seq);
      const blocks = heard.get(callId) ?? new Set();
      heard.set(callId, blocks);
      if (before === undefined && seq > blocks.size)
        faults.push(`${callId}: began at ${seq}, known are ${blocks.size}`);
      if (blocks.has(seq)) repeats += 1;
      blocks.add(seq);
      taken += 1;
      busOf().commit(tenant, callId, position);
      changed.emit('change');
    },
    revoked(calls) {
      for (const { callId } of calls) last.delete(callId);
      changed.emit('change');
    },
    blocksOf: (call) => heard.get(call)?.size ?? 0,
    async until(holds) {
      while (!holds()) await once(changed, 'change');
    },
  };
}

export function quantilesOf(valuesMs: readonly number[]): { p50: number; p99: number; max: number } {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
