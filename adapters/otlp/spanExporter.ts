/**
 * Sends spans of our own to an OTLP endpoint by HTTP: in batches, beside the work, within bounds. Telling of the work may never
 * hold the work up, so what finds no room is dropped and counted.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { ExportTraceServiceRequestSchema } from '#protos/otlp/v1/trace_service_pb.js';
import { Span_SpanKind, Status_StatusCode } from '#protos/otlp/v1/trace_pb.js';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface OwnSpan {
  /** Lower-case hex; empty: a root. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** Unix time. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  readonly events: readonly SpanEvent[];
  /** Null: it went well. */
  readonly error: string | null;
}

export interface SpanEvent {
  readonly atMs: number;
  readonly name: string;
  readonly attributes: SpanAttributes;
}

export interface SpanExporterOptions {
  /** Of the traces endpoint, whole: http://collector:4318/v1/traces. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the spans are of: service.name and the like. */
  readonly resource: SpanAttributes;
  /** `refused`: the endpoint did not want them, and asking again would not help. */
  readonly onOutcome: (outcome: 'sent' | 'dropped' | 'refused', spans: number) => void;
  /** Once when sending begins to fail, not each time. */
  readonly onTrouble: (error: Error) => void;
  readonly everyMs?: number;
  readonly waitingMax?: number;
}

export interface SpanExporter {
  offer(span: OwnSpan): void;
  /** Resolves when what waits has been tried once. */
  flush(): Promise<void>;
  /** Tries once more what waits, within a short time. */
  close(): Promise<void>;
}

const EVERY_MS = 2_000;
const WAITING_MAX = 4_096;
const BATCH_MAX = 512;
const ANSWER_MS_MAX = 5_000;
/** As OTLP's specification says; the others are for good. */
const WORTH_RETRYING = new Set([429, 502, 503, 504]);

export function createSpanExporter(options: SpanExporterOptions): SpanExporter {
  const { onOutcome, onTrouble, everyMs = EVERY_MS, waitingMax = WAITING_MAX } = options;
  let waiting: OwnSpan[] = [];
  let sending: Promise<void> | null = null;
  let isFailing = false;

  async function sendAll(): Promise<void> {
    for (;;) {
      const batch = waiting.slice(0, BATCH_MAX);
      if (batch.length === 0) return;
      const answer = await sendOnce(options, batch);
      if (answer === null || !answer.isWorthRetrying) {
        waiting = waiting.slice(batch.length);
        onOutcome(answer === null ? 'sent' : 'refused', batch.length);
      }
      if (answer !== null && !isFailing) onTrouble(answer.error);
      isFailing = answer !== null;
      // What can be tried again stays at the head of the queue for the next round.
      if (answer?.isWorthRetrying === true) return;
    }
  }

  function flush(): Promise<void> {
    sending ??= sendAll().finally(() => (sending = null));
    return sending;
  }

  const timer = setInterval(() => void flush(), everyMs);
  timer.unref();
  return {
    offer(span) {
      if (waiting.length >= waitingMax) return onOutcome('dropped', 1);
      waiting.push(span);
    },
    flush,
    async close() {
      clearInterval(timer);
      await sending;
      await flush();
      if (waiting.length > 0) onOutcome('dropped', waiting.length);
      waiting = [];
    },
  };
}

interface Failure {
  readonly error: Error;
  readonly isWorthRetrying: boolean;
}

/** Null: taken. */
async function sendOnce(
  { url, headers, resource }: SpanExporterOptions,
  spans: readonly OwnSpan[],
): Promise<Failure | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-protobuf' },
      body: bodyOf(resource, spans),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      redirect: 'error',
    });
    await response.arrayBuffer();
    if (response.ok) return null;
    const error = new Error(`the traces endpoint answered ${response.status}`);
    return { error, isWorthRetrying: WORTH_RETRYING.has(response.status) };
  } catch (error) {
    return { error: error as Error, isWorthRetrying: true };
  }
}

function bodyOf(resource: SpanAttributes, spans: readonly OwnSpan[]): Uint8Array<ArrayBuffer> {
  const scopeSpans = [{ scope: { name: 'earshot' }, spans: spans.map(wireOf) }];
  const resourceSpans = [{ resource: { attributes: pairsOf(resource) }, scopeSpans }];
  const request = create(ExportTraceServiceRequestSchema, { resourceSpans });
  return new Uint8Array(toBinary(ExportTraceServiceRequestSchema, request));
}

const wireOf = (span: OwnSpan) => ({
  traceId: Buffer.from(span.traceId, 'hex'),
  spanId: Buffer.from(span.spanId, 'hex'),
  parentSpanId: Buffer.from(span.parentSpanId, 'hex'),
  name: span.name,
  kind: Span_SpanKind.INTERNAL,
  startTimeUnixNano: nsOf(span.startMs),
  endTimeUnixNano: nsOf(span.endMs),
  attributes: pairsOf(span.attributes),
  events: span.events.map(({ atMs, name, attributes }) => ({
    timeUnixNano: nsOf(atMs),
    name,
    attributes: pairsOf(attributes),
  })),
  status: span.error === null ? undefined : { code: Status_StatusCode.ERROR, message: span.error },
});

const pairsOf = (attributes: SpanAttributes) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: { value: wireValueOf(value) } }));

function wireValueOf(value: string | number | boolean) {
  if (typeof value === 'string') return { case: 'stringValue', value } as const;
  if (typeof value === 'boolean') return { case: 'boolValue', value } as const;
  if (Number.isSafeInteger(value)) return { case: 'intValue', value: BigInt(value) } as const;
  return { case: 'doubleValue', value } as const;
}

/** Microseconds are what the clock gives; a number of nanoseconds since 1970 would not be exact. */
const nsOf = (ms: number): bigint => BigInt(Math.round(ms * 1_000)) * 1_000n;
