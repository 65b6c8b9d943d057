/** Pipecat's RTVI messages as events: what is decided and what is heard are two things, and firsts are told once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInput } from '../../core/units/errors.ts';
import { lines, mapped, messagesOf, timed } from '../../test/support/eventFixtures.ts';

test('an exchange, interrupted', () => {
  const events = mapped('pipecat', messagesOf('pipecat'));
  assert.deepEqual(timed(events, 'role', 'text'), [
    'speech_started 1000 caller -',
    'turn_started 1010 caller -',
    'stt_interim 1590 caller I need to',
    'speech_stopped 3200 caller -',
    'stt_final 3280 caller I need to move my booking.',
    'metrics 3310 - -',
    'turn_ended 3600 caller -',
    'llm_requested 3650 - -',
    'llm_first_token 4050 - -',
    'tts_requested 4100 agent -',
    'tts_first_audio 4300 agent -',
    'metrics 4300 agent -',
    'playback_started 4350 agent -',
    'tts_words 4400 agent Of course,',
    'llm_ended 4500 - -',
    'metrics 4510 - -',
    'metrics 4510 - -',
    'turn_started 5600 caller -',
    'interruption 5620 caller -',
    'playback_stopped 5700 agent -',
    'tool_call 6000 agent -',
    'tool_call 6400 agent -',
    'error 7000 - the voice service closed the connection',
  ]);
});

test('metrics have their canonical names, their service and its model', () => {
  const events = mapped('pipecat', messagesOf('pipecat')).filter(({ metrics }) => metrics !== undefined);
  assert.deepEqual(
    events.map(({ provider, model, metrics }) => [provider, model, metrics]),
    [
      ['deepgram', 'nova-3', { 'stt.transcription_delay': 0.31 }],
      ['openai', 'gpt-4o-mini', { 'llm.ttft': 0.4 }],
      ['cartesia', 'sonic-2', { 'tts.ttfb': 0.2 }],
      ['cartesia', 'sonic-2', { 'tts.characters': 54 }],
      ['openai', 'gpt-4o-mini', { 'llm.duration': 0.85 }],
      [undefined, undefined, { 'llm.input_tokens': 412, 'llm.output_tokens': 31, 'llm.cached_tokens': 256 }],
      [undefined, undefined, { 'tool.duration': 0.4 }],
    ],
  );
});

const rtvi = (type: string, data?: object): object => ({ label: 'rtvi-ai', type, data });

test('without metrics the first text and the first audio tell the firsts, once an answer', () => {
  const text = rtvi('bot-llm-text', { text: 'Hi' });
  const audio = rtvi('bot-tts-audio', { audio: 'AAAA', sample_rate: 24_000, num_channels: 1 });
  const answer = [rtvi('bot-llm-started'), text, text, rtvi('bot-tts-started'), audio, audio];
  assert.deepEqual(lines(mapped('pipecat', [...answer, ...answer])), [
    ...['llm_requested', 'llm_first_token', 'tts_requested', 'tts_first_audio'],
    ...['llm_requested', 'llm_first_token', 'tts_requested', 'tts_first_audio'],
  ]);
});

test('a call of a tool says when it begins, when it ends and whether it was given up', () => {
  const calls = mapped('pipecat', messagesOf('pipecat')).filter(({ type }) => type === 'tool_call');
  assert.deepEqual(
    calls.map(({ itemId, attributes, isCancelled }) => [itemId, attributes, isCancelled]),
    [
      ['call_1', { phase: 'started', name: 'find_booking' }, undefined],
      ['call_1', { phase: 'ended', name: 'find_booking' }, true],
    ],
  );
});

test('messages of others are refused', () => {
  for (const message of [{ type: 'user_state_changed' }, { label: 'other', type: 'metrics' }, 'metrics']) {
    assert.throws(
      () => mapped('pipecat', [message]),
      (error) => error instanceof InvalidInput && /rtvi-ai/i.test(error.message),
    );
  }
});
