/** Twilio's messages as they come, in order or not, and whatever else may come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { twilioMessages, type TwilioFaults } from '../../test/support/twilioSender.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import type { AudioMessage } from '../../core/audio/message.ts';
import { createTwilioReader, isTwilio, type TwilioEvent } from './twilio.ts';

const CHUNK = 160;
/** The first two bytes of each chunk tell its number, so that a test sees where each one went. */
const audio = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (i % CHUNK === 0 ? Math.floor(i / CHUNK) : i % 251));
const messagesOf = (faults?: TwilioFaults, length = 1_600): string[] =>
  twilioMessages({
    callSid: 'CA1',
    streamSid: 'MZ1',
    inbound: audio(length),
    outbound: audio(length),
    customParameters: { agent_version: 'v7', trace_id: 'AB'.repeat(16), 'label.campaign': 'spring', other: 'x' },
    faults,
  });
const MESSAGES = messagesOf();

function read(messages: readonly string[]): TwilioEvent[] {
  const reader = createTwilioReader('t');
  return messages.flatMap((message) => reader.read(message, 1_000) ?? []);
}
const audioOf = (events: readonly TwilioEvent[]): AudioMessage[] => events.filter((event) => event.type === 'audio');
const placesOf = (messages: readonly AudioMessage[]): [string, number][] =>
  messages.map(({ lane, position }) => [lane, position]);

test('a call opens with who it is, and both tracks are placed without a hole', () => {
  const events = read(MESSAGES);
  const [first] = events;
  assert.ok(first.type === 'open');
  assert.equal(first.call.callId, 'CA1');
  assert.equal(first.call.agentVersion, 'v7');
  assert.equal(first.call.traceId, 'ab'.repeat(16));
  assert.deepEqual(first.call.labels, { campaign: 'spring' });
  assert.deepEqual(first.call.providerIds, { callSid: 'CA1', streamSid: 'MZ1', accountSid: 'AC0123456789' });
  const caller = audioOf(events).filter(({ lane }) => lane === 'caller');
  assert.deepEqual(
    caller.map(({ position }) => position),
    [0, 160, 320, 480, 640, 800, 960, 1_120, 1_280, 1_440],
  );
  assert.deepEqual(events.at(-1), { type: 'stop' });
});

test('chunks lost, swapped and doubled: each that comes has the place that it has on a good day', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const faults = { seed, dropShare: 0.1, duplicateShare: 0.1, reorderShare: 0.3 };
      for (const { payload, position } of audioOf(read(messagesOf(faults, 100 * CHUNK)))) {
        assert.equal(position, payload[0] * CHUNK);
      }
    }),
  );
});

test('a missing chunk leaves its place free', () => {
  const places = placesOf(audioOf(read(MESSAGES.filter((_, i) => i !== 4))));
  assert.ok(!places.some(([lane, position]) => lane === 'caller' && position === 160));
  assert.ok(places.some(([lane, position]) => lane === 'caller' && position === 320));
});

const stampedAt = (message: string, timestamp: number): string => {
  const parsed = JSON.parse(message) as { media: { timestamp: string } };
  parsed.media.timestamp = String(timestamp);
  return JSON.stringify(parsed);
};

test('a jump of the timestamp moves the audio: silence was not sent; what comes late lies before the jump', () => {
  const [before, late, after] = [MESSAGES[2], MESSAGES[4], MESSAGES[6]];
  const places = placesOf(audioOf(read([MESSAGES[1], before, stampedAt(after, 5_000), stampedAt(late, 21)])));
  assert.deepEqual(places, [
    ['caller', 0],
    ['caller', 40_000],
    ['caller', 168],
  ]);
});

test('timestamps that say the same within 40 ms tear no hole', () => {
  const medias = MESSAGES.slice(2, -1).map((message, i) =>
    stampedAt(message, Math.floor(i / 2) * 20 + ((i * 17) % 39)),
  );
  const places = placesOf(audioOf(read([MESSAGES[1], ...medias])));
  assert.deepEqual(places, placesOf(audioOf(read(MESSAGES))));
});

const relayed = (): string => {
  const start = JSON.parse(MESSAGES[1]) as { start: { tracks: string[]; customParameters: object } };
  start.start.tracks = ['inbound'];
  start.start.customParameters = { relay: 'both' };
  return JSON.stringify(start);
};

test('a relayed bot stream: what the bot sends is queued at the caller position, a clear drops it', () => {
  const inbound = MESSAGES.filter((text) => text.includes('"track":"inbound"'));
  const payload = Buffer.from(audio(800)).toString('base64');
  const events = read([
    MESSAGES[0],
    relayed(),
    ...inbound.slice(0, 3),
    JSON.stringify({ event: 'media', streamSid: 'MZ1', media: { payload } }),
    '{"event":"mark","streamSid":"MZ1","mark":{"name":"said"}}',
    inbound[3],
    '{"event":"clear","streamSid":"MZ1"}',
  ]);
  const [open] = events;
  assert.ok(open.type === 'open' && open.call.agentPlacement === 'playout');
  assert.deepEqual(
    placesOf(audioOf(events)).filter(([lane]) => lane === 'agent'),
    [['agent', 480]],
  );
  assert.deepEqual(events.at(-1), { type: 'clear', position: 640 });
});

test('a fork of one track only is refused with what to do', () => {
  for (const tracks of ['["inbound"]', '["outbound"]', '[]', '"both"', 'null']) {
    const start = MESSAGES[1].replace('["inbound","outbound"]', tracks);
    assert.throws(() => read([MESSAGES[0], start]), { code: 'channels_unsupported', message: /both_tracks/ });
  }
});

test('another coding is refused for what it is', () => {
  const bent = (from: string, to: string): (() => unknown) => {
    const start = MESSAGES[1].replace(from, to);
    assert.notEqual(start, MESSAGES[1]);
    return () => read([start]);
  };
  assert.throws(bent('x-mulaw', 'x-opus'), { code: 'encoding_unsupported', message: /got audio\/x-opus/ });
  assert.throws(bent('8000', '16000'), { code: 'rate_unsupported', message: /8000; got 16000/ });
  assert.throws(bent('"channels":1', '"channels":2'), { code: 'channels_unsupported', message: /1, .*got 2/ });
});

test('events that Twilio may add are passed over, dtmf and marks too; what is no event is not', () => {
  const passed = ['{"event":"something-new","x":1}', '{"event":"dtmf","dtmf":{"digit":"1"}}', '{"event":"mark"}'];
  assert.deepEqual(read([MESSAGES[0], MESSAGES[1], ...passed]).length, 1);
  for (const text of ['{"x":1}', '{"event":7}', '[]', 'null', '', 'media']) {
    assert.throws(() => read([MESSAGES[1], text]), { code: 'message_invalid' });
  }
});

test('media before start, and a second start, break the protocol', () => {
  assert.throws(() => read([MESSAGES[2]]), { code: 'protocol_violation' });
  assert.throws(() => read([MESSAGES[1], MESSAGES[1]]), { code: 'protocol_violation' });
});

test('Twilio is known by its first message, in whatever order its fields come', () => {
  assert.ok(isTwilio(MESSAGES[0]));
  assert.ok(isTwilio('{"protocol":"Call","event":"connected"}'));
  for (const text of ['{"type":"hello"}', 'null', '7', '', 'event', '{"event":1}']) assert.ok(!isTwilio(text), text);
});

test('whatever text comes, the answer is events or InvalidInput', () => {
  const tolerant = (messages: string[]): void => {
    try {
      read(messages);
    } catch (error) {
      assert.ok(error instanceof InvalidInput, String(error));
    }
  };
  // Objects whose conversion to text fails are JSON, too.
  const bent = fc.oneof(fc.jsonValue(), fc.constant({ toString: 1, valueOf: 1 }), fc.constant([{ toString: 1 }]));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => tolerant([text])),
    { numRuns: 1_000 },
  );
  const start = fc.dictionary(
    fc.constantFrom('callSid', 'streamSid', 'accountSid', 'tracks', 'mediaFormat', 'customParameters'),
    bent,
  );
  const good = (JSON.parse(MESSAGES[1]) as { start: object }).start;
  fc.assert(
    fc.property(start, (changes) => tolerant([JSON.stringify({ event: 'start', start: { ...good, ...changes } })])),
    { numRuns: 1_000 },
  );
  const parameters = fc.dictionary(fc.constantFrom('agent_version', 'trace_id', 'label.x', 'relay', '__proto__'), bent);
  fc.assert(
    fc.property(parameters, (customParameters) =>
      tolerant([JSON.stringify({ event: 'start', start: { ...good, customParameters } })]),
    ),
  );
  const mediaFormat = fc.dictionary(fc.constantFrom('encoding', 'sampleRate', 'channels'), bent);
  fc.assert(
    fc.property(mediaFormat, (format) =>
      tolerant([
        JSON.stringify({
          event: 'start',
          start: { ...good, mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1, ...format } },
        }),
      ]),
    ),
  );
  const media = fc.record({
    track: fc.oneof(fc.constantFrom('inbound', 'outbound'), bent),
    chunk: fc.oneof(fc.nat(), fc.integer(), fc.nat({ max: Number.MAX_SAFE_INTEGER }), bent),
    timestamp: fc.oneof(fc.nat(), fc.nat({ max: Number.MAX_SAFE_INTEGER }), bent),
    payload: fc.oneof(bent, fc.base64String()),
  });
  fc.assert(
    fc.property(fc.array(media), fc.constantFrom(MESSAGES[1], relayed()), (medias, opening) =>
      tolerant([opening, ...medias.map((one) => JSON.stringify({ event: 'media', media: one }))]),
    ),
    { numRuns: 1_000 },
  );
});
