/** OpenAI Realtime as events: firsts of each response once, the beta's names, an answer broken off by the caller. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInput } from '../../core/units/errors.ts';
import { lines, mapped, messagesOf } from '../../test/support/eventFixtures.ts';

const EXPECTED = [
  'speech_started item_u1 - 800 -',
  'speech_stopped item_u1 - 3220 -',
  'turn_ended item_u1 - - -',
  'llm_requested - resp_1 - -',
  'stt_interim item_u1 - - I need to move',
  'stt_interim item_u1 - - I need to move my booking.',
  'stt_final item_u1 - - I need to move my booking.',
  'llm_first_token item_a1 resp_1 - -',
  'tts_first_audio item_a1 resp_1 - -',
  'playback_started - resp_1 - -',
  'speech_started item_u2 - 4700 -',
  'playback_truncated - resp_1 - -',
  'playback_truncated item_a1 - 1180 -',
  'tts_ended item_a1 resp_1 - -',
  'tts_words item_a1 resp_1 - Of course, what is your',
  'llm_ended - resp_1 - -',
  'interruption - resp_1 - -',
  'llm_requested - resp_2 - -',
  'llm_first_token item_f1 resp_2 - -',
  'tool_call item_f1 resp_2 - -',
  'tool_call item_o1 - - -',
  'llm_ended - resp_2 - -',
  'error - resp_2 - The server is overloaded.',
  "error - - - The 'type' field is missing.",
];

test('an answer that the caller broke off, then one that called a tool and failed', () => {
  const events = mapped('openai-realtime', messagesOf('openai-realtime'));
  assert.deepEqual(lines(events, 'itemId', 'requestId', 'endMs', 'text'), EXPECTED);
  const [ended, interruption] = events.slice(15, 17);
  assert.equal(ended.isCancelled, true);
  assert.deepEqual(ended.metrics, { 'llm.input_tokens': 132, 'llm.output_tokens': 121, 'llm.cached_tokens': 64 });
  assert.deepEqual([ended.model, ended.voice], ['gpt-realtime', 'marin']);
  assert.equal(interruption.role, 'caller');
  assert.deepEqual(events[19].attributes, { phase: 'started', name: 'find_booking', call_id: 'call_9' });
  assert.deepEqual(events[20].attributes, { phase: 'ended', name: 'find_booking', call_id: 'call_9' });
  assert.equal(events[21].isCancelled, undefined);
});

test('each event is named by its message, so that one that is sent twice is one', () => {
  const events = mapped('openai-realtime', messagesOf('openai-realtime'));
  const ids = events.map(({ id }) => id);
  assert.equal(ids[0], 'speech_started:event_02');
  assert.equal(new Set(ids).size, events.length);
});

test("the caller's audio is the session's, the agent's is its item's", () => {
  const events = mapped('openai-realtime', messagesOf('openai-realtime'));
  assert.equal(events[0].streamId, 'sess_7');
  assert.equal(events[12].streamId, 'item_a1');
  assert.equal(mapped('openai-realtime', messagesOf('openai-realtime'), { streamId: 'ws-1' })[0].streamId, 'ws-1');
});

test('a tool took from when it was called to when its answer became an item, by when each was seen', () => {
  const messages = messagesOf('openai-realtime').map((message, index) => ({
    occurredAtMs: 1_790_000_000_000 + index * 100,
    message,
  }));
  const tools = mapped('openai-realtime', messages).filter(({ type }) => type === 'tool_call');
  assert.deepEqual(
    tools.map(({ metrics }) => metrics),
    [undefined, { 'tool.duration': 0.1 }],
  );
});

test("the beta's names mean the same", () => {
  const beta = JSON.stringify(messagesOf('openai-realtime')).replaceAll('response.output_audio', 'response.audio');
  assert.ok(beta.includes('response.audio_transcript.done'));
  const events = mapped('openai-realtime', JSON.parse(beta) as unknown[]);
  assert.deepEqual(lines(events, 'itemId', 'requestId', 'endMs', 'text'), EXPECTED);
});

test('messages of others are refused', () => {
  for (const message of [{ type: 'Results' }, { type: 'user_state_changed' }, 7]) {
    assert.throws(
      () => mapped('openai-realtime', [message]),
      (error) => error instanceof InvalidInput && /OpenAI Realtime/.test(error.message),
    );
  }
});
