/** Vapi's server messages as events: the call in each message, both sides, text that is sent whole each time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInput } from '../../core/units/errors.ts';
import { lines, mapped, messagesOf, timed } from '../../test/support/eventFixtures.ts';

test('an exchange, interrupted, and the report at its end', () => {
  const events = mapped('vapi', messagesOf('vapi'));
  assert.deepEqual(timed(events, 'role', 'turnIndex', 'text'), [
    'state 0 - - -',
    'speech_started 1000 caller 1 -',
    'stt_interim 1600 caller - I need to',
    'speech_stopped 3200 caller 1 -',
    'stt_final 3400 caller - I need to move my booking.',
    'llm_first_token 4000 - - -',
    'playback_started 4500 agent 2 -',
    'tts_words 4500 agent 2 Of course,',
    'tts_words 5100 agent 2 what is your number?',
    'interruption 5900 caller - -',
    'playback_stopped 6000 agent 2 -',
    'tool_call 8600 agent - -',
    'metrics - - - -',
    'metrics - - - -',
  ]);
  assert.deepEqual(events[7].words, [
    { text: 'Of', startMs: 0, endMs: 130, confidence: null },
    { text: 'course,', startMs: 160, endMs: 620, confidence: null },
  ]);
});

test('latencies of the report are placed where its messages tell the answers, else not taken for any turn', () => {
  const report = (messages: readonly object[]): unknown => {
    const { message } = messagesOf('vapi').at(-1) as { message: { artifact: object } };
    return { message: { ...message, artifact: { ...message.artifact, messages } } };
  };
  const at = (role: string, second: number): object => ({
    role,
    message: 'x',
    time: 1_790_000_000_000 + second * 1_000,
  });
  const told = [
    at('system', 0),
    at('bot', 0),
    at('user', 1),
    at('bot', 4.5),
    at('bot', 6),
    at('user', 7),
    at('bot', 9),
  ];
  const placed = mapped('vapi', [report(told)]);
  assert.deepEqual(timed(placed), ['metrics 4500', 'metrics 9000']);
  assert.deepEqual(placed[0].metrics, {
    'turn.reported_latency': 1.3,
    'llm.ttft': 0.5,
    'tts.ttfb': 0.25,
    'stt.transcription_delay': 0.2,
    'turn.eou_delay': 0.3,
  });
  const unplaced = mapped('vapi', [report(told.slice(0, 5))]);
  assert.deepEqual(timed(unplaced), ['metrics -', 'metrics -']);
  assert.deepEqual(unplaced[1].metrics, {
    'report.turn.reported_latency': 1.1,
    'report.llm.ttft': 0.4,
    'report.tts.ttfb': 0.24,
  });
});

test('the message names the call, unless the sender has', () => {
  const nameless = mapped('vapi', messagesOf('vapi'), { callKey: '' });
  for (const { callKey, attributes } of nameless) {
    assert.equal(callKey, '0198-vapi');
    assert.equal(attributes?.vapi_call_id, '0198-vapi');
  }
  assert.equal(nameless[0].attributes?.provider_call_id, 'CA1f');
  for (const { callKey } of mapped('vapi', messagesOf('vapi'))) assert.equal(callKey, undefined);
});

test('messages come bare, too, as clients get them', () => {
  const bare = messagesOf('vapi').map((outer) => (outer as { message: unknown }).message);
  assert.deepEqual(mapped('vapi', bare), mapped('vapi', messagesOf('vapi')));
});

test('calls that share a webhook do not mix', () => {
  const spoken = (id: string, text: string): object => ({
    message: { type: 'assistant.speechStarted', text, turn: 0, timestamp: 1_790_000_001_000, call: { id } },
  });
  const events = mapped('vapi', [
    spoken('a', 'One'),
    spoken('b', 'Two'),
    spoken('a', 'One more'),
    spoken('b', 'Two more'),
  ]);
  assert.deepEqual(lines(events, 'segmentId', 'text'), [
    'playback_started turn-0-0 -',
    'tts_words turn-0-0 One',
    'playback_started turn-0-0 -',
    'tts_words turn-0-0 Two',
    'tts_words turn-0-1 more',
    'tts_words turn-0-1 more',
  ]);
});

test('messages of others are refused', () => {
  for (const message of [{ message: 'hello' }, { event: 'call_started' }, { message: { type: 'Results' } }]) {
    assert.throws(
      () => mapped('vapi', [message]),
      (error) => error instanceof InvalidInput && /Vapi/.test(error.message),
    );
  }
});
