/** OpenInference (Arize Phoenix): openinference.span.kind and llm.*. */
import type { RequestKind } from '../request.ts';
import type { Span } from '../span.ts';
import { providerName } from './providerName.ts';
import { numberOf, saysCancelled, textOf, type Reading } from './reading.ts';

const KINDS: Readonly<Record<string, RequestKind>> = {
  LLM: 'llm',
  TOOL: 'tool',
  RETRIEVER: 'retrieval',
  EMBEDDING: 'embedding',
  RERANKER: 'rerank',
  AGENT: 'turn',
};

export function readOpenInference(span: Span): Reading {
  const told = textOf(span, 'openinference.span.kind').toUpperCase();
  if (told === '') return {};
  const kind = KINDS[told] ?? 'other';
  return {
    kind,
    provider: providerName(textOf(span, 'llm.provider', 'llm.system')),
    model: textOf(span, 'llm.model_name', 'llm.request.model_name', 'embedding.model_name', 'reranker.model_name'),
    tool: kind === 'tool' ? textOf(span, 'tool.name') || span.name : '',
    inputTokens: numberOf(span, 'llm.token_count.prompt'),
    outputTokens: numberOf(span, 'llm.token_count.completion'),
    cachedTokens: numberOf(span, 'llm.token_count.prompt_details.cache_read'),
    inputAudioTokens: numberOf(span, 'llm.token_count.prompt_details.audio'),
    outputAudioTokens: numberOf(span, 'llm.token_count.completion_details.audio'),
    costUsd: numberOf(span, 'llm.cost.total'),
    isCancelled: saysCancelled(textOf(span, 'llm.finish_reason')),
    outputText:
      kind === 'llm'
        ? textOf(span, 'llm.output_messages.0.message.content', 'output.value')
        : textOf(span, 'output.value'),
  };
}
