/** Langfuse's own attributes: langfuse.observation.*. Its kinds of tokens do not overlap, so they are added up. */
import type { RequestKind } from '../request.ts';
import type { Span } from '../span.ts';
import { countOf, metricsOf, msUntil, objectOf, parsedJson, textOf, wordsOf, type Reading } from './reading.ts';

const KINDS: Readonly<Record<string, RequestKind>> = {
  generation: 'llm',
  embedding: 'embedding',
  retriever: 'retrieval',
  tool: 'tool',
  agent: 'turn',
};

export function readLangfuse(span: Span): Reading {
  const told = textOf(span, 'langfuse.observation.type').toLowerCase();
  const kind = told === '' || told === 'span' ? undefined : (KINDS[told] ?? 'other');
  const output = textOf(span, 'langfuse.observation.output');
  const toFirstMs = msUntil(span, textOf(span, 'langfuse.observation.completion_start_time'));
  return {
    kind,
    model: textOf(span, 'langfuse.observation.model.name'),
    tool: kind === 'tool' ? span.name : '',
    ...usageOf(objectOf(textOf(span, 'langfuse.observation.usage_details')) ?? {}),
    isError: textOf(span, 'langfuse.observation.level') === 'ERROR',
    costUsd: countOf(objectOf(textOf(span, 'langfuse.observation.cost_details'))?.total),
    timeToFirstMs: toFirstMs,
    metrics: metricsOf({ 'llm.ttft': kind === 'llm' && toFirstMs !== null ? toFirstMs / 1_000 : null }),
    outputText: wordsOf(parsedJson(output)) || (/^[[{]/.test(output) ? '' : output),
  };
}

/** `input` and what begins with it, of which the cached; or OpenAI's own names, where the prompt includes the cached. */
function usageOf(usage: Readonly<Record<string, unknown>>): Reading {
  const counts = Object.entries(usage).flatMap(([name, value]) => {
    const count = countOf(value);
    return count === null ? [] : [{ name: name.toLowerCase(), count }];
  });
  const sumOf = (pattern: RegExp): number | null => {
    const found = counts.filter(({ name }) => pattern.test(name));
    return found.length === 0 ? null : found.reduce((sum, { count }) => sum + count, 0);
  };
  const isOpenAi = counts.some(({ name }) => name === 'prompt_tokens');
  return {
    inputTokens: isOpenAi ? sumOf(/^prompt_tokens$/) : sumOf(/^(input|cache)/),
    outputTokens: isOpenAi ? sumOf(/^completion_tokens$/) : sumOf(/^output/),
    cachedTokens: sumOf(/^(input_cached_tokens|input_cache_read|cache_read|cache_read_input_tokens|cached)$/),
    inputAudioTokens: sumOf(/^input_audio(_tokens)?$/),
    outputAudioTokens: sumOf(/^output_audio(_tokens)?$/),
  };
}
