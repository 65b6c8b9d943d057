/**
 * Earshot's own traces: spans of its work, beside those of the agent in the same trace where a call's hello named one, else in
 * a trace that follows from the call's name, so that processes agree without asking each other. Off unless EARSHOT_TRACES_URL
 * is set. Spans are few: a call's life, its changes of hands, checkpoints, batches; never one a message.
 */
import { callKeyOf } from '../../core/facts/callKey.ts';
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  createSpanExporter,
  type SpanAttributes,
  type SpanEvent,
  type SpanExporter,
  type SpanExporterOptions,
} from '../../adapters/otlp/spanExporter.ts';

export interface TracedCall {
  readonly tenant: string;
  readonly callId: string;
  /** Of the hello; empty or absent: none. */
  readonly traceId?: string;
}

/** What happens to a call on the ingest side. `opened` and `resumed` begin a span, `ended` and `left` end it. */
export type CallMoment = 'opened' | 'resumed' | 'client_away' | 'client_back' | 'paused' | 'read_on' | 'ended' | 'left';

/** Work that is told by a span of its own. Such of a call carries the call. */
export type Work = 'take_over' | 'state_load' | 'checkpoint' | 'insert' | 'join';

export interface DoneWork {
  readonly tookMs: number;
  readonly call?: TracedCall;
  readonly attributes?: SpanAttributes;
  readonly error?: Error;
}

export interface Tracing {
  callMoment(call: TracedCall, moment: CallMoment, attributes?: SpanAttributes): void;
  /** Called when the work is done: it began `tookMs` ago. */
  done(work: Work, done: DoneWork): void;
  /** Ends the spans of calls that still run here, and sends what waits. */
  close(): Promise<void>;
}

export const NO_TRACING: Tracing = Object.freeze({
  callMoment: () => undefined,
  done: () => undefined,
  close: () => Promise.resolve(),
});

/** Where spans go, as the settings say; an empty url: nowhere. */
export interface TracesSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function openTracing(
  settings: TracesSettings,
  roles: readonly string[],
  hooks: Pick<SpanExporterOptions, 'onOutcome' | 'onTrouble'>,
): Tracing {
  if (settings.url === '') return NO_TRACING;
  const resource = {
    'service.name': 'earshot',
    'service.instance.id': hostname(),
    'earshot.roles': roles.join(','),
  };
  const exporter = createSpanExporter({ ...settings, resource, ...hooks });
  return createTracing({ exporter, onDropped: () => hooks.onOutcome('dropped', 1) });
}

export interface TracingOptions {
  readonly exporter: SpanExporter;
  readonly onDropped: () => void;
  /** Unix time. */
  readonly nowMs?: () => number;
  readonly spansPerSecondMax?: number;
}

const SPANS_PER_SECOND_MAX = 100;
/** Spans that may come at once. */
const BURST_S = 5;
/** Routine work gives way to what happens seldom, and tells of itself only while there is this much room. */
const ROUTINE_SHARE = 0.5;
const ROUTINE: readonly Work[] = ['checkpoint', 'insert', 'join'];
/** Work that takes so long is worth telling of, however busy we are. */
const SLOW_MS = 1_000;
const EVENTS_MAX = 64;
const ERROR_LENGTH_MAX = 200;

interface Life {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startMs: number;
  readonly attributes: SpanAttributes;
  readonly events: SpanEvent[];
  unkeptEvents: number;
}

export function createTracing(options: TracingOptions): Tracing {
  const { exporter, onDropped, nowMs = Date.now, spansPerSecondMax = SPANS_PER_SECOND_MAX } = options;
  const lives = new Map<string, Life>();
  const burst = spansPerSecondMax * BURST_S;
  let room = burst;
  let roomAtMs = nowMs();

  function hasRoom(least: number): boolean {
    const now = nowMs();
    room = Math.min(burst, room + (Math.max(0, now - roomAtMs) / 1_000) * spansPerSecondMax);
    roomAtMs = now;
    if (room < Math.max(1, least)) return false;
    room -= 1;
    return true;
  }

  function begin(call: TracedCall, moment: 'opened' | 'resumed', attributes: SpanAttributes): void {
    const isFirst = moment === 'opened';
    const before = lives.get(callKeyOf(call));
    if (before !== undefined) end(callKeyOf(call), before, 'left', {});
    lives.set(callKeyOf(call), {
      traceId: traceIdOf(call),
      spanId: isFirst ? callSpanIdOf(call) : newSpanId(),
      parentSpanId: isFirst ? '' : callSpanIdOf(call),
      startMs: nowMs(),
      attributes: { ...attributesOf(call), ...attributes, 'earshot.began': moment },
      events: [],
      unkeptEvents: 0,
    });
  }

  function end(key: string, life: Life, how: string, attributes: SpanAttributes): void {
    lives.delete(key);
    if (!hasRoom(1)) return onDropped();
    const { unkeptEvents, ...span } = life;
    const unkept: SpanAttributes = unkeptEvents > 0 ? { 'earshot.events_not_kept': unkeptEvents } : {};
    exporter.offer({
      ...span,
      name: 'earshot.call',
      endMs: nowMs(),
      attributes: { ...life.attributes, ...attributes, ...unkept, 'earshot.left': how },
      error: null,
    });
  }

  return {
    callMoment(call, moment, attributes = {}) {
      if (moment === 'opened' || moment === 'resumed') return begin(call, moment, attributes);
      const key = callKeyOf(call);
      const life = lives.get(key);
      if (life === undefined) return;
      if (moment === 'ended' || moment === 'left') return end(key, life, moment, attributes);
      if (life.events.length >= EVENTS_MAX) life.unkeptEvents += 1;
      else life.events.push({ atMs: nowMs(), name: moment, attributes });
    },
    done(work, { tookMs, call, attributes = {}, error }) {
      const isRoutine = ROUTINE.includes(work) && error === undefined && tookMs < SLOW_MS;
      if (!hasRoom(isRoutine ? burst * ROUTINE_SHARE : 1)) return onDropped();
      const endMs = nowMs();
      exporter.offer({
        traceId: call === undefined ? randomBytes(16).toString('hex') : traceIdOf(call),
        spanId: newSpanId(),
        parentSpanId: call === undefined ? '' : callSpanIdOf(call),
        name: `earshot.${work}`,
        startMs: endMs - Math.max(0, tookMs),
        endMs,
        attributes: { ...(call === undefined ? {} : attributesOf(call)), ...attributes },
        events: [],
        error: error === undefined ? null : error.message.slice(0, ERROR_LENGTH_MAX),
      });
    },
    async close() {
      for (const [key, life] of lives) end(key, life, 'process_stopped', {});
      await exporter.close();
    },
  };
}

const newSpanId = (): string => randomBytes(8).toString('hex');

/** Not by the names under which spans tell Earshot of calls: these are no reports, and one sender speaks of all tenants. */
const attributesOf = ({ tenant, callId }: TracedCall): SpanAttributes => ({
  'earshot.tenant': tenant,
  'earshot.call_id': callId,
});

const hashOf = (what: 'trace' | 'span', call: TracedCall): string =>
  createHash('sha256')
    .update(`earshot ${what}\u0000${callKeyOf(call)}`)
    .digest('hex');

const traceIdOf = (call: TracedCall): string =>
  call.traceId === undefined || call.traceId === '' ? hashOf('trace', call).slice(0, 32) : call.traceId;

/** Of the span of the call's life: every process knows it as the parent of its own. */
const callSpanIdOf = (call: TracedCall): string => hashOf('span', call).slice(0, 16);
