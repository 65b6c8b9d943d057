/** What else is read of spans: the call they name, verdicts, texts, what they cost, and which of them are the same request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { callKeysOf } from './callKeys.ts';
import { holdsText } from '../events/textAttributes.ts';
import { withoutContent } from './content.ts';
import { providerName } from './conventions/providerName.ts';
import { countedOnce } from './countedOnce.ts';
import { costOf, NO_PRICES, priceTable, type Price } from './prices.ts';
import { readRequest } from './readRequest.ts';
import type { Request, RequestKind } from './request.ts';
import type { Span } from './span.ts';
import { scoresOf } from './spanScores.ts';

const START_NS = 1_764_000_000_000_000_000n;
const SPAN: Span = {
  tenant: 't',
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  parentSpanId: '',
  traceState: '',
  name: 'span',
  kind: 'Internal',
  serviceName: 'booking',
  resourceAttributes: {},
  scopeName: 'judge',
  scopeVersion: '',
  attributes: {},
  startNs: START_NS,
  durationNs: 1n,
  statusCode: 'Unset',
  statusMessage: '',
  events: [],
  links: [],
};

test('all names of a call, the best first; a span before its resource', () => {
  const keys = callKeysOf({
    ...SPAN,
    attributes: { 'lk.pii.room_name': 'room-1', 'session.id': 's-1', 'conversation.id': '', other: 'x' },
    resourceAttributes: { 'call.id': 'c-1', 'session.id': 's-2', 'lk.pii.room_name': 'room-1', job_id: 'j-1' },
  });
  assert.deepEqual(keys, [
    { source: 'call.id', key: 'c-1' },
    { source: 'session.id', key: 's-1' },
    { source: 'session.id', key: 's-2' },
    { source: 'lk.pii.room_name', key: 'room-1' },
    { source: 'job_id', key: 'j-1' },
  ]);
  assert.deepEqual(callKeysOf(SPAN), []);
});

test('verdicts in events become scores, the same ones whenever they are read', () => {
  const verdict = (timeNs: bigint, attributes: Record<string, string>) => ({
    timeNs,
    name: 'gen_ai.evaluation.result',
    attributes,
  });
  const span: Span = {
    ...SPAN,
    attributes: { 'session.id': 's-1' },
    events: [
      verdict(START_NS + 5_000_000n, {
        'gen_ai.evaluation.name': 'helpfulness',
        'gen_ai.evaluation.score.value': '0.75',
        'gen_ai.evaluation.score.label': 'good',
        'gen_ai.evaluation.explanation': 'answers it',
      }),
      { timeNs: START_NS, name: 'gen_ai.choice', attributes: {} },
      verdict(START_NS, { 'gen_ai.evaluation.name': 'tone', 'gen_ai.evaluation.score.value': '-1.5' }),
      verdict(START_NS, { 'gen_ai.evaluation.name': 'safe', 'gen_ai.evaluation.score.value': 'pass' }),
    ],
  };
  const scores = scoresOf(span);
  assert.deepEqual(
    scores.map(({ name, value }) => [name, value]),
    [
      ['helpfulness', 0.75],
      ['tone', -1.5],
      ['safe', null],
    ],
  );
  const [{ id, ...score }] = scores;
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual(score, {
    tenant: 't',
    callKey: 's-1',
    name: 'helpfulness',
    value: 0.75,
    label: 'good',
    explanation: 'answers it',
    source: 'judge',
    traceId: SPAN.traceId,
    spanId: SPAN.spanId,
    turnId: '',
    turnIndex: null,
    mediaMs: null,
    receivedAtMs: 1_764_000_000_005,
  });
  assert.deepEqual(scoresOf(structuredClone(span)), scores);
  assert.equal(new Set(scores.map((each) => each.id)).size, 3);
});

const TEXTS = [
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.prompt.0.content',
  'gen_ai.completion.0.content',
  'gen_ai.tool.call.arguments',
  'gen_ai.evaluation.explanation',
  'input.value',
  'output.value',
  'llm.input_messages.0.message.content',
  'retrieval.documents.0.document.content',
  'traceloop.entity.input',
  'langfuse.observation.output',
  'langfuse.trace.input',
  'ai.prompt.messages',
  'ai.response.text',
  'ai.toolCall.args',
  'lk.pii.user_transcript',
  'lk.user_transcript',
  'lk.pii.chat_ctx',
  'lk.chat_ctx',
  'lk.response.text',
  'lk.pii.function_tool.output',
  'lk.function_tool.arguments',
  'lk.pii.participant_identity',
  'lk.pii.anything_new',
  'my.pii.name',
  'gen_ai.tool.description',
  'gen_ai.prompt.variable.customer',
  'gen_ai.content.completion.chunk',
  'gen_ai.retrieval.query.text',
  'llm.choices',
  'llm.prompt_template.variables',
  'input.documents',
  'langfuse.observation.status_message',
  'langfuse.experiment.item.expected_output',
  'transcript',
  'input',
  'output',
  'text',
  'tool.result',
  'exception.message',
  'exception.stacktrace',
  'booking.user_message',
  'my.transcript',
  'db.query.text',
  'customer.phone_number',
];
const NO_TEXTS = [
  'gen_ai.operation.name',
  'gen_ai.request.model',
  'gen_ai.output.type',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.prompt_tokens',
  'gen_ai.usage.completion_tokens',
  'llm.token_count.prompt',
  'llm.token_count.completion',
  'gen_ai.tool.name',
  'gen_ai.conversation.id',
  'lk.pii.room_name',
  'lk.room_name',
  'lk.llm_metrics',
  'lk.stt.events',
  'lk.sip.callID',
  'lk.eou.outcome',
  'gen_ai.usage.text.input_tokens',
  'llm.cost.prompt',
  'lk.transcript_confidence',
  'lk.response.ttft',
  'lk.function_tool.name',
  'lk.e2e_latency',
  'langfuse.observation.type',
  'langfuse.observation.usage_details',
  'ai.operationId',
  'ai.usage.promptTokens',
  'ai.response.msToFirstChunk',
  'ai.response.finishReason',
  'metrics.character_count',
  'metrics.ttfb',
  'voice_id',
  'turn.number',
  'conversation.id',
  'session.id',
  'call.id',
  'service.name',
  'exception.type',
  'error.type',
];

test('texts of people and models are known by their names, and nothing that is measured is', () => {
  assert.deepEqual(
    TEXTS.filter((name) => !holdsText(name)),
    [],
  );
  assert.deepEqual(NO_TEXTS.filter(holdsText), []);
});

test('each text passes through the policy, wherever it is; all else stays as it was', () => {
  const span: Span = {
    ...SPAN,
    name: 'llm',
    attributes: { 'input.value': 'secret', 'gen_ai.request.model': 'gpt-4o', transcript: '' },
    resourceAttributes: { 'service.name': 'booking', 'user.message': 'secret' },
    statusCode: 'Error',
    statusMessage: 'could not parse "secret"',
    events: [
      { timeNs: 1n, name: 'exception', attributes: { 'exception.type': 'E', 'exception.message': 'secret' } },
      { timeNs: 2n, name: 'gen_ai.user.message', attributes: { role: 'user', content: 'secret', anything: 'secret' } },
      { timeNs: 3n, name: 'gen_ai.choice', attributes: { index: '0', message: '{"content":"secret"}' } },
    ],
    links: [{ traceId: 'a', spanId: 'b', traceState: '', attributes: { prompt: 'secret', why: 'retry' } }],
  };
  const kept = withoutContent(span, (text) => `<${text.length}>`);
  assert.doesNotMatch(
    JSON.stringify(kept, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
    /secret/,
  );
  assert.deepEqual(kept.attributes, { 'input.value': '<6>', 'gen_ai.request.model': 'gpt-4o', transcript: '' });
  assert.deepEqual(kept.resourceAttributes, { 'service.name': 'booking', 'user.message': '<6>' });
  assert.equal(kept.statusMessage, '<24>');
  assert.deepEqual(kept.events[0].attributes, { 'exception.type': 'E', 'exception.message': '<6>' });
  assert.deepEqual(kept.events[1].attributes, { role: 'user', content: '<6>', anything: '<6>' });
  assert.deepEqual(kept.events[2].attributes, { index: '0', message: '<20>' });
  assert.deepEqual(kept.links[0].attributes, { prompt: '<6>', why: 'retry' });
  assert.deepEqual({ ...kept, ...span }, span, 'nothing is added and nothing is missing');
  assert.deepEqual(
    withoutContent(span, (text) => text),
    span,
  );
});

test('numbers read of a span are the same without its texts', () => {
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.usage.input_tokens': '10',
    'gen_ai.usage.output_tokens': '5',
    'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"Hello."}]}]',
  };
  const whole = readRequest({ ...SPAN, attributes }, NO_PRICES);
  const bare = readRequest(
    withoutContent({ ...SPAN, attributes }, () => ''),
    NO_PRICES,
  );
  assert.equal(whole.outputText, 'Hello.');
  assert.deepEqual(bare, { ...whole, outputText: '' });
});

const price = (model: string, changes: Partial<Price> = {}): Price => ({
  provider: 'openai',
  model,
  inputPerMillion: 2,
  cachedInputPerMillion: 0.5,
  outputPerMillion: 8,
  audioInputPerMillion: null,
  audioOutputPerMillion: null,
  charactersPerMillion: null,
  audioMinute: null,
  inputTokensMax: null,
  ...changes,
});
const usage = (kind: RequestKind, changes: Partial<Request> = {}) => ({
  kind,
  inputTokens: null,
  outputTokens: null,
  cachedTokens: null,
  inputAudioTokens: null,
  outputAudioTokens: null,
  characters: null,
  audioMs: null,
  ...changes,
});

test('the price that says most of the name is taken; own ones before those that come with us', () => {
  const table = priceTable([
    price('gpt-4o', { inputPerMillion: 1 }),
    price('gpt-*', { inputPerMillion: 9 }),
    price('gpt-4o', { inputPerMillion: 2 }),
    price('gpt-4o', { provider: 'azure.ai.openai', inputPerMillion: 3 }),
  ]);
  assert.equal(table.priceOf('openai', 'GPT-4o')?.inputPerMillion, 1);
  assert.equal(table.priceOf('openai', 'openai/gpt-4o')?.inputPerMillion, 1);
  assert.equal(table.priceOf('openai', 'gpt-4.1')?.inputPerMillion, 9);
  assert.equal(table.priceOf('azure.ai.openai', 'gpt-4o')?.inputPerMillion, 3);
  assert.equal(table.priceOf('', 'gpt-4o')?.inputPerMillion, 1);
  assert.equal(table.priceOf('groq', 'gpt-4o'), null);
  assert.equal(table.priceOf('openai', 'xgpt-4o'), null);
  assert.equal(table.priceOf('openai', `gpt-${'a'.repeat(1_000)}`), null);
});

test('what a request costs, and when nobody can say', () => {
  const near = (actual: number | null, expected: number): void =>
    assert.ok(actual !== null && Math.abs(actual - expected) < 1e-12, `${String(actual)} and ${expected}`);
  const chat = price('m');
  near(costOf(usage('llm', { inputTokens: 1_000, outputTokens: 100 }), chat), 0.002 + 0.0008);
  near(
    costOf(usage('llm', { inputTokens: 1_000, cachedTokens: 600, outputTokens: 100 }), chat),
    0.0008 + 0.0003 + 0.0008,
  );
  const uncached = price('m', { cachedInputPerMillion: null });
  near(costOf(usage('llm', { inputTokens: 1_000, cachedTokens: 600, outputTokens: 0 }), uncached), 0.002);
  const audio = price('m', { audioInputPerMillion: 32, audioOutputPerMillion: 64 });
  const spoken = { inputTokens: 1_000, inputAudioTokens: 900, outputTokens: 200, outputAudioTokens: 150 };
  near(costOf(usage('llm', spoken), audio), (100 * 2 + 900 * 32 + 50 * 8 + 150 * 64) / 1e6);
  near(costOf(usage('tts', { characters: 2_000 }), price('m', { charactersPerMillion: 50 })), 0.1);
  near(costOf(usage('stt', { audioMs: 90_000 }), price('m', { audioMinute: 0.006 })), 0.009);
  near(costOf(usage('embedding', { inputTokens: 1_000 }), chat), 0.002);
  for (const [unknown, of] of [
    [usage('llm', { inputTokens: 1_000, outputTokens: 100 }), null],
    [usage('llm', { inputTokens: 1_000 }), chat],
    [usage('llm', spoken), chat],
    [usage('llm', { inputTokens: 1_000, outputTokens: 1 }), price('m', { inputTokensMax: 999 })],
    [usage('tts', { characters: 5 }), chat],
    [usage('turn', { inputTokens: 1, outputTokens: 1 }), chat],
  ] as const) {
    assert.equal(costOf(unknown, of), null, JSON.stringify(unknown));
  }
});

test('one name for each provider', () => {
  for (const [told, name] of [
    ['OpenAI', 'openai'],
    ['api.openai.com', 'openai'],
    ['openai.responses', 'openai'],
    ['my-company.openai.azure.com', 'azure.ai.openai'],
    ['az.ai.openai', 'azure.ai.openai'],
    ['AWS Bedrock', 'aws.bedrock'],
    ['gcp.gen_ai', 'gcp.gemini'],
    ['google.generative-ai', 'gcp.gemini'],
    ['Cartesia', 'cartesia'],
    ['api.groq.com', 'groq'],
    ['xai', 'x_ai'],
    ['Some Startup', 'some startup'],
    ['unknown', ''],
    ['', ''],
  ] as const) {
    assert.equal(providerName(told), name, told);
  }
});

let number = 0;
const requestOf = (kind: RequestKind, parent: Request | null, changes: Partial<Request> = {}): Request => {
  number += 1;
  return {
    ...readRequest(
      { ...SPAN, spanId: String(number).padStart(16, '0'), parentSpanId: parent?.spanId ?? '' },
      NO_PRICES,
    ),
    kind,
    startMs: number,
    ...changes,
  };
};

test('an SDK’s span within a framework’s counts once, and what only it knows is kept', () => {
  const turn = requestOf('turn', null);
  const outer = requestOf('llm', turn, { model: 'gpt-4o', metrics: { 'llm.duration': 1 } });
  const run = requestOf('other', outer);
  const inner = requestOf('llm', run, {
    model: 'gpt-4o-2024-08-06',
    provider: 'openai',
    inputTokens: 10,
    outputTokens: 5,
    costUsd: 0.01,
    timeToFirstMs: 100,
    metrics: { 'llm.ttft': 0.1, 'llm.duration': 0.9 },
  });
  const tool = requestOf('tool', outer);
  const within = requestOf('llm', tool, { inputTokens: 1, outputTokens: 1, costUsd: 0.5 });
  const [, one, , two, , three] = countedOnce([turn, outer, run, inner, tool, within]);
  assert.deepEqual([one.kind, two.kind, three.kind], ['llm', 'other', 'llm'], 'a tool asks on its own account');
  assert.deepEqual(
    [one.inputTokens, one.outputTokens, one.costUsd, one.provider, one.model],
    [10, 5, 0.01, 'openai', 'gpt-4o'],
  );
  assert.equal(one.timeToFirstMs, inner.startMs - outer.startMs + 100);
  assert.deepEqual(one.metrics, { 'llm.duration': 1, 'llm.ttft': 0.1 });
  assert.deepEqual([two.inputTokens, two.costUsd], [null, null]);
  assert.equal(three.costUsd, 0.5);
});

test('a prediction within the wait for a decision is part of it', () => {
  const wait = requestOf('end_of_turn', null);
  const prediction = requestOf('end_of_turn', wait);
  assert.deepEqual(
    countedOnce([prediction, wait]).map(({ kind }) => kind),
    ['other', 'end_of_turn'],
  );
});

test('counting once does not depend on the order, and does not run in circles', () => {
  const ids = fc.nat(7).map((id) => String(id + 1).padStart(16, '0'));
  const kinds = fc.constantFrom<RequestKind>('llm', 'other', 'tts', 'tool');
  const tree = fc.uniqueArray(
    fc.record({ spanId: ids, parentSpanId: ids, kind: kinds, inputTokens: fc.option(fc.nat(9)) }),
    {
      selector: ({ spanId }) => spanId,
    },
  );
  fc.assert(
    fc.property(tree, (told) => {
      const requests = told.map((each) => requestOf(each.kind, null, { ...each, startMs: Number(each.spanId) }));
      const sorted = (list: readonly Request[]) => [...list].sort((a, b) => (a.spanId < b.spanId ? -1 : 1));
      assert.deepEqual(sorted(countedOnce(requests.toReversed())), sorted(countedOnce(requests)));
    }),
  );
});
