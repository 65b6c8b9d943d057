/** Deepgram's messages as events: both sides of a multichannel connection, Flux's turns, and what is left out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInput } from '../../core/units/errors.ts';
import { lines, mapped, messagesOf } from '../../test/support/eventFixtures.ts';

test('a call on two channels: the caller is in the first, the agent in the second', () => {
  const events = mapped('deepgram', messagesOf('deepgram'));
  assert.deepEqual(lines(events, 'role', 'startMs', 'endMs', 'text'), [
    'speech_started caller 1020 1020 -',
    'stt_interim caller 1020 2020 i need to',
    'stt_final caller 1020 3120 I need to move my booking.',
    'stt_utterance_end caller 2720 2720 -',
    'stt_utterance_end caller 2720 2720 -',
    'speech_started agent 3900 3900 -',
    'stt_final agent 3800 5500 Of course, what is',
    'speech_started caller 5000 5000 -',
    'stt_final caller 4900 6100 Wait.',
    'stt_utterance_end caller 5400 5400 -',
    'stt_utterance_end caller - - -',
    'error - - - Could not process the audio.',
  ]);
  const final = events[2];
  assert.deepEqual(final.words?.at(-1), { text: 'booking.', startMs: 2_150, endMs: 2_720, confidence: 0.96 });
  assert.deepEqual(
    [final.confidence, final.language, final.model, final.provider],
    [0.98, 'en', '2-general-nova', 'deepgram'],
  );
  assert.equal(final.occurredAtMs, undefined);
});

test('the connection is named by its request, and by the sender where it does', () => {
  const [first, interim] = mapped('deepgram', messagesOf('deepgram'));
  assert.equal(first.streamId, 'deepgram');
  assert.equal(interim.streamId, '8f1c0c5e-0f3d-4c2e-9a3c-1f6f0c0c9a01');
  for (const event of mapped('deepgram', messagesOf('deepgram'), { streamId: 'ears' }))
    assert.equal(event.streamId, 'ears');
});

test('on one channel it is the caller that is heard, unless the sender says otherwise', () => {
  const started = { type: 'SpeechStarted', channel: [0, 1], timestamp: 0.5 };
  assert.equal(mapped('deepgram', [started])[0].role, 'caller');
  assert.equal(mapped('deepgram', [started], { role: 'agent' })[0].role, 'agent');
  assert.equal(mapped('deepgram', [{ ...started, channel: [2, 3] }])[0].role, undefined);
});

test("Flux decides on turns: a decision's moment is how far the audio had come", () => {
  const events = mapped('deepgram', messagesOf('deepgram-flux'));
  assert.deepEqual(lines(events, 'turnIndex', 'startMs', 'endMs', 'text'), [
    'turn_started 0 400 400 -',
    'stt_interim 0 400 960 I need',
    'turn_eager_end 0 1600 1600 -',
    'turn_resumed 0 1920 1920 -',
    'stt_final 0 450 2400 I need help with it',
    'turn_ended 0 3040 3040 -',
    'error - - - An internal server error occurred.',
  ]);
  assert.equal(events[4].confidence, 0.8);
  assert.deepEqual(events[5].metrics, { 'turn.end_confidence': 0.86 });
});

test('what makes no sense is left out, and what is too much is refused', () => {
  const results = { type: 'Results', is_final: true, start: -1, duration: '2', channel: { alternatives: [{}] } };
  const alternative = { transcript: 'hm', confidence: 7, words: [{ word: 'hm', start: 2, end: 1 }, { word: 5 }, null] };
  const [event] = mapped('deepgram', [{ ...results, channel: { alternatives: [alternative] } }]);
  assert.deepEqual(event, {
    type: 'stt_final',
    provider: 'deepgram',
    streamId: 'deepgram',
    role: 'caller',
    text: 'hm',
  });
  const long = { ...results, channel: { alternatives: [{ transcript: 'x'.repeat(70_000) }] } };
  assert.throws(
    () => mapped('deepgram', [long]),
    (error) => error instanceof InvalidInput && /transcript of at most 65536/.test(error.message),
  );
});

test('messages of others are refused', () => {
  for (const message of [null, 'Results', [], {}, { type: 'response.done' }, { type: 7 }]) {
    assert.throws(
      () => mapped('deepgram', [message]),
      (error) => error instanceof InvalidInput && error.code === 'message_invalid' && /Deepgram/.test(error.message),
    );
  }
  assert.deepEqual(mapped('deepgram', [{ type: 'SomethingNew' }]), []);
});

test('a window that ends before it begins has a beginning only', () => {
  const message = {
    type: 'TurnInfo',
    event: 'Update',
    turn_index: 0,
    audio_window_start: 0.4,
    audio_window_end: 0,
    transcript: 'hi',
    words: [],
  };
  const [event] = mapped('deepgram', [message]);
  assert.deepEqual([event.startMs, event.endMs], [400, undefined]);
});
