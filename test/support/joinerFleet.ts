/**
 * Joiners of several processes beside one store, without a store or a bus: rows replace one another by revision as they do in
 * ClickHouse, reports and notices are handed out as the bus does it, and come again when their taker dies before it let go of them.
 */
import { setImmediate } from 'node:timers/promises';
import type { CallNotice } from '../../adapters/bus/bus.ts';
import type { CallInputs, JoinReader, KnownCall } from '../../adapters/clickhouse/joinReader.ts';
import type { FactRow } from '../../adapters/clickhouse/joinRows.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import { keepText, type TextPolicy } from '../../core/events/textPolicy.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { join } from '../../core/join/join.ts';
import { isOfWholeText } from '../../core/join/revision.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { NO_PRICES } from '../../core/spans/prices.ts';
import { HeldTexts } from '../../services/join/heldTexts.ts';
import { Joiner } from '../../services/join/joiner.ts';

export interface FleetCall {
  readonly call: KnownCall;
  readonly facts: readonly FactRow[];
}

interface Delivery {
  readonly key: string;
  hand(process: FleetProcess): Promise<void>;
}

interface FleetProcess {
  readonly joiner: Joiner;
  readonly texts: HeldTexts;
  /** Handed out and not committed. */
  readonly uncommitted: Set<Delivery>;
  reads: string[];
  isMine: (callKey: string) => boolean;
}

const PAUSES = { quietMs: 100, betweenMs: 1_000, betweenTimes: 0, sweepsMs: [5_000, 50_000] };
const TENANT = 't';

export class JoinerFleet {
  readonly #calls: readonly FleetCall[];
  readonly #policy: TextPolicy;
  readonly #events = new Map<string, SpeechEvent>();
  readonly #rows = new Map<string, TableRow>();
  #processes: FleetProcess[] = [];
  #undelivered: Delivery[] = [];
  #nowMs: number;

  constructor(calls: readonly FleetCall[], policy: TextPolicy, startMs: number) {
    this.#calls = calls;
    this.#policy = policy;
    this.#nowMs = startMs;
  }

  get size(): number {
    return this.#processes.length;
  }

  /** The calls that each process has read to join them. */
  get reads(): readonly (readonly string[])[] {
    return this.#processes.map(({ reads }) => [...new Set(reads)].sort());
  }

  /** What the store holds of all calls, but for revisions. */
  get rows(): Readonly<Record<string, unknown>> {
    const plain = [...this.#rows].map(([id, { row }]): [string, unknown] => [id, { ...row, revision: 0 }]);
    return Object.fromEntries(plain.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  rowsOf(kind: string): readonly Readonly<Record<string, unknown>>[] {
    return [...this.#rows.values()]
      .map(({ row }) => row as unknown as Readonly<Record<string, unknown>>)
      .filter((row) => row.kind === kind);
  }

  start(): void {
    const texts = new HeldTexts(1_000_000);
    const reads: string[] = [];
    const joiner = new Joiner({
      reader: this.#reader(reads),
      join,
      prices: NO_PRICES,
      texts,
      write: (rows) => Promise.resolve(rows.forEach((row) => this.#write(row))),
      tell: () => undefined,
      notify: (notices) => {
        for (const notice of notices) this.#undelivered.push(deliveryOfNotice(notice));
        return Promise.resolve();
      },
      nowMs: () => this.#nowMs,
      onFailure: ({ error }) => {
        throw error;
      },
      pauses: PAUSES,
    });
    this.#processes.push({ joiner, texts, reads, uncommitted: new Set(), isMine: () => false });
  }

  /** `ownerOf`: by a call's name, the index of the process that has it; may name one that has ended, then nobody has it. */
  deal(ownerOf: (callKey: string) => number): void {
    this.#processes.forEach((process, index) => {
      process.isMine = (callKey) => ownerOf(callKey) === index;
      process.joiner.own((_tenant, callKey) => process.isMine(callKey));
    });
  }

  /** As two that each believe to have all. */
  dealAllToEach(): void {
    for (const process of this.#processes) {
      process.isMine = () => true;
      process.joiner.own(() => true);
    }
  }

  kill(index: number): void {
    const [dead] = this.#processes.splice(index, 1);
    this.#undelivered.push(...dead.uncommitted);
  }

  leave(index: number): Promise<void> {
    return this.#processes[index].joiner.leave();
  }

  report(event: SpeechEvent): void {
    this.#undelivered.push(this.#deliveryOf(event));
  }

  tellFact(fact: Fact): void {
    for (const { joiner } of this.#processes) joiner.noteFact(fact);
  }

  async cycle(rounds = 1): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      this.#nowMs += 1_000;
      await this.handOut();
      for (const { joiner } of this.#processes) await joiner.cycle();
    }
  }

  /** What waits is handed to whoever has it now. */
  async handOut(): Promise<void> {
    const waiting = this.#undelivered.splice(0);
    for (const delivery of waiting) {
      const process = this.#processes.find(({ isMine }) => isMine(delivery.key));
      if (process === undefined) {
        this.#undelivered.push(delivery);
        continue;
      }
      process.uncommitted.add(delivery);
      void delivery.hand(process).then(() => process.uncommitted.delete(delivery));
    }
    await setImmediate();
  }

  #deliveryOf(event: SpeechEvent): Delivery {
    return {
      key: event.callKey,
      hand: async ({ joiner, texts }) => {
        const kept = keepText(event, this.#policy, { hash: String, redact: String });
        if (!this.#events.has(event.id)) this.#events.set(event.id, kept);
        if (kept !== event) texts.hold(event);
        await joiner.noteReports(TENANT, [event.callKey], []);
      },
    };
  }

  #write(row: TableRow): void {
    const { id, call_id, span_id, revision } = row.row as unknown as Readonly<Record<string, unknown>>;
    const key = `${row.table} ${String(call_id)} ${String(id ?? span_id)}`;
    const before = this.#rows.get(key)?.row as { readonly revision?: number } | undefined;
    if (Number(before?.revision ?? -1) <= Number(revision)) this.#rows.set(key, row);
  }

  #reader(reads: string[]): JoinReader {
    return {
      callsOf: (_tenant, keys) =>
        Promise.resolve(
          this.#calls.map(({ call }) => call).filter((call) => call.keys.some((key) => keys.includes(key))),
        ),
      callsSince: (wallMs) =>
        Promise.resolve(this.#calls.map(({ call }) => call).filter(({ startedAtMs }) => startedAtMs >= wallMs)),
      read: (calls) => {
        reads.push(...calls.map(({ callId }) => callId));
        return Promise.resolve(calls.map((call) => this.#inputsOf(call)));
      },
    };
  }

  #inputsOf(call: KnownCall): CallInputs {
    const texts = this.rowsOf('agent_text').filter(
      (row) => row.call_id === call.callId && row.status === 'final' && isOfWholeText(Number(row.revision)),
    );
    return {
      call,
      facts: this.#calls.find((known) => known.call.callId === call.callId)?.facts ?? [],
      textStarts: new Set(texts.map(({ start_sample }) => Number(start_sample))),
      events: [...this.#events.values()].filter(({ callKey }) => call.keys.includes(callKey)),
      spans: [],
      otherKeys: new Set(),
      scores: [],
    };
  }
}

const deliveryOfNotice = (notice: CallNotice): Delivery => ({
  key: notice.callId,
  hand: ({ joiner }) => Promise.resolve(joiner.noteNotice(notice)),
});
