/** AssemblyAI's messages as events: interim words that are not yet certain, one end a turn, no claim of when it was decided. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInput } from '../../core/units/errors.ts';
import { lines, mapped, messagesOf } from '../../test/support/eventFixtures.ts';

test('a turn, its formatted repeat, and the next one', () => {
  const events = mapped('assemblyai', messagesOf('assemblyai'));
  assert.deepEqual(lines(events, 'turnIndex', 'startMs', 'endMs', 'text'), [
    'speech_started - 1080 1080 -',
    'stt_interim 0 1100 1600 i need to',
    'stt_final 0 1100 2720 i need to move my booking',
    'turn_ended 0 - - -',
    'speech_started - 5000 5000 -',
    'stt_final 1 5050 5400 Wait.',
    'turn_ended 1 - - -',
  ]);
  assert.equal(events[2].confidence, 0.9);
  assert.equal(events[2].words?.length, 6);
  assert.deepEqual(events[3].metrics, { 'turn.end_confidence': 0.87 });
  for (const { role, streamId } of events)
    assert.deepEqual([role, streamId], ['caller', 'de5d9927-73a6-4be8-b52d-b4c07be37e6b']);
});

test('a new session begins its turns anew', () => {
  const begin = (id: string): object => ({ type: 'Begin', id });
  const end = { type: 'Turn', turn_order: 0, end_of_turn: true, transcript: 'yes', words: [] };
  const events = mapped('assemblyai', [begin('a'), end, end, begin('b'), end]);
  assert.deepEqual(lines(events, 'streamId'), ['stt_final a', 'turn_ended a', 'stt_final b', 'turn_ended b']);
});

test('messages of others are refused', () => {
  assert.throws(
    () => mapped('assemblyai', [{ message_type: 'PartialTranscript', text: 'v2' }]),
    (error) => error instanceof InvalidInput && /AssemblyAI \(v3\)/.test(error.message),
  );
});
