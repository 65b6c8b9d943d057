/**
 * A span read, whichever convention it was written in. Several may be in one span: a framework of voice says best what its
 * spans are, so these are asked first; then SDKs and observability products with words of their own; OpenTelemetry's general
 * conventions last. For each field the first that says something is believed.
 */
import { readGenAi } from './conventions/genAi.ts';
import { readLangfuse } from './conventions/langfuse.ts';
import { isLivekit, readLivekit } from './conventions/livekit.ts';
import { readOpenInference } from './conventions/openInference.ts';
import { isPipecat, readPipecat } from './conventions/pipecat.ts';
import { saysCancelled, textOf, type Convention, type Reading } from './conventions/reading.ts';
import { readTraceloop } from './conventions/traceloop.ts';
import { readVercelAi } from './conventions/vercelAi.ts';
import { readVoiceobs } from './conventions/voiceobs.ts';
import { costOf, type PriceTable } from './prices.ts';
import type { Request, RequestKind } from './request.ts';
import type { Span } from './span.ts';

const CONVENTIONS: readonly Convention[] = [
  readLivekit,
  readPipecat,
  readVoiceobs,
  readVercelAi,
  readOpenInference,
  readTraceloop,
  readLangfuse,
  readGenAi,
];

/** What a span of another kind says of tokens, audio and cost is the sum of the spans within it, and would count twice. */
const WORK: ReadonlySet<RequestKind> = new Set(['llm', 'stt', 'tts', 'tool', 'retrieval', 'embedding', 'rerank']);
const STREAMED: ReadonlySet<RequestKind> = new Set(['llm', 'stt', 'tts']);

export function readRequest(span: Span, prices: PriceTable): Request {
  const readings = CONVENTIONS.map((read) => read(span));
  const kind = firstOf(readings, 'kind') ?? 'other';
  const usage = usageOf(WORK.has(kind) ? readings : [], kind);
  const provider = firstOf(readings, 'provider') ?? '';
  const model = firstOf(readings, 'model') ?? '';
  const errorType = firstOf(readings, 'errorType') ?? errorTypeOf(span);
  const isCancelled = readings.some((reading) => reading.isCancelled === true) || saysCancelled(errorType);
  const isError = span.statusCode === 'Error' || readings.some((reading) => reading.isError === true);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    serviceName: span.serviceName,
    clock: clockOf(span),
    startMs: inMs(span.startNs),
    durationMs: inMs(span.durationNs),
    provider,
    model,
    voice: firstOf(readings, 'voice') ?? '',
    tool: firstOf(readings, 'tool') ?? '',
    role: firstOf(readings, 'role') ?? '',
    ...usage,
    costUsd: usage.costUsd ?? costOf(usage, prices.priceOf(provider, model)),
    timeToFirstMs: STREAMED.has(kind) ? (firstOf(readings, 'timeToFirstMs') ?? null) : null,
    isCancelled,
    // Giving up is how a request ends that nobody needs any more.
    isError: isError && !isCancelled,
    errorType,
    turnId: firstOf(readings, 'turnId') ?? '',
    metrics: Object.assign({}, ...readings.map(({ metrics }) => metrics ?? {}).reverse()) as Request['metrics'],
    outputText: firstOf(readings, 'outputText') ?? '',
  };
}

type Said<Field extends keyof Reading> = Exclude<NonNullable<Reading[Field]>, ''>;

function firstOf<Field extends keyof Reading>(readings: readonly Reading[], field: Field): Said<Field> | undefined {
  for (const reading of readings) {
    const value = reading[field];
    if (value !== undefined && value !== null && value !== '') return value as Said<Field>;
  }
  return undefined;
}

const usageOf = (readings: readonly Reading[], kind: RequestKind) => ({
  kind,
  inputTokens: firstOf(readings, 'inputTokens') ?? null,
  outputTokens: firstOf(readings, 'outputTokens') ?? null,
  cachedTokens: firstOf(readings, 'cachedTokens') ?? null,
  inputAudioTokens: firstOf(readings, 'inputAudioTokens') ?? null,
  outputAudioTokens: firstOf(readings, 'outputAudioTokens') ?? null,
  characters: firstOf(readings, 'characters') ?? null,
  audioMs: firstOf(readings, 'audioMs') ?? null,
  costUsd: firstOf(readings, 'costUsd') ?? null,
});

/**
 * Frameworks send events, too, on the clock of the same machine: spans under the same clock's name share what is found out of
 * it. Of other services it is the machine's clock that counts.
 */
function clockOf(span: Span): string {
  if (isLivekit(span)) return 'livekit-agents';
  if (isPipecat(span)) return 'pipecat';
  const host = span.resourceAttributes['host.name'] ?? '';
  const service = span.serviceName === '' ? 'otlp' : span.serviceName;
  return host === '' ? service : `${service}@${host}`;
}

function errorTypeOf(span: Span): string {
  const exception = span.events.find(({ name }) => name === 'exception');
  return textOf(span, 'error.type', 'exception.type') || (exception?.attributes['exception.type'] ?? '');
}

/** To the microsecond, which is what a double holds of Unix ms. */
const inMs = (ns: bigint): number => Number(ns / 1_000n) / 1_000;
