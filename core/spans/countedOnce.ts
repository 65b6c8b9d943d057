/**
 * Requests that contain one another are one request. Conventions say so of their own spans; but a framework's span and that
 * of an instrumented SDK within it belong to two, and only the trace shows that they are the same.
 */
import type { Request, RequestKind } from './request.ts';

/**
 * Of these, one within another is a part of it: a prediction within the wait for the decision, too. Tools call tools and
 * retrieval embeds: those are requests of their own.
 */
const SINGLE: ReadonlySet<RequestKind> = new Set(['llm', 'stt', 'tts', 'embedding', 'rerank', 'end_of_turn']);

/** What contains without doing work: a request may lie below it and still be within the request above. */
const PASSED: ReadonlySet<RequestKind> = new Set(['other']);

/** The outer of two keeps its kind, and takes what it lacks from the inner, which becomes 'other' and costs nothing more. */
export function countedOnce(requests: readonly Request[]): Request[] {
  const byId = new Map(requests.map((request) => [idOf(request.traceId, request.spanId), request]));
  const inner = new Map<Request, Request[]>();
  for (const request of requests) {
    const outer = SINGLE.has(request.kind) ? outermost(request, byId) : null;
    if (outer !== null) inner.set(outer, [...(inner.get(outer) ?? []), request]);
  }
  const nested = new Set([...inner.values()].flat());
  return requests.map((request) => {
    if (nested.has(request)) return uncounted(request);
    return (inner.get(request) ?? []).sort(byTime).reduce(completed, request);
  });
}

const NOTHING = {
  inputTokens: null,
  outputTokens: null,
  cachedTokens: null,
  inputAudioTokens: null,
  outputAudioTokens: null,
  characters: null,
  audioMs: null,
  costUsd: null,
} satisfies Partial<Request>;

/** What is counted with another request, or with another call's. */
export const uncounted = (request: Request): Request => ({ ...request, ...NOTHING, kind: 'other' });

const idOf = (traceId: string, spanId: string): string => `${traceId} ${spanId}`;

const byTime = (a: Request, b: Request): number => a.startMs - b.startMs || (a.spanId < b.spanId ? -1 : 1);

/** The highest request of the same kind that is reached through nothing but its like and 'other'. */
function outermost(request: Request, byId: ReadonlyMap<string, Request>): Request | null {
  const seen = new Set<Request>([request]);
  let found: Request | null = null;
  let parent = byId.get(idOf(request.traceId, request.parentSpanId));
  while (parent !== undefined && !seen.has(parent)) {
    if (parent.kind === request.kind) found = parent;
    else if (!PASSED.has(parent.kind)) break;
    seen.add(parent);
    parent = byId.get(idOf(parent.traceId, parent.parentSpanId));
  }
  return found;
}

/** All that is counted comes from one of the two: halves of two counts fit together in no way. */
function completed(outer: Request, inner: Request): Request {
  const counted = [outer.inputTokens, outer.outputTokens, outer.characters, outer.audioMs];
  const isCounted = counted.some((count) => count !== null);
  const { inputTokens, outputTokens, cachedTokens, inputAudioTokens, outputAudioTokens } = inner;
  const { characters, audioMs, costUsd } = inner;
  const counts = { inputTokens, outputTokens, cachedTokens, inputAudioTokens, outputAudioTokens, characters, audioMs };
  return {
    ...outer,
    ...(isCounted ? {} : counts),
    costUsd: outer.costUsd ?? costUsd,
    provider: outer.provider === '' ? inner.provider : outer.provider,
    model: outer.model === '' ? inner.model : outer.model,
    voice: outer.voice === '' ? inner.voice : outer.voice,
    timeToFirstMs: outer.timeToFirstMs ?? sinceOuter(outer, inner),
    metrics: { ...inner.metrics, ...outer.metrics },
    outputText: outer.outputText === '' ? inner.outputText : outer.outputText,
  };
}

/** The inner began later than the outer. */
const sinceOuter = (outer: Request, inner: Request): number | null =>
  inner.timeToFirstMs === null ? null : Math.max(0, inner.startMs - outer.startMs) + inner.timeToFirstMs;
