/** LiveKit agents as events: seconds from Python, milliseconds from JavaScript, the moments that metrics tell of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInput } from '../../core/units/errors.ts';
import { FIXTURE_START_MS, lines, mapped, messagesOf, timed } from '../../test/support/eventFixtures.ts';

test('a session in Python: an answer, interrupted', () => {
  const events = mapped('livekit-agents', messagesOf('livekit-agents'));
  assert.deepEqual(timed(events, 'role', 'turnId', 'text'), [
    'speech_started 1000 caller - -',
    'stt_interim 1600 caller - I need to',
    'speech_stopped 3200 caller - -',
    'stt_final 3300 caller - I need to move my booking.',
    'state 3600 agent - -',
    'turn_ended 3700 caller speech_a1 -',
    'llm_requested 3700 - speech_a1 -',
    'llm_first_token 4150 - speech_a1 -',
    'llm_ended 4900 - speech_a1 -',
    'playback_started 4500 agent - -',
    'tts_requested 4200 agent speech_a1 -',
    'tts_first_audio 4400 agent speech_a1 -',
    'tts_ended 5100 agent speech_a1 -',
    'speech_started 5600 caller - -',
    'interruption 5900 caller - -',
    'playback_stopped 6000 agent - -',
    'tts_words 6100 agent - Of course, what is',
    'false_interruption 8100 caller - -',
    'tool_call 9000 agent - -',
    'llm_requested 9700 - speech_a2 -',
    'llm_ended 10000 - speech_a2 -',
    'turn_ended 11000 caller speech_a3 -',
    'error 12000 - - connection closed',
    'state 13000 - - -',
  ]);
});

test('metrics go where they belong, once, under their own names', () => {
  const events = mapped('livekit-agents', messagesOf('livekit-agents'));
  const told = events.filter(({ metrics }) => metrics !== undefined).map(({ type, metrics }) => ({ type, ...metrics }));
  assert.deepEqual(told.slice(0, 8), [
    { type: 'turn_ended', 'turn.eou_delay': 0.6, 'stt.transcription_delay': 0.4, 'turn.callback_duration': 0.05 },
    { type: 'llm_first_token', 'llm.ttft': 0.45 },
    {
      type: 'llm_ended',
      'llm.duration': 1.2,
      'llm.output_tokens': 31,
      'llm.input_tokens': 412,
      'llm.cached_tokens': 256,
    },
    { type: 'tts_first_audio', 'tts.ttfb': 0.2 },
    { type: 'tts_ended', 'tts.duration': 0.9, 'tts.audio_duration': 3.1, 'tts.characters': 54 },
    { type: 'interruption', 'interruption.detection_delay': 0.3 },
    { type: 'tts_words', 'turn.reported_latency': 1.3, 'playback.latency': 0.01 },
    { type: 'tool_call', 'tool.duration': 0.4 },
  ]);
});

test('what stands for "unknown" is not told: a first token at -1, an end of turn after 0.0', () => {
  const events = mapped('livekit-agents', messagesOf('livekit-agents'));
  const cancelled = events.filter(({ requestId }) => requestId === 'chatcmpl-2');
  assert.deepEqual(lines(cancelled), ['llm_requested', 'llm_ended']);
  for (const event of cancelled) assert.equal(event.metrics?.['llm.ttft'], undefined);
  const ended = events.find(({ turnId }) => turnId === 'speech_a3');
  assert.deepEqual(ended?.metrics, { 'turn.callback_duration': 0 });
});

test('given up is said of the end alone: what came before may have been heard', () => {
  for (const name of ['livekit-agents', 'livekit-agents-js']) {
    const events = mapped('livekit-agents', messagesOf(name)).filter(({ isCancelled }) => isCancelled === true);
    assert.equal(events[0].requestId, 'tts-1');
    for (const { type } of events) assert.match(type, /_ended$/);
  }
});

test('a session in JavaScript tells the same moments', () => {
  const events = mapped('livekit-agents', messagesOf('livekit-agents-js'));
  assert.deepEqual(timed(events, 'role', 'turnId'), [
    'speech_started 1000 caller -',
    'speech_stopped 3200 caller -',
    'stt_final 3300 caller -',
    'turn_ended 3700 caller speech_a1',
    'llm_requested 3700 - speech_a1',
    'llm_first_token 4150 - speech_a1',
    'llm_ended 4900 - speech_a1',
    'tts_requested 4200 agent speech_a1',
    'tts_first_audio 4400 agent speech_a1',
    'tts_ended 5100 agent speech_a1',
    'playback_started 4500 agent -',
    'playback_stopped 6000 agent -',
    'tts_words 6100 agent -',
    'interruption 6000 caller -',
    'backchannel 9000 caller -',
    'llm_requested 10000 agent -',
    'llm_first_token 10350 agent -',
    'tts_first_audio 10350 agent -',
    'llm_ended 12000 agent -',
    'llm_ended 20000 - -',
  ]);
  const first = events.find(({ type }) => type === 'llm_first_token');
  assert.deepEqual(first?.metrics, { 'llm.ttft': 0.45 });
  assert.deepEqual([first?.model, first?.provider], ['gpt-4o-mini', 'api.openai.com']);
});

test('which unit was taken is said, and where none can be told, none is', () => {
  const unit = (name: string, type: string): unknown =>
    mapped('livekit-agents', messagesOf(name)).find((event) => event.type === type)?.attributes?.unit;
  assert.equal(unit('livekit-agents', 'llm_first_token'), 's');
  assert.equal(unit('livekit-agents-js', 'llm_first_token'), 'ms');
  assert.equal(unit('livekit-agents-js', 'tts_words'), 's');
  const early = mapped('livekit-agents', messagesOf('livekit-agents-js')).at(-1);
  assert.equal(early?.attributes?.unit, 'unknown');
  assert.deepEqual(early.metrics, { 'llm.output_tokens': 3, 'llm.input_tokens': 4 });
});

test('without its metrics a user turn ends as its own message says', () => {
  const item = {
    id: 'item_u1',
    role: 'user',
    content: ['I need to move my booking.', { type: 'image_content' }],
    interrupted: false,
    transcript_confidence: 0.97,
    metrics: { stopped_speaking_at: 1_790_000_003.1, end_of_turn_delay: 0.6, transcription_delay: 0.4 },
  };
  const added = { type: 'conversation_item_added', item, created_at: 1_790_000_003.9 };
  const [event] = mapped('livekit-agents', [added]);
  assert.deepEqual(event, {
    type: 'turn_ended',
    itemId: 'item_u1',
    occurredAtMs: event.occurredAtMs,
    role: 'caller',
    text: 'I need to move my booking.',
    confidence: 0.97,
    metrics: { 'turn.eou_delay': 0.6, 'stt.transcription_delay': 0.4 },
    attributes: { unit: 's' },
  });
  assert.ok(Math.abs((event.occurredAtMs ?? 0) - FIXTURE_START_MS - 3_700) < 0.01);
  const eou = {
    type: 'eou_metrics',
    timestamp: 1_790_000_003.7,
    end_of_utterance_delay: 0.6,
    transcription_delay: 0.4,
  };
  assert.deepEqual(lines(mapped('livekit-agents', [eou, added])), ['turn_ended']);
});

test('node latencies of a message are told where LLMMetrics are not', () => {
  const item = { id: 'a', role: 'assistant', content: ['Hi'], metrics: { llm_node_ttft: 0.4, tts_node_ttfb: 0.2 } };
  const [spoken] = mapped('livekit-agents', [{ type: 'message', ...item, created_at: 1_790_000_001 }]);
  assert.deepEqual(spoken.attributes, { unit: 's', text_extent: 'all' });
  assert.deepEqual(spoken.metrics, { 'llm.ttft': 0.4, 'tts.ttfb': 0.2 });
});

test('metrics whose numbers do not go together place nothing before their end', () => {
  const llm = { type: 'llm_metrics', request_id: 'r', timestamp: 1_790_000_010, cancelled: false };
  assert.deepEqual(timed(mapped('livekit-agents', [{ ...llm, duration: 0.5, ttft: 0.7 }])), [
    'llm_requested 9500',
    'llm_ended 10000',
  ]);
  assert.deepEqual(timed(mapped('livekit-agents', [{ ...llm, duration: 0, ttft: 0.7 }])), ['llm_ended 10000']);
  assert.deepEqual(timed(mapped('livekit-agents', [{ ...llm, duration: 1e9, ttft: 0.7 }])), ['llm_ended 10000']);
  assert.deepEqual(lines(mapped('livekit-agents', [{ ...llm, timestamp: 'now', duration: 1, ttft: 0.7 }])), [
    'llm_ended',
  ]);
  const silent = {
    type: 'tts_metrics',
    request_id: 't',
    timestamp: 1_790_000_010,
    duration: 1,
    ttfb: 0.1,
    audio_duration: 0,
  };
  assert.deepEqual(timed(mapped('livekit-agents', [silent])), ['tts_requested 9000', 'tts_ended 10000']);
});

test('the detector of interruptions counts in seconds in Python, in milliseconds in JavaScript', () => {
  const python = { type: 'interruption_metrics', timestamp: 1_790_000_010, detection_delay: 0.3, num_interruptions: 1 };
  const javascript = {
    type: 'interruption_metrics',
    timestamp: 1_790_000_010_000,
    detectionDelay: 300,
    numInterruptions: 1,
  };
  const events = mapped('livekit-agents', [python, javascript]);
  assert.deepEqual(
    events.map(({ occurredAtMs, metrics, attributes }) => [occurredAtMs, metrics, attributes]),
    ['s', 'ms'].map((unit) => [
      1_790_000_010_000,
      { 'interruption.detection_delay': 0.3, 'interruption.count': 1 },
      { unit },
    ]),
  );
});

test('messages of others are refused', () => {
  for (const message of [{ type: 'Results' }, { type: 'metrics_collected', metrics: { type: 'gossip' } }]) {
    assert.throws(
      () => mapped('livekit-agents', [message]),
      (error) => error instanceof InvalidInput && /LiveKit agents/.test(error.message),
    );
  }
  assert.throws(() => mapped('livekit-agents', [{ type: 'conversation_item_added', item: 'hello' }]), InvalidInput);
});
