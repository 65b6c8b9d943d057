/**
 * Reads all that is known of some calls, for joining: the facts of their audio, the events, spans and scores that speak of
 * them. Several calls are read at once, since a query costs more than its rows.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { Score } from '../../core/events/score.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import { isOfWholeText } from '../../core/join/revision.ts';
import { spanOfRow, type StoredSpan } from '../../core/rows/spanRow.ts';
import type { Span } from '../../core/spans/span.ts';
import {
  EVENT_FIELDS,
  eventOfRow,
  FACT_FIELDS,
  SCORE_FIELDS,
  scoreOfRow,
  type EventRow,
  type FactRow,
  type ScoreRow,
} from './joinRows.ts';
import type { Store } from './openStore.ts';
import { SPAN_SELECT } from './spanSelect.ts';

export interface KnownCall {
  readonly tenant: string;
  readonly callId: string;
  readonly startedAtMs: number;
  /** What others may call it: its id, the provider's names of it. */
  readonly keys: readonly string[];
  readonly traceId: string;
}

/** All that is known of one call. */
export interface CallInputs {
  readonly call: KnownCall;
  /** Of its audio. */
  readonly facts: readonly FactRow[];
  /** Where the turns begin whose text was joined for good before, by somebody who had all of it (core/join/revision.ts). */
  readonly textStarts: ReadonlySet<number>;
  readonly events: readonly SpeechEvent[];
  /** Of every trace that speaks of the call, those of other calls included. */
  readonly spans: readonly Span[];
  /** Keys of other calls that those traces speak of as well. */
  readonly otherKeys: ReadonlySet<string>;
  readonly scores: readonly Score[];
}

export interface JoinReader {
  /** Calls of a tenant that go by one of the keys, or that one of the traces speaks of. */
  callsOf(tenant: string, keys: readonly string[], traceIds: readonly string[]): Promise<KnownCall[]>;
  /** Calls that were opened or told of since, and those that have not ended. */
  callsSince(wallMs: number): Promise<KnownCall[]>;
  read(calls: readonly KnownCall[]): Promise<CallInputs[]>;
}

interface TraceCallRow {
  readonly TraceId: string;
  readonly Tenant: string;
  readonly CallKey: string;
}

const CALL_FIELDS = `tenant, call_id, toUnixTimestamp64Milli(call_started_at) AS started_at_ms, any(trace_id) AS trace,
  arrayDistinct(arrayConcat([call_id], mapValues(any(provider_ids)))) AS keys`;
const CALL_GROUP = 'GROUP BY tenant, call_started_at, call_id';

/** Whose spans are that a Collector wrote into the table beside us. */
const TENANT_OF_OTHERS = 'default';
/** A call that is older and has no end will not get one. */
const CALL_SECONDS_MAX = 6 * 3_600;
/** Spans begin before their call is opened and are told up to an hour after it. */
const SPANS_BEFORE_MS = 5 * 60_000;
const SPANS_AFTER_MS = 5 * 3_600_000;

export function createJoinReader({ joining }: Pick<Store, 'joining'>): JoinReader {
  const ask = <Row>(query: string, params: Record<string, unknown>): Promise<Row[]> => rows(joining, query, params);

  async function callsBy(condition: string, params: Record<string, unknown>, having = ''): Promise<KnownCall[]> {
    const query = `SELECT ${CALL_FIELDS} FROM earshot.calls WHERE ${condition} ${CALL_GROUP} ${having}`;
    const found = await ask<{
      tenant: string;
      call_id: string;
      started_at_ms: string | number;
      trace: string;
      keys: string[];
    }>(query, params);
    return found.map(({ tenant, call_id, started_at_ms, trace, keys }) => ({
      tenant,
      callId: call_id,
      startedAtMs: Number(started_at_ms),
      keys: keys.filter((key) => key !== ''),
      traceId: trace,
    }));
  }

  async function tracesOf(calls: readonly KnownCall[]): Promise<TraceCallRow[]> {
    const keys = calls.flatMap((call) => call.keys);
    const traceIds = calls.map(({ traceId }) => traceId).filter((traceId) => traceId !== '');
    return ask<TraceCallRow>(
      `SELECT DISTINCT TraceId, Tenant, CallKey FROM earshot.trace_calls WHERE TraceId IN
         (SELECT TraceId FROM earshot.trace_calls WHERE CallKey IN {keys:Array(String)})
         OR TraceId IN {traceIds:Array(String)}`,
      { keys, traceIds },
    );
  }

  async function spansOf(calls: readonly KnownCall[], traceIds: readonly string[]): Promise<Map<string, Span[]>> {
    if (traceIds.length === 0) return new Map();
    const starts = calls.map(({ startedAtMs }) => startedAtMs);
    const found = await ask<StoredSpan>(
      `SELECT ${SPAN_SELECT} FROM earshot.otel_traces AS t WHERE t.TraceId IN {traceIds:Array(String)}
         AND t.Timestamp >= fromUnixTimestamp64Milli({fromMs:Int64}) AND t.Timestamp < fromUnixTimestamp64Milli({toMs:Int64})
       ORDER BY t.Duration DESC LIMIT 1 BY TraceId, SpanId, ResourceAttributes['earshot.tenant']`,
      { traceIds, fromMs: Math.min(...starts) - SPANS_BEFORE_MS, toMs: Math.max(...starts) + SPANS_AFTER_MS },
    );
    return grouped(
      found.map((row) => spanOfRow(row, TENANT_OF_OTHERS)),
      ({ traceId }) => traceId,
    );
  }

  return {
    async callsOf(tenant, keys, traceIds) {
      const told = await ask<{ CallKey: string }>(
        `SELECT DISTINCT CallKey FROM earshot.trace_calls WHERE TraceId IN {traceIds:Array(String)} AND Tenant = {tenant:String}`,
        { tenant, traceIds },
      );
      const all = [...new Set([...keys, ...told.map(({ CallKey }) => CallKey)])];
      return callsBy(
        `tenant = {tenant:String} AND (call_id IN {keys:Array(String)} OR hasAny(mapValues(provider_ids), {keys:Array(String)})
           OR (trace_id != '' AND trace_id IN {traceIds:Array(String)}))`,
        { tenant, keys: all, traceIds: [...traceIds] },
      );
    },
    callsSince: (wallMs) =>
      callsBy(
        'stored_at >= fromUnixTimestamp({since:UInt32}) OR call_started_at >= fromUnixTimestamp({longest:UInt32})',
        { since: Math.floor(wallMs / 1_000), longest: Math.floor(wallMs / 1_000) - CALL_SECONDS_MAX },
        `HAVING max(stored_at) >= fromUnixTimestamp({since:UInt32}) OR countIf(part = 'ended') = 0`,
      ),
    async read(calls) {
      if (calls.length === 0) return [];
      const tenants = [...new Set(calls.map(({ tenant }) => tenant))];
      const ids = calls.map(({ callId }) => callId);
      const keys = [...new Set(calls.flatMap((call) => call.keys))];
      const links = await tracesOf(calls);
      const traceIds = [...new Set([...links.map(({ TraceId }) => TraceId), ...calls.map((call) => call.traceId)])];
      const known = traceIds.filter((traceId) => traceId !== '');
      const strangers = [...new Set(links.map(({ CallKey }) => CallKey))].filter((key) => !keys.includes(key));
      const others = strangers.length === 0 ? [] : await callsBy(STRANGERS, { keys: strangers, tenants });
      const [facts, events, scores, spans] = [
        await ask<FactRow>(FACTS, { tenants, ids }),
        await ask<EventRow>(EVENTS, { tenants, keys }),
        await ask<ScoreRow>(SCORES, { tenants, keys, traceIds: known }),
        await spansOf(calls, known),
      ];
      return calls.map((call) => {
        const names = new Set(call.keys);
        const isOfTrace = new Set([
          call.traceId,
          ...links
            .filter(({ Tenant, CallKey }) => Tenant === call.tenant && names.has(CallKey))
            .map(({ TraceId }) => TraceId),
        ]);
        isOfTrace.delete('');
        const own = (rows: readonly FactRow[]): FactRow[] =>
          rows.filter(({ tenant, call_id }) => tenant === call.tenant && call_id === call.callId);
        // Not all that are read together: what is known of a call must not depend on its company.
        const spokenOf = new Set(
          links
            .filter(({ Tenant, TraceId }) => Tenant === call.tenant && isOfTrace.has(TraceId))
            .map(({ CallKey }) => CallKey),
        );
        const otherCalls = [...calls, ...others].filter(
          (other) => other.tenant === call.tenant && other.callId !== call.callId,
        );
        return {
          call,
          facts: own(facts).filter(({ kind }) => kind !== 'agent_text'),
          textStarts: new Set(
            own(facts).flatMap(({ kind, status, revision, start_sample }) =>
              kind === 'agent_text' && status === 'final' && isOfWholeText(revision) ? [start_sample] : [],
            ),
          ),
          events: events
            .filter(({ tenant, call_key }) => tenant === call.tenant && names.has(call_key))
            .map(eventOfRow),
          spans: [...isOfTrace].flatMap((id) => spans.get(id) ?? []).filter(({ tenant }) => tenant === call.tenant),
          otherKeys: new Set(
            otherCalls.flatMap((other) => other.keys).filter((key) => spokenOf.has(key) && !names.has(key)),
          ),
          scores: scores
            .filter(
              ({ tenant, call_key, trace_id }) =>
                tenant === call.tenant && (names.has(call_key) || isOfTrace.has(trace_id)),
            )
            .map(scoreOfRow),
        };
      });
    },
  };
}

const STRANGERS = `tenant IN {tenants:Array(String)}
  AND (call_id IN {keys:Array(String)} OR hasAny(mapValues(provider_ids), {keys:Array(String)}))`;

const FACTS = `SELECT ${FACT_FIELDS} FROM earshot.facts FINAL
  WHERE tenant IN {tenants:Array(String)} AND call_id IN {ids:Array(String)}
    AND kind IN ('speech', 'turn', 'response', 'interruption', 'agent_text', 'call_started', 'call_ended')`;

const EVENTS = `SELECT ${EVENT_FIELDS} FROM earshot.reported_events FINAL
  WHERE tenant IN {tenants:Array(String)} AND call_key IN {keys:Array(String)}
  ORDER BY version DESC LIMIT 1 BY tenant, call_key, id`;

const SCORES = `SELECT ${SCORE_FIELDS} FROM earshot.reported_scores FINAL
  WHERE tenant IN {tenants:Array(String)}
    AND (call_key IN {keys:Array(String)} OR (trace_id != '' AND trace_id IN {traceIds:Array(String)}))`;

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

async function rows<Row>(
  client: ClickHouseClient,
  query: string,
  query_params: Record<string, unknown>,
): Promise<Row[]> {
  const result = await client.query({
    query,
    query_params,
    format: 'JSONEachRow',
    clickhouse_settings: { use_skip_indexes_if_final: 1, output_format_json_quote_64bit_integers: 0 },
  });
  return result.json<Row>();
}
