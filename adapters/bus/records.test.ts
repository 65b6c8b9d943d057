/** Records give back what went in, to the bit, and refuse what is none of theirs; nothing else than a refusal comes of any bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { LogEntrySchema } from '#protos/earshot/v1/log_pb.js';
import { ReportedEventSchema, ReportedScoreSchema, ReportedSpanSchema } from '#protos/earshot/v1/reports_pb.js';
import type { CallMessage } from '../../core/audio/message.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import type { Score } from '../../core/events/score.ts';
import { EVENT_TYPES } from '../../core/events/speechEvent.ts';
import { END_REASONS, GAP_REASONS, type Fact } from '../../core/facts/facts.ts';
import { ENCODINGS, PROTOCOLS, TAPS, type OpenCall } from '../../core/facts/openCall.ts';
import type { Span } from '../../core/spans/span.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { decodeFact, encodeFact } from './factRecord.ts';
import { decodeEntry, encodeEntry } from './logRecord.ts';
import { eventOfWire, scoreOfWire, spanOfWire, wireOfEvent, wireOfScore, wireOfSpan } from './reportRecords.ts';

const record = <T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });
const name = fc.string({ minLength: 1, maxLength: 20 });
const text = fc.string({ maxLength: 30, unit: 'grapheme' });
const texts = fc.dictionary(fc.stringMatching(/^[a-z.]{1,9}$/), text, { maxKeys: 3, noNullPrototype: true });
const wallMs = fc.oneof(
  fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 }),
  fc.double({ min: 946_684_800_000, max: 4_102_444_800_000, noNaN: true }),
);
const mediaMs = fc.option(fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e8, noNaN: true })).map((ms) => ms + 0));
const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0));
const channel = fc.constantFrom('caller' as const, 'agent' as const);
const position = fc.nat({ max: Number.MAX_SAFE_INTEGER });

const event = record({
  tenant: name,
  callKey: name,
  type: fc.constantFrom(...EVENT_TYPES),
  role: fc.option(channel, { nil: '' as const }),
  occurredAtMs: fc.option(wallMs),
  receivedAtMs: wallMs,
  startMs: mediaMs,
  endMs: mediaMs,
  confidence: share,
  turnIndex: fc.option(fc.nat({ max: 4_294_967_295 })),
  text,
  words: fc.array(
    record({ text, startMs: mediaMs.map((ms) => ms ?? 0), endMs: mediaMs.map((ms) => ms ?? 0), confidence: share }),
    { maxLength: 3 },
  ),
  isCancelled: fc.boolean(),
  metrics: fc.dictionary(fc.stringMatching(/^[a-z.]{1,9}$/), fc.double({ noNaN: true }), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
  attributes: texts,
}).map(({ tenant, callKey, receivedAtMs, turnIndex, occurredAtMs, startMs, endMs, confidence, ...said }) => ({
  ...eventOf({ ...said }, { tenant, callKey, source: 'law', receivedAtMs }),
  turnIndex,
  occurredAtMs,
  startMs,
  endMs,
  confidence,
}));

const openCall: fc.Arbitrary<OpenCall> = record({
  tenant: fc.constant('t'),
  callId: fc.constant('c'),
  protocol: fc.constantFrom(...PROTOCOLS),
  startedAtMs: wallMs,
  encoding: fc.constantFrom(...ENCODINGS),
  rateHz: fc.constantFrom(8_000, 48_000),
  layout: fc.constantFrom('interleaved' as const, 'separate' as const),
  channelOrder: fc.constantFrom(['caller', 'agent'] as const, ['agent', 'caller'] as const),
  agentPlacement: fc.constantFrom('media' as const, 'playout' as const),
  tap: fc.constantFrom(...TAPS),
  agentVersion: text,
  traceId: text,
  labels: texts,
  providerIds: texts,
});

const message: fc.Arbitrary<CallMessage> = fc.oneof(
  fc
    .tuple(openCall, fc.nat({ max: 2 ** 41 }))
    .map(([call, connectedAtMs]) => ({ type: 'open' as const, call, connectedAtMs })),
  record({
    type: fc.constant('audio' as const),
    lane: fc.constantFrom('caller' as const, 'agent' as const, 'both' as const),
    position,
    payload: fc.uint8Array({ maxLength: 50 }),
    arrivedAtMs: wallMs,
  }),
  record({ type: fc.constant('advance' as const), channel, position, reason: fc.constantFrom(...GAP_REASONS) }),
  record({ type: fc.constant('clear' as const), position }),
  record({ type: fc.constant('report' as const), events: fc.array(event, { maxLength: 3 }) }),
  record({
    type: fc.constant('close' as const),
    reason: fc.constantFrom(...END_REASONS),
    errorCode: text,
    errorText: text,
  }),
);

test('a log entry of any kind', () => {
  const entry = record({
    tenant: fc.constant('t'),
    callId: fc.constant('c'),
    seq: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
    own: fc.boolean(),
    message,
    session: text,
    ordinal: position,
  });
  fc.assert(
    fc.property(entry, ({ ordinal, ...logged }) => {
      assert.deepEqual(decodeEntry(encodeEntry(logged, { ordinal })), { ...logged, ordinal });
    }),
  );
});

test('an event, with times and shares that its wire form rounds', () => {
  fc.assert(
    fc.property(event, (reported) => {
      const record = toBinary(ReportedEventSchema, wireOfEvent(reported));
      assert.deepEqual(eventOfWire(fromBinary(ReportedEventSchema, record)), reported);
    }),
  );
});

test('a span and a score', () => {
  const span: Span = {
    tenant: 't',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    traceState: 'a=b',
    name: 'chat',
    kind: 'Client',
    serviceName: 'agent',
    resourceAttributes: { 'service.name': 'agent' },
    scopeName: 's',
    scopeVersion: '1',
    attributes: { 'gen_ai.system': 'openai' },
    startNs: 1_790_000_000_123_456_789n,
    durationNs: -5n,
    statusCode: 'Ok',
    statusMessage: '',
    events: [{ timeNs: 1_790_000_000_123_456_790n, name: 'e', attributes: { a: '1' } }],
    links: [{ traceId: 'x', spanId: 'y', traceState: '', attributes: {} }],
  };
  assert.deepEqual(spanOfWire(fromBinary(ReportedSpanSchema, toBinary(ReportedSpanSchema, wireOfSpan(span)))), span);
  const score: Score = {
    id: 's1',
    tenant: 't',
    callKey: 'c',
    name: 'polite',
    value: 0.1,
    label: '',
    explanation: 'so',
    source: 'a person',
    traceId: '',
    spanId: '',
    turnId: '',
    turnIndex: null,
    mediaMs: 1 / 3,
    receivedAtMs: 1_790_000_000_000.5,
  };
  assert.deepEqual(
    scoreOfWire(fromBinary(ReportedScoreSchema, toBinary(ReportedScoreSchema, wireOfScore(score)))),
    score,
  );
});

test('a fact, with lists, nulls and parts with names of their own', () => {
  const about = {
    status: 'provisional',
    revision: 3,
    id: 'f',
    tenant: 't',
    callId: 'c',
    startWallMs: 1_790_000_000_000.125,
  };
  const facts = [
    {
      ...about,
      kind: 'speech',
      channel: 'agent',
      startSample: 16,
      endSample: null,
      levelDbfs: -0.1,
      probabilityMean: 1,
    },
    {
      ...about,
      kind: 'frames',
      channel: 'caller',
      startSample: 0,
      endSample: 16_000,
      frameCount: 2,
      levelCdb: Int16Array.of(-9_600, 5),
      speech255: Uint8Array.of(0, 255),
      f0Dhz: Uint16Array.of(65_535, 0),
      voicing255: Uint8Array.of(1, 2),
      flags: Uint8Array.of(3, 4),
    },
    {
      ...about,
      kind: 'unmeasured',
      channel: 'agent',
      startSample: 0,
      endSample: 9,
      models: ['a', 'b'],
      reason: 'shed',
    },
    { ...about, kind: 'model_score', channel: 'agent', startSample: 0, endSample: 9, model: 'm', scores: { x: 0.5 } },
    {
      ...about,
      kind: 'call_ended',
      startSample: 7,
      reason: 'completed',
      errorCode: '',
      errorText: '',
      wallTimeOfSample0Ms: 1,
    },
  ] as unknown as Fact[];
  for (const fact of facts) assert.deepEqual(decodeFact(encodeFact(fact)), fact);
});

test('bytes that are no record are refused', () => {
  const refusals = (error: unknown): boolean => error instanceof InvalidInput || error instanceof Error;
  assert.throws(() => decodeEntry(toBinary(LogEntrySchema, create(LogEntrySchema, { callId: 'c' }))), InvalidInput);
  assert.throws(() => decodeEntry(Buffer.alloc(0)), InvalidInput);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      for (const decode of [decodeEntry, decodeFact]) {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(refusals(error));
        }
      }
    }),
  );
});
