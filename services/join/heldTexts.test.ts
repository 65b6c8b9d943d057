/** Texts of running calls: there while they are needed, within their bound, and never another call's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventOf } from '../../core/events/eventOf.ts';
import { HeldTexts } from './heldTexts.ts';

const event = (callKey: string, text: string, id = 'e') =>
  eventOf({ id, type: 'tts_words', text }, { tenant: 't', callKey, source: 's', receivedAtMs: 1 });

test('an event that was stored without its text has it again as long as it is held', () => {
  const texts = new HeldTexts(10_000);
  texts.hold(event('a', 'hello'));
  assert.equal(texts.withText(event('a', '')).text, 'hello');
  assert.equal(texts.withText(event('b', '')).text, '');
  texts.forget('another tenant', ['a']);
  assert.equal(texts.withText(event('a', '')).text, 'hello');
  texts.forget('t', ['a']);
  assert.equal(texts.withText(event('a', '')).text, '');
  assert.equal(texts.bytes, 0);
});

test('beyond the bound the calls that came first go', () => {
  const texts = new HeldTexts(1_000);
  for (const key of ['a', 'b', 'c']) texts.hold(event(key, 'x'.repeat(150)));
  assert.ok(texts.bytes <= 1_000);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => texts.withText(event(key, '')).text.length),
    [0, 150, 150],
  );
  texts.hold(event('c', 'other words', 'e'));
  assert.equal(texts.withText(event('c', '')).text.length, 150, 'the first stands, as in the store');
});
