/** What frameworks really send is read as what really happened: each request once, each with its numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseTraces } from '../../adapters/otlp/parseTraces.ts';
import { loadPrices } from '../../adapters/otlp/prices.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { callKeysOf } from '../../core/spans/callKeys.ts';
import { withoutContent } from '../../core/spans/content.ts';
import { countedOnce } from '../../core/spans/countedOnce.ts';
import { readRequest } from '../../core/spans/readRequest.ts';
import type { Request, RequestKind } from '../../core/spans/request.ts';
import type { Span } from '../../core/spans/span.ts';

const prices = await loadPrices();

function recorded(file: string): Span[] {
  const body = readFileSync(join(packageRoot, 'test', 'recorded', file));
  const { spans, rejectedSpans, errorMessage } = parseTraces(body, 'protobuf', 't');
  assert.deepEqual([rejectedSpans, errorMessage], [0, '']);
  return spans;
}

const requestsOf = (spans: readonly Span[]): Request[] => spans.map((span) => readRequest(span, prices));
const ofKind = (requests: readonly Request[], kind: RequestKind): Request[] =>
  requests.filter((request) => request.kind === kind).sort((a, b) => a.startMs - b.startMs);

const textOfAll = (spans: readonly Span[]): string =>
  JSON.stringify(spans, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

test('LiveKit agents: two requests to the model, one tool, one synthesis', () => {
  const spans = recorded('livekit-agents-1.8.9.otlp');
  const requests = requestsOf(spans);
  assert.deepEqual(countedOnce(requests), requests, 'nothing is counted twice to begin with');
  const [asking, answering, ...others] = ofKind(requests, 'llm');
  assert.deepEqual(others, []);
  for (const request of [asking, answering]) {
    assert.deepEqual(
      [request.name, request.provider, request.model, request.role, request.clock],
      ['llm_request', 'openai', 'gpt-4.1-mini', 'agent', 'livekit-agents'],
    );
    assert.deepEqual([request.inputTokens, request.outputTokens, request.cachedTokens], [100, 8, 64]);
    assert.ok(
      request.timeToFirstMs !== null && request.timeToFirstMs > 0 && request.timeToFirstMs < request.durationMs,
    );
    assert.ok(Math.abs((request.costUsd ?? 0) - (36 * 0.4 + 64 * 0.1 + 8 * 1.6) / 1e6) < 1e-12);
    assert.ok(!request.isCancelled && !request.isError);
  }
  assert.equal(answering.outputText, 'We open at nine.');

  const [tool, ...moreTools] = ofKind(requests, 'tool');
  assert.deepEqual([tool.tool, tool.outputText, moreTools.length], ['find_slot', 'nine', 0]);
  assert.ok(asking.startMs < tool.startMs && tool.startMs < answering.startMs);

  const [synthesis, ...moreSyntheses] = ofKind(requests, 'tts');
  assert.equal(moreSyntheses.length, 0);
  assert.deepEqual(
    [synthesis.provider, synthesis.model, synthesis.characters, synthesis.audioMs, synthesis.outputText],
    ['cartesia', 'sonic-3', 16, 1_010, 'We open at nine.'],
  );
  assert.ok((synthesis.timeToFirstMs ?? 0) > 0 && synthesis.metrics['tts.ttfb'] > 0);
  const turns = ofKind(requests, 'turn');
  assert.ok(turns.length > 0 && turns.every(({ role, turnId }) => role === 'agent' && turnId.startsWith('speech_')));
  assert.equal(ofKind(requests, 'speaking').length, 1);
});

test('Pipecat: one of each, and the latency that it reports', () => {
  const spans = recorded('pipecat-1.14.0.otlp');
  const requests = requestsOf(spans);
  assert.deepEqual(countedOnce(requests), requests);
  assert.deepEqual(requests.map(({ kind }) => kind).sort(), ['llm', 'session', 'stt', 'tts', 'turn']);
  assert.deepEqual(new Set(requests.map(({ clock }) => clock)), new Set(['pipecat']));
  const [model] = ofKind(requests, 'llm');
  assert.deepEqual(
    [model.provider, model.model, model.inputTokens, model.outputTokens, model.cachedTokens, model.outputText],
    ['openai', 'gpt-4.1-mini', 100, 8, 64, 'We open at nine.'],
  );
  assert.ok((model.timeToFirstMs ?? 0) >= 80 && (model.costUsd ?? 0) > 0);
  const [recognition] = ofKind(requests, 'stt');
  assert.deepEqual(
    [recognition.role, recognition.provider, recognition.model, recognition.outputText],
    ['caller', 'deepgram', 'nova-3-general', 'when do you open'],
  );
  const [synthesis] = ofKind(requests, 'tts');
  assert.deepEqual(
    [synthesis.provider, synthesis.model, synthesis.voice, synthesis.characters],
    ['cartesia', 'sonic-3', 'v-1', 16],
  );
  assert.ok(synthesis.metrics['tts.ttfb'] >= 0.05);
  const [turn] = ofKind(requests, 'turn');
  assert.equal(turn.turnId, '1');
  assert.ok(turn.metrics['turn.reported_latency'] > 0);
  const inTurn = requests.filter(({ parentSpanId }) => parentSpanId === turn.spanId);
  assert.deepEqual(inTurn.map(({ kind }) => kind).sort(), ['llm', 'stt', 'tts']);
});

test('Pipecat: the call is named by the conversation and its turns only, the others are of their trace', () => {
  const spans = recorded('pipecat-1.14.0.otlp');
  const keys = Object.fromEntries(spans.map((span) => [span.name, callKeysOf(span)[0]?.key ?? '']));
  assert.deepEqual(keys, { conversation: 'CA123', turn: 'CA123', stt: '', llm: '', tts: '' });
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
});

test('LiveKit agents: every span names the call', () => {
  const spans = recorded('livekit-agents-1.8.9.otlp');
  assert.deepEqual(new Set(spans.map((span) => callKeysOf(span)[0]?.key)), new Set(['room-1']));
});

for (const file of ['livekit-agents-1.8.9.otlp', 'pipecat-1.14.0.otlp']) {
  test(`${file}: none of what was said is left without its texts, and the numbers are the same`, () => {
    const spans = recorded(file);
    const said = /We open|at nine|when do you open|be kind|Find a slot|monday/;
    assert.match(textOfAll(spans), said);
    const bare = spans.map((span) => withoutContent(span, () => ''));
    assert.doesNotMatch(textOfAll(bare), said);
    const silent = requestsOf(spans).map((request) => ({ ...request, outputText: '' }));
    assert.deepEqual(requestsOf(bare), silent);
  });
}
