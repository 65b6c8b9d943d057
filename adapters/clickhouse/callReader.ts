/** The reads of the API. Every query is bound to a tenant, and all values are bound as parameters. */
import type { ClickHouseClient } from '@clickhouse/client';
import type { FactKind } from '../../core/facts/facts.ts';
import type { Store } from './openStore.ts';

export interface CallFilter {
  readonly limit: number;
  /** Calls that started before this wall time (Unix ms): the cursor of the page before. */
  readonly beforeMs?: number;
  readonly afterMs?: number;
  readonly agentVersion?: string;
  readonly state?: 'live' | 'ended';
}

export interface FactFilter {
  readonly kinds?: readonly FactKind[];
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly status?: 'provisional' | 'final';
  readonly limit: number;
}

export type Row = Record<string, unknown>;

export interface CallReader {
  calls(tenant: string, filter: CallFilter): Promise<Row[]>;
  call(tenant: string, callId: string): Promise<Row | null>;
  facts(tenant: string, callId: string, filter: FactFilter): Promise<Row[]>;
  /** One row a second and channel, with its 10 ms signals as arrays. */
  frames(tenant: string, callId: string, fromMs: number, toMs: number): Promise<Row[]>;
}

const FAR_FUTURE_MS = 4_102_444_800_000;

export function createCallReader({ reading }: Store): CallReader {
  return {
    calls: (tenant, { limit, beforeMs = FAR_FUTURE_MS, afterMs = 0, agentVersion = '', state = '' as const }) =>
      rows(
        reading,
        `SELECT * FROM earshot.v_calls
         WHERE tenant = {tenant:String}
           AND call_started_at < fromUnixTimestamp64Milli({beforeMs:Int64}, 'UTC')
           AND call_started_at >= fromUnixTimestamp64Milli({afterMs:Int64}, 'UTC')
           AND ({agentVersion:String} = '' OR agent_version = {agentVersion:String})
           AND ({state:String} = '' OR state = {state:String})
         ORDER BY call_started_at DESC, call_id LIMIT {limit:UInt32}`,
        { tenant, limit, beforeMs: Math.round(beforeMs), afterMs: Math.round(afterMs), agentVersion, state },
      ),
    async call(tenant, callId) {
      const found = await rows(
        reading,
        'SELECT * FROM earshot.v_calls WHERE tenant = {tenant:String} AND call_id = {callId:String} LIMIT 1',
        { tenant, callId },
      );
      return found[0] ?? null;
    },
    facts: (tenant, callId, { kinds = [], fromMs = 0, toMs = FAR_FUTURE_MS, status = '' as const, limit }) =>
      rows(
        reading,
        `SELECT id, kind, status, revision, definition_version, channel, ts, start_sample / 16 AS start_ms,
                end_sample / 16 AS end_ms, outcome, reason, text, tap, latency_samples / 16 AS latency_ms,
                level_dbfs, probability, loss_db, amount, ordinal
         FROM earshot.facts FINAL
         WHERE tenant = {tenant:String} AND call_id = {callId:String}
           AND (empty({kinds:Array(String)}) OR has({kinds:Array(String)}, kind))
           AND start_sample >= {fromSample:Int64} AND start_sample < {toSample:Int64}
           AND ({status:String} = '' OR status = {status:String})
         ORDER BY start_sample, kind, id LIMIT {limit:UInt32}`,
        {
          tenant,
          callId,
          kinds: [...kinds],
          fromSample: Math.round(fromMs * 16),
          toSample: Math.round(toMs * 16),
          status,
          limit,
        },
      ),
    frames: (tenant, callId, fromMs, toMs) =>
      rows(
        reading,
        `SELECT channel, start_sample / 16 AS start_ms, level_cdb, speech_255, flags FROM earshot.frames FINAL
         WHERE tenant = {tenant:String} AND call_id = {callId:String}
           AND start_sample >= {fromSample:Int64} AND start_sample < {toSample:Int64}
         ORDER BY channel, start_sample`,
        { tenant, callId, fromSample: Math.round(fromMs * 16), toSample: Math.round(toMs * 16) },
      ),
  };
}

async function rows(client: ClickHouseClient, query: string, query_params: Record<string, unknown>): Promise<Row[]> {
  const result = await client.query({ query, query_params, format: 'JSONEachRow' });
  return result.json<Row>();
}
