/** The Vercel AI SDK: ai.streamText and its like contain the requests, ai.streamText.doStream and its like are them. */
import type { RequestKind } from '../request.ts';
import type { Span } from '../span.ts';
import { providerName } from './providerName.ts';
import { countOf, metricsOf, numberOf, saysCancelled, textOf, type Reading } from './reading.ts';

export function readVercelAi(span: Span): Reading {
  const [operation] = textOf(span, 'ai.operationId', 'operation.name').split(' ');
  if (!operation.startsWith('ai.')) return {};
  const kind = kindOf(operation);
  const toFirstMs = numberOf(span, 'ai.response.msToFirstChunk', 'ai.stream.msToFirstChunk');
  return {
    kind,
    provider: providerName(textOf(span, 'ai.model.provider')),
    model: textOf(span, 'ai.model.id', 'ai.response.model'),
    tool: textOf(span, 'ai.toolCall.name'),
    inputTokens: numberOf(span, 'ai.usage.inputTokens', 'ai.usage.promptTokens', 'ai.usage.tokens'),
    outputTokens: numberOf(span, 'ai.usage.outputTokens', 'ai.usage.completionTokens'),
    cachedTokens: numberOf(span, 'ai.usage.cachedInputTokens'),
    timeToFirstMs: toFirstMs,
    metrics: metricsOf({ 'llm.ttft': kind === 'llm' && toFirstMs !== null ? countOf(toFirstMs / 1_000) : null }),
    isCancelled: saysCancelled(textOf(span, 'ai.response.finishReason')),
    outputText: textOf(span, 'ai.response.text', 'ai.response.object', 'ai.toolCall.result'),
  };
}

function kindOf(operation: string): RequestKind {
  if (/\.do(Stream|Generate)$/.test(operation)) return 'llm';
  if (operation.endsWith('.doEmbed')) return 'embedding';
  if (/\.doRerank$/.test(operation)) return 'rerank';
  if (operation === 'ai.toolCall') return 'tool';
  return /^ai\.(stream|generate)(Text|Object)$/.test(operation) ? 'turn' : 'other';
}
