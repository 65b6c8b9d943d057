/** Spans of Pipecat: conversation > turn > stt, llm, tts; realtime services have spans of their own. */
import type { RequestKind } from '../request.ts';
import type { Span } from '../span.ts';
import { isTrue, metricsOf, msOfSeconds, numberOf, saysCancelled, textOf, type Reading } from './reading.ts';

const KINDS: Readonly<Record<string, RequestKind>> = {
  conversation: 'session',
  turn: 'turn',
  stt: 'stt',
  llm: 'llm',
  tts: 'tts',
  // Of a realtime service's answer this is the span that has the tokens; llm_request has what was asked.
  llm_response: 'llm',
  llm_tool_call: 'tool',
};
const ROLES: Readonly<Record<string, Reading['role']>> = { stt: 'caller', llm: 'agent', tts: 'agent', tool: 'agent' };

export const isPipecat = (span: Span): boolean => /^pipecat(\.|$)/.test(span.scopeName);

export function readPipecat(span: Span): Reading {
  if (!isPipecat(span)) return {};
  const kind = kindOf(span);
  const ttfb = numberOf(span, 'metrics.ttfb');
  return {
    kind,
    role: ROLES[kind] ?? '',
    model: known(textOf(span, 'gen_ai.request.model')),
    voice: known(textOf(span, 'voice_id', 'settings.voice')),
    tool: textOf(span, 'tool.function_name'),
    turnId: textOf(span, 'turn.number'),
    characters: numberOf(span, 'metrics.character_count'),
    audioMs: msOfSeconds(numberOf(span, 'metrics.audio_seconds')),
    // That of recognition counts from the end of speech, and a realtime answer's span begins when the answer is there.
    timeToFirstMs: span.name === 'llm' || span.name === 'tts' ? msOfSeconds(ttfb) : null,
    isCancelled:
      isTrue(span, 'tts.interrupted', 'turn.was_interrupted', 'stt.incomplete') ||
      saysCancelled(textOf(span, 'response.status')),
    isError: textOf(span, 'tool.result_status') === 'error',
    metrics: metricsOf({
      'llm.ttft': kind === 'llm' ? ttfb : null,
      'tts.ttfb': kind === 'tts' ? ttfb : null,
      'stt.transcription_delay': kind === 'stt' ? ttfb : null,
      'turn.reported_latency': numberOf(span, 'turn.user_bot_latency_seconds'),
    }),
    outputText: textOf(span, ...TEXTS[kind === 'stt' || kind === 'llm' || kind === 'tts' ? kind : 'other']),
  };
}

const TEXTS = { stt: ['transcript'], llm: ['output', 'text_output'], tts: ['text'], other: [] } as const;

/** Tools are called in spans named after what calls them; their results come in spans of no length of their own. */
function kindOf(span: Span): RequestKind {
  const isToolCall = span.attributes['tool.function_name'] !== undefined && span.name !== 'llm_tool_result';
  return KINDS[span.name] ?? (isToolCall ? 'tool' : 'other');
}

const known = (text: string): string => (text === 'unknown' ? '' : text);
