/** The reads of the API. Every query is bound to a tenant, and all values are bound as parameters. */
import type { ClickHouseClient } from '@clickhouse/client';
import type { FactKind } from '../../core/facts/facts.ts';
import type { Channel } from '../../core/units/channel.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { samplesFromMs } from '../../core/units/time.ts';
import type { CallRecord, FactRecord, FramesRecord, TimelineRecord } from './callRecords.ts';
import type { Store } from './openStore.ts';

export interface CallFilter {
  readonly limit: number;
  /** Where the page before ended: `cursorOf` its last call. */
  readonly cursor?: string;
  /** Calls that started before this wall time, and at or after that one (Unix ms). */
  readonly beforeMs?: number;
  readonly afterMs?: number;
  readonly agentVersion?: string;
  readonly state?: CallRecord['state'];
}

export interface FactFilter {
  readonly kinds?: readonly FactKind[];
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly status?: FactRecord['status'];
  readonly limit: number;
}

export interface TimelineFilter {
  readonly origins?: readonly TimelineRecord['origin'][];
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly limit: number;
}

export interface CallReader {
  /** The newest first. */
  calls(tenant: string, filter: CallFilter): Promise<CallRecord[]>;
  call(tenant: string, callId: string): Promise<CallRecord | null>;
  /** In the order of the timeline. */
  facts(tenant: string, callId: string, filter: FactFilter): Promise<FactRecord[]>;
  /** Everything of a call on one clock: heard, reported, traced and judged. */
  timeline(tenant: string, callId: string, filter: TimelineFilter): Promise<TimelineRecord[]>;
  /** One row a second and channel, with its 10 ms signals as arrays. */
  frames(tenant: string, callId: string, fromMs: number, toMs: number, channel?: Channel): Promise<FramesRecord[]>;
}

/** Beyond any call, and still exact when it is bound as a number of samples. */
const TIMELINE_MS_MAX = 1e12;
const WALL_MS_MAX = 4_102_444_800_000;

const CALLS = `
  SELECT * FROM earshot.v_calls
  WHERE tenant = {tenant:String}
    AND call_started_at < fromUnixTimestamp64Milli({beforeMs:Int64}, 'UTC')
    AND call_started_at >= fromUnixTimestamp64Milli({afterMs:Int64}, 'UTC')
    AND call_started_at <= fromUnixTimestamp64Milli({cursorMs:Int64}, 'UTC')
    AND (call_started_at < fromUnixTimestamp64Milli({cursorMs:Int64}, 'UTC') OR call_id > {cursorCallId:String})
    AND ({agentVersion:String} = '' OR agent_version = {agentVersion:String})
    AND ({state:String} = '' OR state = {state:String})
  ORDER BY call_started_at DESC, call_id LIMIT {limit:UInt32}`;

/** A recording analysed again under another date is another call of the same name: the newest is meant. */
const CALL = `
  SELECT * FROM earshot.v_calls WHERE tenant = {tenant:String} AND call_id = {callId:String}
  ORDER BY call_started_at DESC LIMIT 1`;

const FACTS = `
  SELECT id, kind, status, revision, definition_version, channel, ts, start_sample / 16 AS start_ms,
         end_sample / 16 AS end_ms, outcome, reason, error_code, error_text, tap,
         latency_samples / 16 AS latency_ms, latency_unknown, level_dbfs, probability_mean, turn_index,
         speech_samples / 16 AS speech_ms, loss_db, delay_samples / 16 AS delay_ms, clipped_share,
         silent_samples / 16 AS silent_ms, holes, model, measures, details
  FROM earshot.facts FINAL
  WHERE tenant = {tenant:String} AND call_id = {callId:String}
    AND (empty({kinds:Array(String)}) OR has({kinds:Array(String)}, kind))
    AND start_sample >= {fromSample:Int64} AND start_sample < {toSample:Int64}
    AND ({status:String} = '' OR status = {status:String})
  ORDER BY start_sample, kind, id LIMIT {limit:UInt32}`;

/** What has no place in time comes first. */
const TIMELINE = `
  SELECT origin, kind, channel, media_ms, end_ms, ts, outcome, reason, latency_ms, source, text, trace_id, span_id, status, id
  FROM earshot.v_timeline
  WHERE tenant = {tenant:String} AND call_id = {callId:String}
    AND (media_ms IS NULL OR (media_ms >= {fromMs:Float64} AND media_ms < {toMs:Float64}))
    AND (empty({origins:Array(String)}) OR has({origins:Array(String)}, origin))
  ORDER BY media_ms NULLS FIRST, kind, id LIMIT {limit:UInt32}`;

const FRAMES = `
  SELECT channel, start_sample / 16 AS start_ms, level_cdb, speech_255, f0_dhz, voicing_255, flags FROM earshot.frames FINAL
  WHERE tenant = {tenant:String} AND call_id = {callId:String}
    AND start_sample >= {fromSample:Int64} AND start_sample < {toSample:Int64}
    AND ({channel:String} = '' OR channel = {channel:String})
  ORDER BY channel, start_sample`;

export function createCallReader({ reading }: Store): CallReader {
  return {
    async calls(tenant, { limit, cursor, beforeMs, afterMs, agentVersion, state }) {
      const { startedAtMs, callId } = cursor === undefined ? NO_CURSOR : parseCursor(cursor);
      return rows<CallRecord>(reading, CALLS, {
        tenant,
        limit,
        beforeMs: Math.ceil(beforeMs ?? WALL_MS_MAX),
        afterMs: Math.ceil(afterMs ?? 0),
        cursorMs: startedAtMs,
        cursorCallId: callId,
        agentVersion: agentVersion ?? '',
        state: state ?? '',
      });
    },
    async call(tenant, callId) {
      const [found] = await rows<CallRecord>(reading, CALL, { tenant, callId });
      return found ?? null;
    },
    facts: (tenant, callId, { kinds, fromMs, toMs, status, limit }) =>
      rows<FactRecord>(reading, FACTS, {
        tenant,
        callId,
        kinds: [...(kinds ?? [])],
        ...samplesOf(fromMs, toMs),
        status: status ?? '',
        limit,
      }),
    timeline: (tenant, callId, { origins, fromMs, toMs, limit }) =>
      rows<TimelineRecord>(reading, TIMELINE, {
        tenant,
        callId,
        origins: [...(origins ?? [])],
        // Spans may begin before the call's first sample.
        fromMs: fromMs ?? -TIMELINE_MS_MAX,
        toMs: toMs ?? TIMELINE_MS_MAX,
        limit,
      }),
    frames: (tenant, callId, fromMs, toMs, channel) =>
      rows<FramesRecord>(reading, FRAMES, { tenant, callId, ...samplesOf(fromMs, toMs), channel: channel ?? '' }),
  };
}

interface Cursor {
  readonly startedAtMs: number;
  readonly callId: string;
}

const NO_CURSOR: Cursor = { startedAtMs: WALL_MS_MAX, callId: '' };

/** Two calls may start in the same millisecond, so the place of a call in the list is its start and its id. */
export function cursorOf({ call_started_at, call_id }: CallRecord): string {
  const startedAtMs = Date.parse(`${call_started_at.replace(' ', 'T')}Z`);
  return Buffer.from(JSON.stringify([startedAtMs, call_id])).toString('base64url');
}

function parseCursor(cursor: string): Cursor {
  try {
    const [startedAtMs, callId] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (Number.isSafeInteger(startedAtMs) && typeof callId === 'string') {
      return { startedAtMs: startedAtMs as number, callId };
    }
  } catch {
    // Falls to the same answer as a cursor that parses to something else.
  }
  throw new InvalidInput('request_invalid', {
    expected: 'the cursor that came with the page before',
    got: cursor.slice(0, 80),
  });
}

const samplesOf = (fromMs = 0, toMs = TIMELINE_MS_MAX) => ({
  fromSample: samplesFromMs(fromMs),
  toSample: samplesFromMs(Math.min(toMs, TIMELINE_MS_MAX)),
});

async function rows<Row>(client: ClickHouseClient, query: string, query_params: Record<string, unknown>) {
  const result = await client.query({
    query,
    query_params,
    format: 'JSONEachRow',
    // All revisions of a fact lie under one call id, so skipping by it misses none.
    clickhouse_settings: { use_skip_indexes_if_final: 1 },
  });
  return result.json<Row>();
}
