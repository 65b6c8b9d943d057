/** Cartesia's messages as events: the first audio of each context, its words on its own clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInput } from '../../core/units/errors.ts';
import { lines, mapped, messagesOf } from '../../test/support/eventFixtures.ts';

test('a context from its first audio to its end, and one that failed', () => {
  const events = mapped('cartesia', messagesOf('cartesia'));
  assert.deepEqual(lines(events, 'segmentId', 'startMs', 'endMs', 'text'), [
    'tts_first_audio turn-1 - - -',
    'tts_words turn-1 20 910 Of course, what',
    'tts_words turn-1 950 1300 now?',
    'tts_ended turn-1 - - -',
    'tts_first_audio turn-2 - - -',
    'error turn-2 - - Context was cancelled.',
  ]);
  assert.deepEqual(events[1].words?.[1], { text: 'course,', startMs: 160, endMs: 620, confidence: null });
  for (const { role, streamId, segmentId } of events) assert.deepEqual([role, streamId], ['agent', segmentId]);
});

test('messages of others are refused', () => {
  assert.throws(
    () => mapped('cartesia', [{ type: 'Results' }]),
    (error) => error instanceof InvalidInput && /Cartesia.*got type Results/.test(error.message),
  );
});
