/** Spans as each convention really writes them, read into requests; and what nobody should have written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_PRICES, priceTable, type Price } from './prices.ts';
import { readRequest } from './readRequest.ts';
import type { Request } from './request.ts';
import type { Span } from './span.ts';

const START_NS = 1_764_000_000_123_456_789n;

const spanOf = (changes: Partial<Span>): Span => ({
  tenant: 't',
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  parentSpanId: '',
  traceState: '',
  name: 'span',
  kind: 'Internal',
  serviceName: 'booking',
  resourceAttributes: { 'service.name': 'booking', 'host.name': 'pod-1' },
  scopeName: 'my.tracer',
  scopeVersion: '',
  attributes: {},
  startNs: START_NS,
  durationNs: 900_000_000n,
  statusCode: 'Unset',
  statusMessage: '',
  events: [],
  links: [],
  ...changes,
});

type Attributes = Readonly<Record<string, string>>;
const livekit = (name: string, attributes: Attributes, changes: Partial<Span> = {}): Span =>
  spanOf({ name, attributes, scopeName: 'livekit-agents', ...changes });
const pipecat = (name: string, attributes: Attributes, scopeName = 'pipecat'): Span =>
  spanOf({ name, attributes, scopeName, serviceName: 'pipecat' });

const LLM_METRICS = JSON.stringify({
  type: 'llm_metrics',
  label: 'livekit.plugins.openai.llm.LLM',
  request_id: 'chatcmpl-1',
  timestamp: 1_764_000_001.1,
  duration: 0.9,
  ttft: 0.31,
  cancelled: false,
  completion_tokens: 42,
  prompt_tokens: 1_200,
  prompt_cached_tokens: 1_000,
  total_tokens: 1_242,
  tokens_per_second: 46.6,
  speech_id: 'speech_7',
  metadata: { model_name: 'gpt-4.1-mini', model_provider: 'api.openai.com' },
});
const TTS_METRICS = JSON.stringify({
  type: 'tts_metrics',
  request_id: 'r',
  timestamp: 1_764_000_001.1,
  ttfb: 0.18,
  duration: 0.7,
  audio_duration: 2.5,
  cancelled: true,
  characters_count: 58,
  input_tokens: 0,
  output_tokens: 0,
  streamed: true,
  segment_id: 'SG_1',
  speech_id: 'speech_7',
  metadata: { model_name: 'sonic-3', model_provider: 'Cartesia' },
});

/** What is told of a span, as what is read of it; fields that are not listed are not looked at. */
const CASES: readonly (readonly [what: string, span: Span, read: Partial<Request>])[] = [
  [
    'LiveKit: a request to a model',
    livekit(
      'llm_request',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4.1-mini',
        'gen_ai.usage.input_tokens': '1200',
        'gen_ai.usage.output_tokens': '42',
        'lk.llm_metrics': LLM_METRICS,
        'langfuse.observation.completion_start_time': '"2025-11-24T16:00:00.500000Z"',
      },
      {
        events: [
          { timeNs: START_NS, name: 'gen_ai.choice', attributes: { role: 'assistant', content: 'Yes, at nine.' } },
        ],
      },
    ),
    {
      kind: 'llm',
      role: 'agent',
      clock: 'livekit-agents',
      provider: 'openai',
      model: 'gpt-4.1-mini',
      inputTokens: 1_200,
      outputTokens: 42,
      cachedTokens: 1_000,
      timeToFirstMs: 310,
      turnId: 'speech_7',
      isCancelled: false,
      metrics: { 'llm.ttft': 0.31, 'llm.duration': 0.9 },
      outputText: 'Yes, at nine.',
    },
  ],
  [
    'LiveKit: the node around it and the attempt within it count nothing',
    livekit('llm_node', {
      'gen_ai.request.model': 'gpt-4.1-mini',
      'lk.response.ttft': '0.32',
      'gen_ai.usage.input_tokens': '1200',
    }),
    { kind: 'other', inputTokens: null, timeToFirstMs: null, model: 'gpt-4.1-mini', metrics: {} },
  ],
  [
    'LiveKit: an attempt',
    livekit('llm_request_run', { 'lk.retry_count': '0', 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm' }),
    { kind: 'other' },
  ],
  ['LiveKit: an adapter', livekit('llm_fallback_adapter', {}), { kind: 'other' }],
  [
    'LiveKit: synthesis that was given up',
    livekit('tts_request', {
      'lk.tts.streaming': 'true',
      'lk.pii.input_text': 'Yes, at nine.',
      'lk.tts_metrics': TTS_METRICS,
    }),
    {
      kind: 'tts',
      role: 'agent',
      provider: 'cartesia',
      model: 'sonic-3',
      characters: 58,
      audioMs: 2_500,
      inputTokens: null,
      timeToFirstMs: 180,
      isCancelled: true,
      isError: false,
      turnId: 'speech_7',
      metrics: { 'tts.ttfb': 0.18, 'tts.duration': 0.7, 'tts.audio_duration': 2.5 },
      outputText: 'Yes, at nine.',
    },
  ],
  [
    'LiveKit: a node of synthesis',
    livekit('tts_node', { 'lk.response.ttfb': '0.2' }),
    { kind: 'other', timeToFirstMs: null },
  ],
  [
    'LiveKit: an attempt of synthesis',
    livekit('tts_request_run', { 'lk.tts_metrics': TTS_METRICS }),
    { kind: 'other', characters: null },
  ],
  [
    'LiveKit: the turn of the caller, old names of content',
    livekit('user_turn', {
      'gen_ai.request.model': 'nova-3',
      'gen_ai.provider.name': 'Deepgram',
      'lk.user_transcript': 'when do you open',
      'lk.transcript_confidence': '0.98',
      'lk.transcription_delay': '0.42',
      'lk.end_of_turn_delay': '0.61',
    }),
    {
      kind: 'turn',
      role: 'caller',
      provider: 'deepgram',
      model: 'nova-3',
      outputText: 'when do you open',
      metrics: { 'stt.transcription_delay': 0.42, 'turn.eou_delay': 0.61 },
    },
  ],
  [
    'LiveKit: the turn of the agent, interrupted',
    livekit('agent_turn', { 'lk.speech_id': 'speech_7', 'lk.interrupted': 'True', 'lk.e2e_latency': '1.25' }),
    { kind: 'turn', role: 'agent', turnId: 'speech_7', isCancelled: true, metrics: { 'turn.reported_latency': 1.25 } },
  ],
  [
    'LiveKit: the decision',
    livekit('eou_detection', { 'lk.eou.probability': '0.7' }),
    { kind: 'end_of_turn', role: 'caller' },
  ],
  [
    'LiveKit: the wait for it',
    livekit('eou_wait', { 'lk.eou.outcome': 'committed' }),
    { kind: 'end_of_turn', isCancelled: false },
  ],
  [
    'LiveKit: a wait that the caller ended',
    livekit('eou_wait', { 'lk.eou.outcome': 'user_resumed' }),
    { kind: 'end_of_turn', isCancelled: true },
  ],
  [
    'LiveKit: a node of the user’s own, which is the request itself',
    livekit('llm_node', {
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': '12',
      'lk.response.ttft': '0.3',
    }),
    { kind: 'llm', inputTokens: 12, timeToFirstMs: 300 },
  ],
  [
    'LiveKit: a realtime model’s first token, by the clock',
    livekit('realtime_inference', {
      'gen_ai.operation.name': 'generate_content',
      'gen_ai.response.time_to_first_chunk': '0.9',
      'langfuse.observation.completion_start_time': '2025-11-24T16:00:00.373456+00:00',
    }),
    { kind: 'llm', role: 'agent' },
  ],
  [
    'LiveKit: a tool that failed',
    livekit('function_tool', {
      'lk.function_tool.name': 'find_slot',
      'lk.function_tool.is_error': 'true',
      'lk.pii.function_tool.output': 'no slot',
    }),
    { kind: 'tool', tool: 'find_slot', isError: true, outputText: 'no slot' },
  ],
  ['LiveKit: speech', livekit('agent_speaking', {}), { kind: 'speaking', role: 'agent' }],
  ['LiveKit: speech of the caller', livekit('user_speaking', {}), { kind: 'speaking', role: 'caller' }],
  ['LiveKit: the job', livekit('job_entrypoint', { 'lk.job_id': 'AJ_1' }), { kind: 'session', role: '' }],
  [
    'LiveKit: a realtime model, whose marker says nothing of time after its start',
    livekit('realtime_metrics', {
      'lk.realtime_model_metrics': JSON.stringify({
        ttft: 0.5,
        duration: 2,
        cancelled: false,
        input_tokens: 300,
        output_tokens: 120,
        input_token_details: { audio_tokens: 250, text_tokens: 50, cached_tokens: 64 },
        output_token_details: { audio_tokens: 100, text_tokens: 20 },
        metadata: { model_name: 'gpt-realtime-2', model_provider: 'openai' },
      }),
    }),
    {
      kind: 'llm',
      inputTokens: 300,
      outputTokens: 120,
      cachedTokens: 64,
      inputAudioTokens: 250,
      outputAudioTokens: 100,
      timeToFirstMs: null,
      metrics: { 'llm.ttft': 0.5, 'llm.duration': 2 },
    },
  ],
  [
    'LiveKit: metrics cut off in the middle, and no first token',
    livekit('llm_request', { 'lk.llm_metrics': '{"ttft": -1, "prompt_to', 'gen_ai.usage.input_tokens': '7' }),
    { kind: 'llm', inputTokens: 7, timeToFirstMs: null, metrics: {} },
  ],
  [
    'Pipecat: a turn',
    pipecat(
      'turn',
      {
        'turn.number': '3',
        'turn.was_interrupted': 'false',
        'turn.user_bot_latency_seconds': '1.4',
        'conversation.id': 'CA1',
      },
      'pipecat.turn',
    ),
    { kind: 'turn', turnId: '3', clock: 'pipecat', isCancelled: false, metrics: { 'turn.reported_latency': 1.4 } },
  ],
  [
    'Pipecat: recognition',
    pipecat('stt', {
      'gen_ai.provider.name': 'deepgram',
      'gen_ai.request.model': 'nova-3-general',
      'gen_ai.operation.name': 'stt',
      vad_enabled: 'true',
      transcript: 'when do you open',
      is_final: 'true',
      'metrics.ttfb': '0.35',
      'metrics.audio_seconds': '1.5',
    }),
    {
      kind: 'stt',
      role: 'caller',
      provider: 'deepgram',
      model: 'nova-3-general',
      audioMs: 1_500,
      timeToFirstMs: null,
      metrics: { 'stt.transcription_delay': 0.35 },
      outputText: 'when do you open',
    },
  ],
  [
    'Pipecat: a model',
    pipecat('llm', {
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.operation.name': 'chat',
      'gen_ai.output.type': 'text',
      stream: 'true',
      output: 'We open at nine.',
      'gen_ai.usage.input_tokens': '100',
      'gen_ai.usage.output_tokens': '8',
      'gen_ai.usage.cache_read_input_tokens': '64',
      'metrics.ttfb': '0.4',
    }),
    {
      kind: 'llm',
      role: 'agent',
      inputTokens: 100,
      outputTokens: 8,
      cachedTokens: 64,
      timeToFirstMs: 400,
      metrics: { 'llm.ttft': 0.4 },
      outputText: 'We open at nine.',
    },
  ],
  [
    'Pipecat: synthesis, interrupted',
    pipecat('tts', {
      'gen_ai.provider.name': 'cartesia',
      'gen_ai.request.model': 'unknown',
      'gen_ai.operation.name': 'tts',
      'gen_ai.output.type': 'speech',
      voice_id: 'v-1',
      text: 'We open at nine.',
      'metrics.character_count': '16',
      'metrics.ttfb': '0.21',
      'tts.interrupted': 'true',
    }),
    {
      kind: 'tts',
      voice: 'v-1',
      characters: 16,
      timeToFirstMs: 210,
      isCancelled: true,
      outputText: 'We open at nine.',
    },
  ],
  ['Pipecat: a conversation', pipecat('conversation', { 'conversation.id': 'CA1' }), { kind: 'session' }],
  [
    'Pipecat: a realtime service',
    pipecat('llm_response', {
      'gen_ai.provider.name': 'gcp.gemini',
      'gen_ai.operation.name': 'llm_response',
      'gen_ai.usage.input_tokens': '5',
      'gen_ai.usage.output_tokens': '6',
      'metrics.ttfb': '0.5',
      'response.status': 'cancelled',
    }),
    {
      kind: 'llm',
      inputTokens: 5,
      outputTokens: 6,
      timeToFirstMs: null,
      isCancelled: true,
      metrics: { 'llm.ttft': 0.5 },
    },
  ],
  ['Pipecat: what it was asked', pipecat('llm_request', { 'gen_ai.operation.name': 'llm_request' }), { kind: 'other' }],
  [
    'Pipecat: a tool',
    pipecat('llm_tool_call', { 'tool.function_name': 'find_slot', 'tool.call_id': 'c1' }),
    { kind: 'tool', tool: 'find_slot' },
  ],
  [
    'voiceobs: recognition',
    spanOf({
      name: 'voice.asr',
      attributes: { 'voice.stage.provider': 'deepgram', 'voice.stage.model': 'nova-2', 'voice.turn.id': 'turn-4' },
    }),
    { kind: 'stt', role: 'caller', provider: 'deepgram', model: 'nova-2', turnId: 'turn-4', clock: 'booking@pod-1' },
  ],
  [
    'voiceobs: a turn',
    spanOf({ name: 'voice.turn', attributes: { 'voice.actor': 'agent' } }),
    { kind: 'turn', role: 'agent' },
  ],
  [
    'GenAI as it is',
    spanOf({
      name: 'chat gpt-4o',
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'azure.ai.openai',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.response.model': 'gpt-4o-2024-08-06',
        'gen_ai.usage.input_tokens': '10',
        'gen_ai.usage.output_tokens': '5',
        'gen_ai.usage.cache_read.input_tokens': '4',
        'gen_ai.usage.audio.input_tokens': '3',
        'gen_ai.response.time_to_first_chunk': '0.25',
        'gen_ai.response.finish_reasons': '["stop"]',
        'gen_ai.output.messages': JSON.stringify([
          {
            role: 'assistant',
            parts: [
              { type: 'text', content: 'Hello.' },
              { type: 'text', content: 'Again.' },
            ],
          },
        ]),
      },
    }),
    {
      kind: 'llm',
      provider: 'azure.ai.openai',
      model: 'gpt-4o',
      inputTokens: 10,
      outputTokens: 5,
      cachedTokens: 4,
      inputAudioTokens: 3,
      timeToFirstMs: 250,
      metrics: { 'llm.ttft': 0.25 },
      outputText: 'Hello.\nAgain.',
      startMs: 1_764_000_000_123.456,
      durationMs: 900,
    },
  ],
  [
    'GenAI as it was',
    spanOf({
      attributes: {
        'gen_ai.system': 'Anthropic',
        'gen_ai.request.model': 'claude-3-opus',
        'gen_ai.usage.prompt_tokens': '10',
        'gen_ai.usage.completion_tokens': '5',
        'gen_ai.completion.0.content': 'Hello.',
      },
    }),
    { kind: 'llm', provider: 'anthropic', inputTokens: 10, outputTokens: 5, outputText: 'Hello.' },
  ],
  [
    'GenAI: an answer that was given up',
    spanOf({
      attributes: { 'gen_ai.operation.name': 'chat', 'error.type': 'CancelledError' },
      statusCode: 'Error',
    }),
    { isCancelled: true, isError: false, errorType: 'CancelledError' },
  ],
  [
    'GenAI: one that failed',
    spanOf({
      attributes: { 'gen_ai.operation.name': 'chat' },
      statusCode: 'Error',
      events: [{ timeNs: START_NS, name: 'exception', attributes: { 'exception.type': 'openai.RateLimitError' } }],
    }),
    { isCancelled: false, isError: true, errorType: 'openai.RateLimitError' },
  ],
  [
    'GenAI: a tool',
    spanOf({ attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'find_slot' } }),
    { kind: 'tool', tool: 'find_slot' },
  ],
  ['GenAI: retrieval', spanOf({ attributes: { 'gen_ai.operation.name': 'retrieval' } }), { kind: 'retrieval' }],
  [
    'GenAI: an agent’s run, whose tokens are those of the requests within',
    spanOf({ attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': '99' } }),
    { kind: 'turn', inputTokens: null },
  ],
  [
    'GenAI, draft for voice: synthesis',
    spanOf({ attributes: { 'gen_ai.operation.name': 'text_to_speech', 'gen_ai.speech.voice': 'nova' } }),
    { kind: 'tts', voice: 'nova' },
  ],
  [
    'OpenInference: a model',
    spanOf({
      attributes: {
        'openinference.span.kind': 'LLM',
        'llm.system': 'openai',
        'llm.model_name': 'gpt-4o-mini',
        'llm.token_count.prompt': '20',
        'llm.token_count.completion': '7',
        'llm.token_count.prompt_details.cache_read': '16',
        'llm.output_messages.0.message.content': 'Hello.',
      },
    }),
    {
      kind: 'llm',
      provider: 'openai',
      model: 'gpt-4o-mini',
      inputTokens: 20,
      outputTokens: 7,
      cachedTokens: 16,
      outputText: 'Hello.',
    },
  ],
  [
    'OpenInference: a retriever',
    spanOf({ attributes: { 'openinference.span.kind': 'RETRIEVER' } }),
    { kind: 'retrieval' },
  ],
  [
    'OpenInference: a reranker',
    spanOf({ attributes: { 'openinference.span.kind': 'RERANKER', 'reranker.model_name': 'rerank-3' } }),
    { kind: 'rerank', model: 'rerank-3' },
  ],
  [
    'OpenInference: a tool without a name of its own',
    spanOf({ name: 'find_slot', attributes: { 'openinference.span.kind': 'TOOL' } }),
    { kind: 'tool', tool: 'find_slot' },
  ],
  [
    'OpenInference: a chain',
    spanOf({ attributes: { 'openinference.span.kind': 'CHAIN', 'llm.token_count.prompt': '9' } }),
    { kind: 'other', inputTokens: null },
  ],
  [
    'OpenLLMetry: a model',
    spanOf({
      attributes: {
        'llm.request.type': 'chat',
        'gen_ai.system': 'OpenAI',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.prompt_tokens': '11',
        'gen_ai.usage.completion_tokens': '3',
        'gen_ai.usage.cache_read_input_tokens': '8',
      },
    }),
    { kind: 'llm', provider: 'openai', inputTokens: 11, outputTokens: 3, cachedTokens: 8 },
  ],
  [
    'OpenLLMetry: a tool',
    spanOf({ attributes: { 'traceloop.span.kind': 'tool', 'traceloop.entity.name': 'find_slot' } }),
    { kind: 'tool', tool: 'find_slot' },
  ],
  [
    'OpenLLMetry: a database of vectors that is asked',
    spanOf({ name: 'pinecone.query', attributes: { 'db.system': 'pinecone', 'db.operation': 'query' } }),
    { kind: 'retrieval' },
  ],
  [
    'a database of rows',
    spanOf({ name: 'SELECT', attributes: { 'db.system': 'postgresql', 'db.operation': 'query' } }),
    { kind: 'other' },
  ],
  ['Langfuse: what failed', spanOf({ attributes: { 'langfuse.observation.level': 'ERROR' } }), { isError: true }],
  ['OpenLLMetry: a workflow', spanOf({ attributes: { 'traceloop.span.kind': 'workflow' } }), { kind: 'turn' }],
  [
    'Langfuse: a generation',
    spanOf({
      attributes: {
        'langfuse.observation.type': 'generation',
        'langfuse.observation.model.name': 'gpt-4o',
        'langfuse.observation.usage_details': '{"input":10,"input_cached_tokens":90,"output":5,"total":105}',
        'langfuse.observation.cost_details': '{"input":0.1,"total":0.25}',
        'langfuse.observation.completion_start_time': '2025-11-24T16:00:00.623456Z',
        'langfuse.observation.output': '{"role":"assistant","content":"Hello."}',
      },
    }),
    {
      kind: 'llm',
      model: 'gpt-4o',
      inputTokens: 100,
      cachedTokens: 90,
      outputTokens: 5,
      costUsd: 0.25,
      outputText: 'Hello.',
    },
  ],
  [
    'Langfuse: usage in the words of OpenAI',
    spanOf({
      attributes: {
        'langfuse.observation.type': 'generation',
        'langfuse.observation.usage_details': '{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105}',
      },
    }),
    { inputTokens: 100, outputTokens: 5 },
  ],
  [
    'Vercel AI: the request',
    spanOf({
      name: 'ai.streamText.doStream',
      attributes: {
        'ai.operationId': 'ai.streamText.doStream',
        'operation.name': 'ai.streamText.doStream chat',
        'ai.model.id': 'gpt-4o',
        'ai.model.provider': 'openai.chat',
        'ai.usage.inputTokens': '12',
        'ai.usage.outputTokens': '4',
        'ai.usage.cachedInputTokens': '2',
        'ai.response.msToFirstChunk': '321.5',
        'ai.response.finishReason': 'stop',
        'ai.response.text': 'Hello.',
      },
    }),
    {
      kind: 'llm',
      provider: 'openai',
      model: 'gpt-4o',
      inputTokens: 12,
      outputTokens: 4,
      cachedTokens: 2,
      timeToFirstMs: 321.5,
      outputText: 'Hello.',
    },
  ],
  [
    'Vercel AI: what contains it',
    spanOf({ name: 'ai.streamText', attributes: { 'ai.operationId': 'ai.streamText', 'ai.usage.promptTokens': '12' } }),
    { kind: 'turn', inputTokens: null, timeToFirstMs: null },
  ],
  [
    'Vercel AI: a tool',
    spanOf({
      attributes: { 'operation.name': 'ai.toolCall', 'ai.operationId': 'ai.toolCall', 'ai.toolCall.name': 'find_slot' },
    }),
    { kind: 'tool', tool: 'find_slot' },
  ],
  [
    'Vercel AI: an embedding',
    spanOf({ attributes: { 'ai.operationId': 'ai.embed.doEmbed', 'ai.usage.tokens': '9' } }),
    { kind: 'embedding', inputTokens: 9 },
  ],
  [
    'a span of something else',
    spanOf({ name: 'GET /', attributes: { 'http.method': 'GET' } }),
    { kind: 'other', provider: '', model: '' },
  ],
  ['no service and no host', spanOf({ serviceName: '', resourceAttributes: {} }), { clock: 'otlp' }],
];

for (const [what, span, expected] of CASES) {
  test(what, () => {
    const request = readRequest(span, NO_PRICES);
    const read = Object.fromEntries(Object.keys(expected).map((field) => [field, request[field as keyof Request]]));
    assert.deepEqual(read, expected);
  });
}

test('of a realtime model, the time from the span’s start', () => {
  const [, span] = CASES.find(([what]) => what.includes('by the clock')) ?? CASES[0];
  assert.ok(Math.abs((readRequest(span, NO_PRICES).timeToFirstMs ?? 0) - 249.5) < 1);
});

test('of a time that Langfuse tells, the time to the first token', () => {
  const [, span] = CASES.find(([what]) => what === 'Langfuse: a generation') ?? CASES[0];
  const { timeToFirstMs, metrics } = readRequest(span, NO_PRICES);
  assert.ok(Math.abs((timeToFirstMs ?? 0) - 499.5) < 1, String(timeToFirstMs));
  assert.ok(Math.abs(metrics['llm.ttft'] - 0.4995) < 0.001);
});

const PRICE: Price = {
  provider: 'openai',
  model: 'gpt-4.1-mini',
  inputPerMillion: 0.4,
  cachedInputPerMillion: 0.1,
  outputPerMillion: 1.6,
  audioInputPerMillion: null,
  audioOutputPerMillion: null,
  charactersPerMillion: null,
  audioMinute: null,
  inputTokensMax: null,
};

test('a request costs by its tokens; told cost goes before', () => {
  const [, span] = CASES[0];
  const { costUsd } = readRequest(span, priceTable([PRICE]));
  assert.ok(Math.abs((costUsd ?? 0) - (200 * 0.4 + 1_000 * 0.1 + 42 * 1.6) / 1e6) < 1e-12);
  const told = { ...span, attributes: { ...span.attributes, 'gen_ai.usage.cost': '0.5' } };
  assert.equal(readRequest(told, priceTable([PRICE])).costUsd, 0.5);
  assert.equal(readRequest(span, NO_PRICES).costUsd, null);
  const node = livekit('llm_fallback_adapter', span.attributes);
  assert.equal(readRequest(node, priceTable([PRICE])).costUsd, null, 'what contains it costs nothing more');
});

const NAMES = [...new Set(CASES.flatMap(([, span]) => Object.keys(span.attributes)))];
const VALUES = fc.oneof(
  fc.string(),
  fc.constantFrom(
    'NaN',
    '-1',
    '1e400',
    '-0',
    'true',
    '[',
    '{"total":{}}',
    '[[[[[[[["x"]]]]]]]]',
    'null',
    '9'.repeat(400),
  ),
  fc.json(),
  fc.double().map(String),
);
const NUMBERS = [
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'inputAudioTokens',
  'outputAudioTokens',
  'characters',
  'audioMs',
  'costUsd',
  'timeToFirstMs',
] as const;

test('whatever is written into attributes, what is read of it is a number that can be, or null', () => {
  const scope = fc.constantFrom('livekit-agents', 'pipecat', 'x');
  const name = fc.constantFrom(
    'llm_request',
    'tts_request',
    'llm',
    'voice.llm',
    'realtime_metrics',
    'function_tool',
    'tts',
  );
  const attributes = fc.dictionary(fc.constantFrom(...NAMES), VALUES, { maxKeys: 12 });
  fc.assert(
    fc.property(scope, name, attributes, (scopeName, spanName, told) => {
      const span = spanOf({
        name: spanName,
        scopeName,
        attributes: told,
        events: [{ timeNs: 0n, name: 'gen_ai.choice', attributes: told }],
      });
      const request = readRequest(span, priceTable([{ ...PRICE, model: '*' }]));
      for (const field of NUMBERS) {
        const value = request[field];
        assert.ok(value === null || (Number.isFinite(value) && value >= 0), `${field}: ${String(value)}`);
      }
      assert.ok(Object.values(request.metrics).every((value) => Number.isFinite(value) && value >= 0));
      for (const text of ['provider', 'model', 'voice', 'tool', 'errorType', 'turnId', 'outputText'] as const) {
        assert.equal(typeof request[text], 'string');
      }
    }),
    { numRuns: 3_000 },
  );
});
