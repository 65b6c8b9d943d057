/**
 * OpenTelemetry's conventions for generative AI, as they are and as they were: gen_ai.system before gen_ai.provider.name,
 * prompt_tokens before input_tokens, messages in events before attributes. The drafts for voice are read, too.
 */
import type { RequestKind } from '../request.ts';
import type { Span } from '../span.ts';
import { providerName } from './providerName.ts';
import {
  metricsOf,
  msOfSeconds,
  numberOf,
  parsedJson,
  saysCancelled,
  textOf,
  wordsOf,
  type Reading,
} from './reading.ts';

const KINDS: Readonly<Record<string, RequestKind>> = {
  chat: 'llm',
  generate_content: 'llm',
  text_completion: 'llm',
  completion: 'llm',
  realtime_inference: 'llm',
  embeddings: 'embedding',
  retrieval: 'retrieval',
  search_memory: 'retrieval',
  rerank: 'rerank',
  execute_tool: 'tool',
  invoke_agent: 'turn',
  invoke_workflow: 'turn',
  speech_to_text: 'stt',
  stt: 'stt',
  text_to_speech: 'tts',
  tts: 'tts',
  user_speech: 'speaking',
};

export function readGenAi(span: Span): Reading {
  const operation = textOf(span, 'gen_ai.operation.name').toLowerCase();
  const provider = textOf(span, 'gen_ai.provider.name', 'gen_ai.system');
  const model = textOf(span, 'gen_ai.request.model', 'gen_ai.response.model');
  const kind = operation === '' ? kindWithout(span, provider, model) : (KINDS[operation] ?? 'other');
  const ttft = numberOf(span, 'gen_ai.response.time_to_first_chunk', 'gen_ai.server.time_to_first_token');
  return {
    kind,
    provider: providerName(provider),
    model,
    voice: textOf(span, 'gen_ai.speech.voice', 'gen_ai.request.voice'),
    tool: textOf(span, 'gen_ai.tool.name'),
    inputTokens: numberOf(span, 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'),
    outputTokens: numberOf(span, 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'),
    cachedTokens: numberOf(
      span,
      'gen_ai.usage.cache_read.input_tokens',
      'gen_ai.usage.cache_read_input_tokens',
      'gen_ai.usage.input_cached_tokens',
    ),
    inputAudioTokens: numberOf(span, 'gen_ai.usage.audio.input_tokens', 'gen_ai.usage.input_audio_tokens'),
    outputAudioTokens: numberOf(span, 'gen_ai.usage.audio.output_tokens', 'gen_ai.usage.output_audio_tokens'),
    costUsd: numberOf(span, 'gen_ai.usage.cost'),
    timeToFirstMs: msOfSeconds(ttft),
    metrics: metricsOf({ 'llm.ttft': kind === 'llm' ? ttft : null, 'tts.ttfb': kind === 'tts' ? ttft : null }),
    isCancelled: saysCancelled(
      textOf(span, 'gen_ai.response.finish_reasons', 'gen_ai.response.finish_reason'),
      textOf(span, 'gen_ai.agent.invocation.end_reason'),
    ),
    outputText: outputOf(span),
  };
}

/** Old spans do not say what they did; one that has a provider and a model asked it for something. */
function kindWithout(span: Span, provider: string, model: string): RequestKind | undefined {
  if (textOf(span, 'gen_ai.tool.name') !== '') return 'tool';
  return provider !== '' && model !== '' ? 'llm' : undefined;
}

function outputOf(span: Span): string {
  const messages = textOf(span, 'gen_ai.output.messages');
  if (messages !== '') return wordsOf(parsedJson(messages));
  const completion = textOf(span, 'gen_ai.completion.0.content', 'gen_ai.completion');
  if (completion !== '') return completion;
  const choice = span.events.find(({ name }) => name === 'gen_ai.choice')?.attributes ?? {};
  return choice.content ?? wordsOf(parsedJson(choice.message ?? ''));
}
