/**
 * Spans of LiveKit agents. One answer of the model is three spans in one another, llm_node > llm_request > llm_request_run,
 * and a fallback adapter adds more. llm_request is the one that counts: there is one for each request to a provider, with the
 * tokens and the metrics of all its retries; a node may make none or several of them, a run is one attempt. The same holds
 * for tts_node > tts_request > tts_request_run. Content was renamed from lk.X to lk.pii.X in 1.7; both are read.
 */
import type { RequestKind } from '../request.ts';
import type { Span } from '../span.ts';
import { providerName } from './providerName.ts';
import {
  countOf,
  isTrue,
  metricsOf,
  msOfSeconds,
  msUntil,
  numberOf,
  objectOf,
  parsedJson,
  textOf,
  wordsOf,
  type Reading,
} from './reading.ts';

/** All others of its spans are 'other': what contains requests, or is part of one. */
const KINDS: Readonly<Record<string, RequestKind>> = {
  job_entrypoint: 'session',
  agent_session: 'session',
  user_turn: 'turn',
  agent_turn: 'turn',
  // The wait for the decision, and a prediction within it; versions before eou_wait have only the latter.
  eou_wait: 'end_of_turn',
  eou_detection: 'end_of_turn',
  llm_request: 'llm',
  // A realtime model's answer, which has no llm_request; its metrics come as a span of their own where it was over before them.
  realtime_inference: 'llm',
  realtime_metrics: 'llm',
  tts_request: 'tts',
  function_tool: 'tool',
  user_speaking: 'speaking',
  agent_speaking: 'speaking',
};

const CALLER_SPANS = new Set(['user_turn', 'eou_wait', 'eou_detection', 'user_speaking']);
const AGENT_SPANS = new Set([
  'realtime_inference',
  'agent_turn',
  'agent_speaking',
  'llm_request',
  'realtime_metrics',
  'tts_request',
  'function_tool',
]);

export const isLivekit = (span: Span): boolean =>
  span.scopeName.includes('livekit') || Object.keys(span.attributes).some((name) => name.startsWith('lk.'));

export function readLivekit(span: Span): Reading {
  if (!isLivekit(span)) return {};
  const { name } = span;
  const metrics = metricsJson(span);
  return {
    kind: isOwnInference(span) ? 'llm' : (KINDS[name] ?? 'other'),
    role: CALLER_SPANS.has(name) ? 'caller' : AGENT_SPANS.has(name) ? 'agent' : '',
    turnId: textOf(span, 'lk.speech_id') || wordOf(metrics.speech_id),
    isCancelled: isTrue(span, 'lk.interrupted') || metrics.cancelled === true || isNoDecision(span),
    metrics: metricsOf({
      'turn.reported_latency': numberOf(span, 'lk.e2e_latency'),
      'turn.eou_delay': numberOf(span, 'lk.end_of_turn_delay'),
      'stt.transcription_delay': numberOf(span, 'lk.transcription_delay'),
    }),
    ...modelOf(metrics),
    ...requestOf(span, metrics),
  };
}

/** A node of the user's own that asks without LiveKit's classes has no llm_request within, and is the request itself. */
const isOwnInference = (span: Span): boolean =>
  span.name === 'llm_node' && span.attributes['gen_ai.operation.name'] !== undefined;

/** The caller went on speaking, or the wait was dropped. */
const isNoDecision = (span: Span): boolean => /^(user_resumed|dropped)$/.test(textOf(span, 'lk.eou.outcome'));

function requestOf(span: Span, metrics: Json): Reading {
  switch (span.name) {
    case 'llm_node':
      return isOwnInference(span) ? llmOf(span, metrics) : { outputText: pii(span, 'response.text') };
    case 'llm_request':
    case 'realtime_inference':
    case 'realtime_metrics':
      return llmOf(span, metrics);
    case 'tts_request':
      return ttsOf(span, metrics);
    case 'function_tool':
      return {
        tool: textOf(span, 'lk.function_tool.name', 'gen_ai.tool.name'),
        isError: isTrue(span, 'lk.function_tool.is_error'),
        outputText: pii(span, 'function_tool.output'),
      };
    case 'user_turn':
      return { outputText: pii(span, 'user_transcript') };
    default:
      return {};
  }
}

function llmOf(span: Span, metrics: Json): Reading {
  const ttft = countOf(metrics.ttft) ?? numberOf(span, 'lk.response.ttft');
  const input = details(metrics.input_token_details);
  const output = details(metrics.output_token_details);
  return {
    // A realtime model's counts from when it was asked, which is not where the span begins.
    timeToFirstMs: span.name.startsWith('realtime') ? msUntil(span, firstTokenAt(span)) : msOfSeconds(ttft),
    inputTokens: countOf(metrics.prompt_tokens) ?? countOf(metrics.input_tokens),
    outputTokens: countOf(metrics.completion_tokens) ?? countOf(metrics.output_tokens),
    cachedTokens: countOf(metrics.prompt_cached_tokens) ?? countOf(input.cached_tokens),
    inputAudioTokens: countOf(input.audio_tokens) ?? countOf(input.audio),
    outputAudioTokens: countOf(output.audio_tokens) ?? countOf(output.audio),
    metrics: metricsOf({ 'llm.ttft': ttft, 'llm.duration': countOf(metrics.duration) }),
    outputText: pii(span, 'response.text') || choiceOf(span),
  };
}

function ttsOf(span: Span, metrics: Json): Reading {
  const ttfb = countOf(metrics.ttfb) ?? numberOf(span, 'lk.response.ttfb');
  const audioS = countOf(metrics.audio_duration);
  return {
    timeToFirstMs: msOfSeconds(ttfb),
    characters: countOf(metrics.characters_count),
    inputTokens: countOf(metrics.input_tokens) || null,
    outputTokens: countOf(metrics.output_tokens) || null,
    audioMs: msOfSeconds(audioS),
    metrics: metricsOf({ 'tts.ttfb': ttfb, 'tts.duration': countOf(metrics.duration), 'tts.audio_duration': audioS }),
    outputText: pii(span, 'input_text'),
  };
}

const firstTokenAt = (span: Span): string => textOf(span, 'langfuse.observation.completion_start_time');

type Json = Readonly<Record<string, unknown>>;

const metricsJson = (span: Span): Json =>
  objectOf(textOf(span, 'lk.llm_metrics', 'lk.tts_metrics', 'lk.realtime_model_metrics')) ?? {};

const details = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function modelOf(metrics: Json): Reading {
  const { model_name, model_provider } = details(metrics.metadata);
  return { model: wordOf(model_name), provider: providerName(wordOf(model_provider)) };
}

const pii = (span: Span, name: string): string => textOf(span, `lk.pii.${name}`, `lk.${name}`);

function choiceOf(span: Span): string {
  const { attributes } = span.events.find(({ name }) => name === 'gen_ai.choice') ?? { attributes: {} };
  const { content = '', message = '' } = attributes as Readonly<Record<string, string | undefined>>;
  return content !== '' ? content : wordsOf(parsedJson(message));
}
