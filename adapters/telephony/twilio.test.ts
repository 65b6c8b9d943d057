/** Twilio's messages as they come, in order or not, and whatever else may come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { twilioMessages } from '../../test/support/twilioSender.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import type { AudioMessage } from '../../core/audio/message.ts';
import { createTwilioReader, isTwilio, type TwilioEvent } from './twilio.ts';

const audio = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i % 251);
const MESSAGES = twilioMessages({
  callSid: 'CA1',
  streamSid: 'MZ1',
  inbound: audio(1_600),
  outbound: audio(1_600),
  customParameters: { agent_version: 'v7', 'label.campaign': 'spring' },
});

function read(messages: readonly string[]): TwilioEvent[] {
  const reader = createTwilioReader('t');
  return messages.flatMap((message) => reader.read(message, 1_000));
}
const audioOf = (events: readonly TwilioEvent[]): AudioMessage[] =>
  events.flatMap((event) => (event.type === 'message' && event.message.type === 'audio' ? [event.message] : []));
const placesOf = (messages: readonly AudioMessage[]): [string, number][] =>
  messages.map(({ lane, position }) => [lane, position]);

test('a call opens with who it is, and both tracks are placed without a hole', () => {
  const events = read(MESSAGES);
  const [first] = events;
  assert.ok(first.type === 'open');
  assert.equal(first.call.callId, 'CA1');
  assert.equal(first.call.agentVersion, 'v7');
  assert.deepEqual(first.call.labels, { campaign: 'spring' });
  assert.deepEqual(first.call.providerIds, { callSid: 'CA1', streamSid: 'MZ1', accountSid: 'AC0123456789' });
  const caller = audioOf(events).filter(({ lane }) => lane === 'caller');
  assert.deepEqual(
    caller.map(({ position }) => position),
    [0, 160, 320, 480, 640, 800, 960, 1_120, 1_280, 1_440],
  );
  assert.equal(events.at(-1)?.type, 'stop');
});

test('chunks in the wrong order get the places they would have had', () => {
  const swapped = [...MESSAGES];
  [swapped[4], swapped[6]] = [swapped[6], swapped[4]];
  const sorted = (places: [string, number][]): [string, number][] =>
    places.toSorted(([a, x], [b, y]) => (a === b ? x - y : a < b ? -1 : 1));
  assert.deepEqual(sorted(placesOf(audioOf(read(swapped)))), sorted(placesOf(audioOf(read(MESSAGES)))));
});

test('a missing chunk leaves its place free', () => {
  const places = placesOf(audioOf(read(MESSAGES.filter((_, i) => i !== 4))));
  assert.ok(!places.some(([lane, position]) => lane === 'caller' && position === 160));
  assert.ok(places.some(([lane, position]) => lane === 'caller' && position === 320));
});

test('a jump of the timestamp moves the audio: silence was not sent', () => {
  const late = JSON.parse(MESSAGES[10]) as { media: { timestamp: string } };
  late.media.timestamp = '5000';
  const [event] = audioOf(read([...MESSAGES.slice(0, 10), JSON.stringify(late)])).slice(-1);
  assert.equal(event.position, 40_000);
});

test('a relayed bot stream: what the bot sends is queued at the caller position, a clear drops it', () => {
  const start = JSON.parse(MESSAGES[1]) as { start: { tracks: string[]; customParameters: object } };
  start.start.tracks = ['inbound'];
  start.start.customParameters = { relay: 'both' };
  const inbound = MESSAGES.filter((text) => text.includes('"track":"inbound"'));
  const sent = JSON.stringify({
    event: 'media',
    streamSid: 'MZ1',
    media: { payload: Buffer.from(audio(800)).toString('base64') },
  });
  const events = read([
    MESSAGES[0],
    JSON.stringify(start),
    ...inbound.slice(0, 3),
    sent,
    inbound[3],
    '{"event":"clear","streamSid":"MZ1"}',
  ]);
  const [open] = events;
  assert.ok(open.type === 'open' && open.call.agentPlacement === 'playout');
  assert.deepEqual(
    placesOf(audioOf(events)).filter(([lane]) => lane === 'agent'),
    [['agent', 480]],
  );
  assert.deepEqual(events.at(-1), { type: 'message', message: { type: 'clear', position: 640 } });
});

test('a fork of one track only is refused with what to do', () => {
  const start = MESSAGES[1].replace('["inbound","outbound"]', '["inbound"]');
  assert.throws(() => read([MESSAGES[0], start]), { code: 'channels_unsupported', message: /both_tracks/ });
});

test('events that Twilio may add are passed over', () => {
  assert.deepEqual(read([MESSAGES[0], MESSAGES[1], '{"event":"something-new","x":1}']).length, 1);
});

test('Twilio is known by its first message', () => {
  assert.ok(isTwilio(MESSAGES[0]));
  assert.ok(!isTwilio('{"type":"hello"}'));
});

test('whatever text comes, the answer is events or InvalidInput', () => {
  const tolerant = (messages: string[]): void => {
    try {
      read(messages);
    } catch (error) {
      assert.ok(error instanceof InvalidInput, String(error));
    }
  };
  fc.assert(
    fc.property(fc.string(), (text) => tolerant([text])),
    { numRuns: 1_000 },
  );
  const almost = fc.record({
    event: fc.constantFrom('connected', 'start', 'media', 'mark', 'clear', 'stop'),
    start: fc.jsonValue(),
    media: fc.jsonValue(),
  });
  fc.assert(
    fc.property(fc.array(almost), (values) => tolerant([MESSAGES[1], ...values.map((value) => JSON.stringify(value))])),
    {
      numRuns: 1_000,
    },
  );
  const bentMedia = fc.record({
    track: fc.jsonValue(),
    chunk: fc.jsonValue(),
    timestamp: fc.jsonValue(),
    payload: fc.oneof(fc.jsonValue(), fc.base64String()),
  });
  fc.assert(
    fc.property(bentMedia, (media) => tolerant([MESSAGES[1], JSON.stringify({ event: 'media', media })])),
    { numRuns: 1_000 },
  );
});
