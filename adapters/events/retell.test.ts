/** Retell's webhooks as events: a transcript that comes whole each time is told once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidInput } from '../../core/units/errors.ts';
import { lines, mapped, messagesOf } from '../../test/support/eventFixtures.ts';

const EXPECTED = [
  'state - - - -',
  'stt_interim utterance-0 1100 1900 I need to move',
  'stt_final utterance-0 1100 2720 I need to move my booking.',
  'stt_interim utterance-1 3950 5100 Of course, what is',
  'state - - - -',
  'stt_final utterance-1 3950 5100 Of course, what is',
  'stt_final utterance-2 5050 5400 Wait.',
  'metrics latency-0 - - -',
  'metrics latency-1 - - -',
];

test('a call from its start to its end', () => {
  const events = mapped('retell', messagesOf('retell'));
  assert.deepEqual(lines(events, 'itemId', 'startMs', 'endMs', 'text'), EXPECTED);
  assert.deepEqual(lines(events.slice(1, 6), 'role'), [
    ...['stt_interim caller', 'stt_final caller', 'stt_interim agent', 'state -', 'stt_final agent'],
  ]);
  assert.deepEqual([events[0].occurredAtMs, events[4].occurredAtMs], [1_790_000_000_000, 1_790_000_020_000]);
  assert.deepEqual(events[4].attributes, {
    retell_call_id: 'call_r1',
    agent_id: 'agent_1',
    state: 'ended',
    reason: 'user_hangup',
  });
  assert.deepEqual(events[7].metrics, { 'report.turn.reported_latency': 1.3 });
});

test('who hears only the end hears all of it', () => {
  const ended = messagesOf('retell').slice(3, 4);
  const events = mapped('retell', ended, { callKey: '' });
  assert.deepEqual(lines(events, 'itemId', 'callKey'), [
    'state - call_r1',
    'stt_final utterance-0 call_r1',
    'stt_final utterance-1 call_r1',
    'stt_final utterance-2 call_r1',
    'metrics latency-0 call_r1',
    'metrics latency-1 call_r1',
  ]);
});

test('messages of others are refused', () => {
  assert.throws(
    () => mapped('retell', [{ type: 'call_started' }]),
    (error) => error instanceof InvalidInput && /Retell/.test(error.message),
  );
});
