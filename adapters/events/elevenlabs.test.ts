/** ElevenLabs' characters as words: across chunks, in both spellings, on the clock of what is synthesised. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInput } from '../../core/units/errors.ts';
import { lines, mapped, messagesOf } from '../../test/support/eventFixtures.ts';

test('words are put together across chunks, whose times are added up', () => {
  const events = mapped('elevenlabs', messagesOf('elevenlabs'));
  assert.deepEqual(lines(events, 'segmentId', 'startMs', 'endMs', 'text'), [
    'tts_first_audio ctx-1 - - -',
    'tts_words ctx-1 0 120 Of',
    'tts_words ctx-1 150 450 course,',
    'tts_words ctx-1 480 760 what',
    'tts_words ctx-1 790 990 now?',
    'tts_ended ctx-1 - - -',
    'tts_first_audio ctx-2 - - -',
    'tts_words ctx-2 0 360 Sure',
    'error ctx-2 - - The context was closed.',
  ]);
  for (const { role, streamId, segmentId } of events) assert.deepEqual([role, streamId], ['agent', segmentId]);
});

const chunk = (text: string, startMs: number, eachMs: number, more: object = {}): object => ({
  alignment: {
    chars: [...text],
    charStartTimesMs: [...text].map((_, index) => startMs + index * eachMs),
    charDurationsMs: [...text].map(() => eachMs),
  },
  ...more,
});

test('should times count on from chunk to chunk, nothing is added', () => {
  const events = mapped('elevenlabs', [chunk('one ', 0, 50), chunk('two', 200, 50, { isFinal: true })]);
  assert.deepEqual(lines(events, 'startMs', 'endMs', 'text'), [
    'tts_words 0 150 one',
    'tts_words 200 350 two',
    'tts_ended - - -',
  ]);
});

test('without contexts, one final message ends an utterance and the next begins at zero', () => {
  const said = chunk('yes', 0, 100, { audio: 'AAAA', isFinal: true });
  const events = mapped('elevenlabs', [said, said], { streamId: 'voice' });
  assert.deepEqual(lines(events, 'streamId', 'segmentId', 'startMs'), [
    'tts_first_audio voice:utterance-1 utterance-1 -',
    'tts_words voice:utterance-1 utterance-1 0',
    'tts_ended voice:utterance-1 utterance-1 -',
    'tts_first_audio voice:utterance-2 utterance-2 -',
    'tts_words voice:utterance-2 utterance-2 0',
    'tts_ended voice:utterance-2 utterance-2 -',
  ]);
});

test('text without spaces does not grow without end', () => {
  const events = mapped('elevenlabs', [chunk('字'.repeat(250), 0, 10), { isFinal: true }]);
  const words = events.flatMap((event) => event.words ?? []);
  assert.deepEqual(
    words.map(({ text }) => text.length),
    [100, 100, 50],
  );
  assert.deepEqual([words[0].startMs, words.at(-1)?.endMs], [0, 2_500]);
});

test('lists of unequal length give what they agree on', () => {
  const alignment = { chars: ['a', 'b', 'c', 7], charStartTimesMs: [0, 10], charDurationsMs: [10, 10, 10] };
  const [event] = mapped('elevenlabs', [{ alignment, isFinal: true }]);
  assert.deepEqual(event.words, [{ text: 'ab', startMs: 0, endMs: 20, confidence: null }]);
});

test('messages of others are refused', () => {
  assert.throws(
    () => mapped('elevenlabs', [{ type: 'chunk', data: 'AAAA' }]),
    (error) => error instanceof InvalidInput && /ElevenLabs.*got type, data/.test(error.message),
  );
});
