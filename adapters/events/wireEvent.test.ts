/** Events on the wire: both forms of a batch, what is rejected and how, and that an event comes back from the bus as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { Role } from '#protos/earshot/v1/audio_pb.js';
import { EventType, SpeechEventBatchSchema, SpeechEventSchema } from '#protos/earshot/v1/events_pb.js';
import { EVENT_TYPES, type SpeechEvent } from '../../core/events/speechEvent.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { BATCH_EVENTS_MAX, decodeEvent, encodeEvent, parseEventBatch, type EventBatch } from './wireEvent.ts';

const NOW_MS = 1_790_000_000_000;
const EVENT = { type: 'stt_final', callId: 'c1', text: 'hello' };
const json = (value: unknown, callKey?: string): EventBatch =>
  parseEventBatch(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), 'application/json', callKey);
const invalid =
  (message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof InvalidInput && message.test(error.message);

test('JSON comes as {events}, as a list, or as one event', () => {
  const expected = { events: [{ type: 'stt_final', callKey: 'c1', text: 'hello' }], rejected: [] };
  for (const body of [{ events: [EVENT] }, [EVENT], EVENT]) assert.deepEqual(json(body), expected);
  assert.deepEqual(json({ events: [] }), { events: [], rejected: [] });
});

test('types and roles are taken in any of their spellings', () => {
  for (const type of ['stt_final', 'STT_FINAL', 'EVENT_TYPE_STT_FINAL', 'event_type_stt_final', 11]) {
    assert.equal(json({ ...EVENT, type }).events[0].type, 'stt_final', String(type));
  }
  for (const role of ['agent', 'AGENT', 'ROLE_AGENT', 2])
    assert.equal(json({ ...EVENT, role }).events[0].role, 'agent');
  for (const type of EVENT_TYPES) assert.equal(json({ ...EVENT, type }).events[0].type, type);
});

test('times are RFC 3339 or Unix ms, and keep their fractions', () => {
  const occurred = (occurredAt: unknown): unknown => json({ ...EVENT, occurredAt }).events[0]?.occurredAtMs;
  assert.equal(occurred(NOW_MS + 0.25), NOW_MS + 0.25);
  assert.equal(occurred('2026-11-25T03:00:00.5Z'), Date.UTC(2026, 10, 25, 3, 0, 0, 500));
  assert.equal(occurred('2026-11-25T04:00:00.000250+01:00'), Date.UTC(2026, 10, 25, 3) + 0.25);
  assert.equal(json({ ...EVENT, occurred_at: NOW_MS }).events[0].occurredAtMs, NOW_MS);
  assert.equal(json({ ...EVENT, observedAt: NOW_MS }).events[0].occurredAtMs, NOW_MS);
  assert.equal(json({ ...EVENT, occurredAt: NOW_MS, observedAt: NOW_MS + 5 }).events[0].occurredAtMs, NOW_MS);
});

test('a whole event, in snake_case and camelCase', () => {
  const whole = {
    event_id: 'e1',
    call_id: 'c1',
    stream_id: 's1',
    role: 'caller',
    type: 'stt_final',
    start_ms: '1020',
    endMs: 2_000.4,
    text: 'two words',
    confidence: 0.5,
    language: 'en',
    words: [
      { text: 'two', startMs: 1_020, endMs: 1_400, confidence: 0.25 },
      { text: 'words', start_ms: 1_500.6, end_ms: 2_000 },
    ],
    turnId: 't1',
    turnIndex: 3,
    segmentId: 'g1',
    requestId: 'r1',
    itemId: 'i1',
    provider: 'p',
    model: 'm',
    voice: 'v',
    source: 'ours',
    clock: 'machine-7',
    traceId: 'ABCDEF0123456789ABCDEF0123456789',
    spanId: '0123456789abcdef',
    metrics: { 'llm.ttft': 0.25 },
    attributes: { kind: 'test' },
    cancelled: true,
    whoKnows: { what: 'this is' },
  };
  assert.deepEqual(json(whole), {
    events: [
      {
        type: 'stt_final',
        id: 'e1',
        callKey: 'c1',
        role: 'caller',
        source: 'ours',
        clock: 'machine-7',
        streamId: 's1',
        startMs: 1_020,
        endMs: 2_000,
        text: 'two words',
        confidence: 0.5,
        language: 'en',
        words: [
          { text: 'two', startMs: 1_020, endMs: 1_400, confidence: 0.25 },
          { text: 'words', startMs: 1_501, endMs: 2_000, confidence: null },
        ],
        turnId: 't1',
        turnIndex: 3,
        segmentId: 'g1',
        requestId: 'r1',
        itemId: 'i1',
        provider: 'p',
        model: 'm',
        voice: 'v',
        traceId: 'abcdef0123456789abcdef0123456789',
        spanId: '0123456789abcdef',
        isCancelled: true,
        metrics: { 'llm.ttft': 0.25 },
        attributes: { kind: 'test' },
      },
    ],
    rejected: [],
  });
});

const REJECTED: [string, object, RegExp, RegExp][] = [
  ['no type', { type: undefined }, /type: what kind/, /0/],
  ['a type that does not exist', { type: 'stt_almost' }, /speech_started, speech_stopped/, /stt_almost/],
  ['a type from the prototype', { type: 'toString' }, /type/, /toString/],
  ['a role that does not exist', { role: 'waiter' }, /caller or agent/, /waiter/],
  ['no call', { callId: '' }, /callId/, /none/],
  ['a long call id', { callId: 'c'.repeat(201) }, /callId of at most 200/, /201/],
  ['a long text', { text: 'x'.repeat(65_537) }, /text of at most 65536/, /65537/],
  ['an end before its start', { startMs: 5, endMs: 4 }, /not before startMs/, /5 to 4/],
  ['a time before the stream', { startMs: -1 }, /startMs from 0/, /-1/],
  ['a time that is none', { startMs: 'soon' }, /events\.proto/, /start_ms/],
  ['seconds for milliseconds', { occurredAt: NOW_MS / 1_000 }, /Unix ms/, /1790000000/],
  ['a wall time without a zone', { occurredAt: '2026-11-25T03:00:00' }, /RFC 3339/, /2026/],
  ['a confidence in percent', { confidence: 98 }, /from 0 to 1/, /98/],
  ['a metric that is not finite', { metrics: { a: 'NaN' } }, /metrics\.a to be a finite/, /NaN/],
  ['a metric that is no number', { metrics: { a: 'fast' } }, /events\.proto/, /./],
  ['too many metrics', { metrics: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [i, i])) }, /100/, /101/],
  ['too many words', { words: Array.from({ length: 10_001 }, () => ({ text: 'a' })) }, /10000 words/, /10001/],
  ['words that are no list', { words: 'one two' }, /words: a list/, /one two/],
  ['a word that is none', { words: [7] }, /events\.proto/, /./],
  ['a trace id that is none', { traceId: 'xyz' }, /32 hex/, /xyz/],
];
for (const [what, changes, expected, got] of REJECTED) {
  test(`an event with ${what} is rejected alone`, () => {
    const { events, rejected } = json([EVENT, { ...EVENT, ...changes }, { ...EVENT, text: 'after' }]);
    assert.deepEqual(
      events.map(({ text }) => text),
      ['hello', 'after'],
    );
    assert.equal(rejected.length, 1);
    assert.equal(rejected[0].index, 1);
    assert.equal(rejected[0].code, 'message_invalid');
    assert.match(rejected[0].expected, expected);
    assert.match(rejected[0].got, got);
    assert.ok(rejected[0].got.length < 200);
  });
}

test('what is no object is rejected alone too', () => {
  const { events, rejected } = json([null, 7, 'x', [], EVENT]);
  assert.equal(events.length, 1);
  assert.deepEqual(
    rejected.map(({ index }) => index),
    [0, 1, 2, 3],
  );
});

test('an event that names no call is of the call that the request names', () => {
  const { callId: _, ...nameless } = EVENT;
  assert.equal(json(nameless, 'from-url').events[0].callKey, 'from-url');
  assert.equal(json(EVENT, 'from-url').events[0].callKey, 'c1');
});

test('a body that cannot be read is one error', () => {
  assert.throws(() => json('{"events":'), invalid(/expected JSON/));
  assert.throws(() => json('7'), invalid(/a list of events/));
  assert.throws(() => json({ events: {} }), invalid(/events: a list/));
  assert.throws(() => parseEventBatch(Uint8Array.of(0x22, 0xff, 0x22), 'application/json'), invalid(/JSON/));
  assert.throws(
    () => parseEventBatch(Uint8Array.of(0x0a, 0xff), 'application/x-protobuf'),
    invalid(/SpeechEventBatch/),
  );
  const many = `[${Array.from({ length: BATCH_EVENTS_MAX + 1 }, () => '{}').join(',')}]`;
  assert.throws(
    () => json(many),
    (error) => error instanceof InvalidInput && error.code === 'message_too_large',
  );
});

test('a protobuf batch is read, and one that does not fit is rejected alone', () => {
  const batch = create(SpeechEventBatchSchema, {
    events: [
      { type: EventType.PLAYBACK_TRUNCATED, callId: 'c1', role: Role.AGENT, endMs: 1_500n },
      { type: 999 as EventType, callId: 'c1' },
      { type: EventType.METRICS, callId: 'c1', metrics: { 'llm.ttft': Infinity } },
      { type: EventType.METRICS, metrics: { 'llm.ttft': 0.5 } },
    ],
  });
  const { events, rejected } = parseEventBatch(toBinary(SpeechEventBatchSchema, batch), 'application/x-protobuf', 'c2');
  assert.deepEqual(events, [
    { type: 'playback_truncated', callKey: 'c1', role: 'agent', endMs: 1_500 },
    { type: 'metrics', callKey: 'c2', metrics: { 'llm.ttft': 0.5 } },
  ]);
  assert.deepEqual(
    rejected.map(({ index, got }) => [index, got]),
    [
      [1, '999'],
      [2, 'Infinity'],
    ],
  );
});

test('nobody reaches a prototype', () => {
  const { events } = json(`{"type":"metrics","callId":"c","metrics":{"__proto__":1},"attributes":{"__proto__":"x"},
    "__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`);
  assert.equal(events.length, 1);
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test('text is kept as it is, but for halves of characters', () => {
  assert.equal(json({ ...EVENT, text: 'žluťoučký 😀' }).events[0].text, 'žluťoučký 😀');
  const half = json(
    '{"type":"stt_final","callId":"c","text":"a\\ud83db","attributes":{"b":"\\udc00"},"words":[{"text":"\\ud83d"}]}',
  );
  const [{ text, attributes, words }] = half.events;
  assert.deepEqual([text, attributes?.b, words?.[0].text], ['a\ufffdb', '\ufffd', '\ufffd']);
});

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((key) => key !== '__proto__');
const wallMs = fc
  .tuple(fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 - 1 }), fc.integer({ min: 0, max: 4_095 }))
  .map(([ms, part]) => ms + part / 4_096);
const share = fc.option(fc.float({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true }).map(Math.fround));
const span = fc
  .tuple(fc.nat(864_000_000), fc.nat(864_000_000))
  .map(([a, b]) => ({ startMs: Math.min(a, b), endMs: Math.max(a, b) }));
const hex = (length: number): fc.Arbitrary<string> =>
  fc.constantFrom('', 'ab'.repeat(length / 2), '0123456789abcdef'.repeat(2).slice(0, length));
/** JSON has no negative zero. */
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const speechEvent: fc.Arbitrary<SpeechEvent> = fc
  .record(
    {
      id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
      tenant: fc.constant('t'),
      callKey: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
      type: fc.constantFrom(...EVENT_TYPES),
      role: fc.constantFrom('caller' as const, 'agent' as const, '' as const),
      source: text,
      clock: text,
      occurredAtMs: fc.option(wallMs),
      receivedAtMs: wallMs,
      streamId: text,
      span: fc.oneof(span, fc.constantFrom({ startMs: null, endMs: null }, { startMs: 0, endMs: null })),
      text,
      confidence: share,
      language: text,
      words: fc.array(
        fc
          .record({ text, span, confidence: share }, { noNullPrototype: true })
          .map(({ span: at, ...word }) => ({ ...word, ...at })),
        { maxLength: 5 },
      ),
      turnId: text,
      turnIndex: fc.option(fc.nat(0xffff_ffff)),
      segmentId: text,
      requestId: text,
      itemId: text,
      provider: text,
      model: text,
      voice: text,
      traceId: hex(32),
      spanId: hex(16),
      isCancelled: fc.boolean(),
      metrics: fc.dictionary(name, finite, { noNullPrototype: true }),
      attributes: fc.dictionary(name, text, { noNullPrototype: true }),
    },
    { noNullPrototype: true },
  )
  .map(({ span: at, ...event }) => ({ ...event, ...at }));

test('an event comes back from the bus as it was put there', () => {
  fc.assert(
    fc.property(speechEvent, (event) => {
      // A name that is left out means the reporter itself: eventOf says so, and so does the other side.
      const whole = { ...event, clock: event.clock === '' ? event.source : event.clock };
      assert.deepEqual(decodeEvent(encodeEvent(whole), 't'), whole);
    }),
    { numRuns: 500 },
  );
});

test('the protobuf and the JSON form of an event say the same', () => {
  fc.assert(
    fc.property(speechEvent, (event) => {
      const { events } = parseEventBatch(batchOf(encodeEvent(event)), 'application/x-protobuf');
      const asJson = {
        ...event,
        eventId: event.id,
        callId: event.callKey,
        occurredAt: event.occurredAtMs,
        observedAt: event.receivedAtMs,
        cancelled: event.isCancelled,
      };
      assert.deepEqual(json(asJson).events, events);
    }),
    { numRuns: 300 },
  );
});

/** Field 1 of the batch, length-delimited. */
function batchOf(event: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = event.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Uint8Array.from([0x0a, ...length, ...event]);
}

test('whatever bytes come, the answer is a batch or InvalidInput', () => {
  const tolerant = (read: () => EventBatch | SpeechEvent): void => {
    try {
      const answer = read();
      if ('rejected' in answer)
        for (const { got, expected } of answer.rejected) assert.ok(got.length + expected.length < 1_000);
    } catch (error) {
      assert.ok(error instanceof InvalidInput, String(error));
    }
  };
  const whole = toBinary(
    SpeechEventSchema,
    create(SpeechEventSchema, {
      type: EventType.STT_FINAL,
      callId: 'c',
      text: 'hello',
      words: [{ text: 'hello', endMs: 5n }],
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(whole.length), (bytes, cut) => {
      const bent = Uint8Array.from([...whole.subarray(0, cut), ...bytes]);
      for (const body of [bytes, bent, batchOf(bent)]) {
        tolerant(() => parseEventBatch(body, 'application/x-protobuf'));
        tolerant(() => parseEventBatch(body, 'application/json'));
        tolerant(() => decodeEvent(body, 't'));
      }
    }),
    { numRuns: 2_000 },
  );
  const fields = Object.keys(create(SpeechEventSchema)).concat([
    'occurredAt',
    'start_ms',
    'confidence',
    'turnIndex',
    '__proto__',
  ]);
  const bentEvent = fc.dictionary(
    fc.constantFrom(...fields),
    fc.oneof(fc.jsonValue(), fc.constantFrom('stt_final', 'c1', 5, -1, 1e300, 2 ** 53, NOW_MS, '2026-11-25T03:00:00Z')),
  );
  fc.assert(
    fc.property(fc.array(bentEvent, { maxLength: 3 }), (events) => tolerant(() => json(events))),
    { numRuns: 3_000 },
  );
  fc.assert(
    fc.property(fc.json(), (body) => tolerant(() => json(body))),
    { numRuns: 1_000 },
  );
  const deep = '['.repeat(30_000) + ']'.repeat(30_000);
  for (const field of fields) tolerant(() => json(`{"type":"stt_final","callId":"c","${field}":${deep}}`));
  tolerant(() => json(deep));
});
