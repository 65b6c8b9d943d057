/**
 * OpenLLMetry (Traceloop): workflows, tasks and tools by traceloop.span.kind; requests by llm.request.type and gen_ai.*; and
 * questions to the databases of vectors that it instruments.
 */
import type { RequestKind } from '../request.ts';
import type { Span } from '../span.ts';
import { numberOf, textOf, type Reading } from './reading.ts';

const KINDS: Readonly<Record<string, RequestKind>> = { workflow: 'turn', agent: 'turn', tool: 'tool', task: 'other' };
const REQUEST_TYPES: Readonly<Record<string, RequestKind>> = {
  chat: 'llm',
  completion: 'llm',
  embedding: 'embedding',
  rerank: 'rerank',
};

const VECTOR_STORES = new Set(['pinecone', 'chroma', 'qdrant', 'weaviate', 'milvus', 'lancedb', 'marqo']);

const isQuestion = (span: Span): boolean =>
  /query|search|get/i.test(textOf(span, 'db.operation', 'db.operation.name') || span.name);

export function readTraceloop(span: Span): Reading {
  const spanKind = textOf(span, 'traceloop.span.kind').toLowerCase();
  const requestType = textOf(span, 'llm.request.type').toLowerCase();
  const isRetrieval = VECTOR_STORES.has(textOf(span, 'db.system', 'db.system.name').toLowerCase()) && isQuestion(span);
  if (spanKind === '' && requestType === '' && !isRetrieval) return {};
  const kind = isRetrieval ? 'retrieval' : (REQUEST_TYPES[requestType] ?? KINDS[spanKind] ?? 'other');
  return {
    kind,
    tool: kind === 'tool' ? textOf(span, 'traceloop.entity.name') : '',
    inputTokens: numberOf(span, 'llm.usage.prompt_tokens'),
    outputTokens: numberOf(span, 'llm.usage.completion_tokens'),
    outputText: textOf(span, 'gen_ai.completion.0.content', 'traceloop.entity.output'),
  };
}
