/**
 * A ClickHouse as seen through its client: takes inserts with tokens, remembers the tokens for a while, answers the one question
 * that is asked of states, and fails as servers do: before, after, or in the middle of what it was asked.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { Readable } from 'node:stream';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtualTime.ts';

export type StoreTrouble =
  'outage' | 'refuses' | 'disk full' | 'slow' | 'succeeds, then times out' | 'comes late' | 'partly';

export type StoredRow = Readonly<Record<string, unknown>> & { readonly tenant: string; readonly call_id: string };

export interface Insert {
  readonly table: string;
  readonly atMs: number;
  readonly by: string;
  readonly rows: readonly StoredRow[];
}

const TOKENS_MAX = 200;
const TIMEOUT_MS = 3_000;
const TROUBLE_SHARE = 0.6;

interface ExecParams {
  readonly query: string;
  readonly values: AsyncIterable<Buffer>;
  readonly abort_signal?: AbortSignal;
}

interface QueryParams {
  readonly query: string;
  readonly query_params: { readonly tenant: string; readonly callId: string };
}

export class SimulatedStore {
  readonly inserts: Insert[] = [];
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #states = new Map<string, (StoredRow & { readonly order: number })[]>();
  /** How many rows of the block were taken under this token. */
  readonly #tokens = new Map<string, number>();
  readonly #troubles = new Map<StoreTrouble, number>();
  readonly #unreadable = new Set<string>();
  #order = 0;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  trouble(kind: StoreTrouble, forMs: number): void {
    this.#troubles.set(kind, this.#time.nowMs + forMs);
  }

  heal(): void {
    this.#troubles.clear();
  }

  /** From now on, what is saved of the call until now cannot be read. */
  spoilStates(tenant: string, callId: string): void {
    for (const row of this.#states.get(keyOf(tenant, callId)) ?? []) this.#unreadable.add(String(row.state));
  }

  statesOf(tenant: string, callId: string): readonly StoredRow[] {
    return this.#states.get(keyOf(tenant, callId)) ?? [];
  }

  connect(process: Process): Store {
    const client = {
      exec: (params: ExecParams) => process.whileAlive(this.#insert(params, process)),
      query: (params: QueryParams) => process.whileAlive(this.#load(params)),
      close: () => Promise.resolve(),
    } as unknown as ClickHouseClient;
    return {
      writing: client,
      reading: client,
      joining: client,
      cluster: '',
      ping: () => Promise.resolve(true),
      close: () => Promise.resolve(),
    };
  }

  async #insert(params: ExecParams, process: Process): Promise<{ stream: Readable }> {
    const { query, values, abort_signal } = params;
    const table = /earshot\.(\w+)/.exec(query)?.[1] ?? '';
    const token = `${table} ${/insert_deduplication_token = '(\w+)'/.exec(query)?.[1] ?? ''}`;
    const pieces: Buffer[] = [];
    for await (const piece of values) pieces.push(piece);
    const lines = Buffer.concat(pieces).toString('utf8').split('\n').filter(Boolean);
    await this.#time.pause(this.#random.between(2, 15), abort_signal);
    const take = (count = lines.length): void => this.#take(table, token, lines.slice(0, count), process.name);
    if (this.#is('outage')) throw failed('ECONNREFUSED', 'connect ECONNREFUSED');
    if (this.#is('slow')) await this.#time.pause(this.#random.between(300, 2_000), abort_signal);
    if (this.#isNow('refuses')) throw failed('TOO_MANY_PARTS', 'Too many parts (3000)');
    if (this.#is('disk full')) throw failed('NOT_ENOUGH_SPACE', 'Cannot reserve 1.00 MiB, not enough space');
    if (this.#isNow('partly')) {
      take(this.#random.below(lines.length + 1));
      throw failed('NETWORK_ERROR', 'socket hang up');
    }
    if (this.#isNow('succeeds, then times out')) {
      take();
      await this.#time.pause(TIMEOUT_MS, abort_signal);
      throw failed('TIMEOUT_ERROR', 'Timeout error.');
    }
    if (this.#isNow('comes late')) {
      this.#time.after(this.#random.between(500, 2 * TIMEOUT_MS), () => take());
      await this.#time.pause(TIMEOUT_MS, abort_signal);
      throw failed('TIMEOUT_ERROR', 'Timeout error.');
    }
    take();
    await this.#time.pause(this.#random.between(1, 10), abort_signal);
    return { stream: Readable.from([]) };
  }

  #take(table: string, token: string, lines: readonly string[], by: string): void {
    const already = this.#tokens.get(token) ?? 0;
    if (already >= lines.length) return;
    this.#tokens.delete(token);
    this.#tokens.set(token, lines.length);
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= TOKENS_MAX) break;
      this.#tokens.delete(oldest);
    }
    const rows = lines.slice(already).map((line) => JSON.parse(line) as StoredRow);
    this.inserts.push({ table, atMs: this.#time.nowMs, by, rows });
    if (table !== 'call_states') return;
    for (const row of rows) {
      this.#order += 1;
      const ofCall = this.#states.get(keyOf(row.tenant, row.call_id)) ?? [];
      ofCall.push({ ...row, order: this.#order });
      this.#states.set(keyOf(row.tenant, row.call_id), ofCall);
    }
  }

  async #load({ query, query_params }: QueryParams): Promise<{ json(): Promise<unknown[]> }> {
    if (!query.includes('earshot.call_states')) throw new Error(`the simulated store does not know: ${query}`);
    await this.#time.pause(this.#random.between(2, 15));
    if (this.#is('slow')) await this.#time.pause(this.#random.between(300, 2_000));
    if (this.#is('outage') || this.#isNow('refuses')) throw failed('ECONNREFUSED', 'connect ECONNREFUSED');
    const { tenant, callId } = query_params;
    const rows = (this.#states.get(keyOf(tenant, callId)) ?? []).toSorted(
      (a, b) =>
        Number(b.ended) - Number(a.ended) ||
        Number(b.seq) - Number(a.seq) ||
        Number(b.taken) - Number(a.taken) ||
        b.order - a.order,
    );
    const found = rows.slice(0, 1).map((row) => ({
      seq_text: String(row.seq),
      taken_text: String(row.taken),
      state_version: row.state_version,
      ended: row.ended,
      opened: row.opened,
      state: this.#unreadable.has(String(row.state)) ? '' : row.state,
    }));
    return { json: () => Promise.resolve(found) };
  }

  #is(kind: StoreTrouble): boolean {
    return (this.#troubles.get(kind) ?? 0) > this.#time.nowMs;
  }

  /** Troubles that come and go. */
  #isNow(kind: StoreTrouble): boolean {
    return this.#is(kind) && this.#random.chance(TROUBLE_SHARE);
  }
}

const keyOf = (tenant: string, callId: string): string => `${tenant}/${callId}`;

const failed = (type: string, message: string): Error => Object.assign(new Error(message), { type });
