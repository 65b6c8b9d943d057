/** Verdicts of evaluations that spans carry as events. */
import { createHash } from 'node:crypto';
import type { Score } from '../events/score.ts';
import { callKeysOf } from './callKeys.ts';
import { countOf } from './conventions/reading.ts';
import type { Span, SpanEvent } from './span.ts';

const EVENT = 'gen_ai.evaluation.result';

/** They came when they were made, as far as anyone can tell who reads spans from a store. */
export const scoresOf = (span: Span): Score[] =>
  span.events.filter(({ name }) => name === EVENT).map((event) => scoreOf(span, event));

function scoreOf(span: Span, { timeNs, attributes }: SpanEvent): Score {
  const name = attributes['gen_ai.evaluation.name'] ?? '';
  const about = [span.tenant, span.traceId, span.spanId, name, timeNs];
  return {
    id: createHash('sha256').update(about.join('\u0000')).digest('hex').slice(0, 32),
    tenant: span.tenant,
    callKey: callKeysOf(span)[0]?.key ?? '',
    name,
    value: valueOf(attributes['gen_ai.evaluation.score.value']),
    label: attributes['gen_ai.evaluation.score.label'] ?? '',
    explanation: attributes['gen_ai.evaluation.explanation'] ?? '',
    source: span.scopeName === '' ? span.serviceName : span.scopeName,
    traceId: span.traceId,
    spanId: span.spanId,
    turnId: '',
    turnIndex: null,
    mediaMs: null,
    receivedAtMs: Number(timeNs / 1_000_000n),
  };
}

/** May be negative. */
function valueOf(text: string | undefined): number | null {
  const isNegative = text?.startsWith('-') === true;
  const size = countOf(isNegative ? text.slice(1) : text);
  return size === null ? null : isNegative ? -size : size;
}
