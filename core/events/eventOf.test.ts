/** Ids of events: the same when one is sent again, another for another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventOf } from './eventOf.ts';
import type { ReportedEvent } from './speechEvent.ts';

const idOf = (reported: ReportedEvent, receivedAtMs = 1): string =>
  eventOf(reported, { tenant: 't', callKey: 'c', source: 's', receivedAtMs }).id;

test('sent again, an event has the same id, whenever it comes', () => {
  const final = { type: 'stt_final', occurredAtMs: 5, text: 'yes' } as const;
  assert.equal(idOf(final, 1), idOf(final, 2));
  const media = { type: 'stt_final', startMs: 5, endMs: 9 } as const;
  assert.equal(idOf(media, 1), idOf(media, 2));
  const named = { type: 'tts_requested', requestId: 'r' } as const;
  assert.equal(idOf(named, 1), idOf(named, 2));
});

test('what differs has another id; of two that tell nothing of themselves the time tells them apart', () => {
  const final = { type: 'stt_final', occurredAtMs: 5 } as const;
  const others: ReportedEvent[] = [
    { ...final, occurredAtMs: 6 },
    { ...final, type: 'stt_interim' },
    { ...final, role: 'agent' },
    { ...final, text: 'longer' },
    { ...final, source: 'another' },
    { ...final, requestId: 'r' },
    { ...final, metrics: { 'llm.ttft': 1 } },
  ];
  assert.equal(new Set([final, ...others].map((reported) => idOf(reported))).size, 1 + others.length);
  assert.notEqual(idOf({ type: 'speech_started' }, 1), idOf({ type: 'speech_started' }, 2));
});

test('an id does not give away the text', () => {
  const final = { type: 'stt_final', occurredAtMs: 5 } as const;
  assert.equal(idOf({ ...final, text: 'yes' }), idOf({ ...final, text: 'bye' }));
});

test('an id that its sender gave is kept', () => {
  assert.equal(idOf({ type: 'state', id: 'mine' }), 'mine');
});
