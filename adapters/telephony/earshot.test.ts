/** The protocol's messages, what is refused and how, and that no bytes at all bring the parser down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { encodeAudio, openCallOf, parseAudio, parseHello, parseText } from './earshot.ts';

const NOW_MS = 1_790_000_000_000;
const HELLO = { type: 'hello', version: 1, callId: 'c1', encoding: 'mulaw', rateHz: 8_000, layout: 'interleaved' };
const opened = (changes: object): OpenCall =>
  openCallOf(parseHello(JSON.stringify({ ...HELLO, ...changes })), 't', NOW_MS);
const refusedAs =
  (code: string, message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof InvalidInput && error.code === code && message.test(error.message);

test('audio goes through its header and back', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          seq: fc.integer({ min: 0, max: 0xffff_ffff }),
          lane: fc.constantFrom('caller' as const, 'agent' as const, 'both' as const),
          position: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
          payload: fc.uint8Array({ minLength: 1, maxLength: 64 }),
        },
        { noNullPrototype: true },
      ),
      (audio) => assert.deepEqual(parseAudio(encodeAudio(audio)), audio),
    ),
  );
});

test('the header is what docs/protocol.md says, byte by byte', () => {
  const bytes = encodeAudio({ seq: 0x01020304, lane: 'agent', position: 0x0a0b0c, payload: Uint8Array.of(0xaa) });
  assert.equal(Buffer.from(bytes).toString('hex'), '01010000' + '04030201' + '0c0b0a0000000000' + 'aa');
});

test('a hello opens a call with sensible defaults', () => {
  assert.deepEqual(opened({}), {
    tenant: 't',
    callId: 'c1',
    protocol: 'earshot',
    startedAtMs: NOW_MS,
    encoding: 'mulaw',
    rateHz: 8_000,
    layout: 'interleaved',
    channelOrder: ['caller', 'agent'],
    agentPlacement: 'media',
    tap: 'sent',
    agentVersion: '',
    traceId: '',
    labels: {},
    providerIds: {},
  });
});

test('the order of the channels is as either field says', () => {
  assert.deepEqual(opened({ channelOrder: ['agent', 'caller'] }).channelOrder, ['agent', 'caller']);
  assert.deepEqual(opened({ channels: ['agent', 'caller'] }).channelOrder, ['agent', 'caller']);
  assert.deepEqual(opened({ channels: 2 }).channelOrder, ['caller', 'agent']);
});

test('a call keeps the start that its sender gives, so that it stays the same call wherever it goes on', () => {
  assert.equal(opened({ startedAtMs: NOW_MS - 3_600_000 }).startedAtMs, NOW_MS - 3_600_000);
});

const REFUSED: readonly (readonly [string, object, string, RegExp])[] = [
  ['an unknown encoding', { encoding: 'opus' }, 'encoding_unsupported', /mulaw, alaw, pcm_s16le; got opus/],
  ['an odd rate', { rateHz: 12_345 }, 'rate_unsupported', /8000, .*48000; got 12345/],
  [
    'mono by name',
    { channels: ['caller'] },
    'channels_unsupported',
    /turn-taking .* two separate sides; got \["caller"/,
  ],
  ['mono by count', { channels: 1 }, 'channels_unsupported', /turn-taking .* two separate sides; got 1/],
  ['mono by order', { channelOrder: ['caller'] }, 'channels_unsupported', /two separate sides; got \["caller"\]/],
  ['no call id', { callId: undefined }, 'hello_invalid', /expected hello with callId/],
  ['no rate and no layout', { rateHz: undefined, layout: undefined }, 'hello_invalid', /hello with rateHz, layout/],
  ['a field that does not exist', { sampleRate: 8_000 }, 'hello_invalid', /known fields only; got \["sampleRate"\]/],
  [
    'a layout that does not exist',
    { layout: 'mono' },
    'hello_invalid',
    /hello\.layout to be interleaved or separate; got mono/,
  ],
  ['a trace id that is none', { traceId: 'xyz' }, 'hello_invalid', /traceId.*; got xyz/],
  ['a number for a name', { callId: 7 }, 'hello_invalid', /hello\.callId: must be string; got 7/],
  ['a label without a name', { labels: { '': 'x' } }, 'hello_invalid', /labels/],
  ['playout of interleaved audio', { agentPlacement: 'playout' }, 'hello_invalid', /layout separate/],
  ['another version', { version: 2 }, 'hello_invalid', /hello\.version to be 1; got 2/],
  ['a start in seconds', { startedAtMs: 1_790_000_000 }, 'timestamp_out_of_range', /milliseconds.*; got 1790000000$/],
];
for (const [what, changes, code, message] of REFUSED) {
  test(`hello with ${what} is refused as ${code}`, () => {
    assert.throws(() => opened(changes), refusedAs(code, message));
  });
}

test('the first message has to be a hello, and only the first', () => {
  assert.throws(() => parseHello('good morning'), refusedAs('hello_invalid', /a JSON hello; got good morning/));
  assert.throws(
    () => parseHello('{"type":"bye","seq":0}'),
    refusedAs('protocol_violation', /hello first; got type bye/),
  );
  assert.throws(() => parseHello('[]'), refusedAs('hello_invalid', /hello/));
  assert.throws(() => parseText(JSON.stringify(HELLO)), refusedAs('protocol_violation', /one hello a connection/));
});

test('text where audio belongs, and kinds that do not exist, break the protocol', () => {
  assert.throws(() => parseText('UklGRiQAAABXQVZF'), refusedAs('protocol_violation', /binary messages.*got text Ukl/));
  assert.throws(
    () => parseText('{"type":"audio"}'),
    refusedAs('protocol_violation', /clear, mark, event or bye; got type audio/),
  );
  assert.throws(() => parseText('{"type":["bye"]}'), refusedAs('protocol_violation', /clear, mark, event or bye/));
  const other = encodeAudio({ seq: 0, lane: 'both', position: 0, payload: new Uint8Array(4) });
  other[0] = 9;
  assert.throws(() => parseAudio(other), refusedAs('protocol_violation', /kind 1 \(audio\); got kind 9/));
});

test('messages of a known kind that do not fit are invalid', () => {
  assert.throws(() => parseText('{"type":"bye"}'), refusedAs('message_invalid', /bye with seq/));
  assert.throws(() => parseText('{"type":"bye","seq":-1}'), refusedAs('message_invalid', /bye\.seq.*got -1/));
  assert.throws(
    () => parseText('{"type":"clear","seq":1,"positionSamples":1.5}'),
    refusedAs('message_invalid', /integer/),
  );
  assert.throws(
    () => parseAudio(Uint8Array.of(1, 0, 0)),
    refusedAs('message_invalid', /header of 16 bytes.*got 3 bytes/),
  );
  const far = encodeAudio({ seq: 0, lane: 'both', position: 0, payload: new Uint8Array(4) });
  far.fill(0xff, 8, 16);
  assert.throws(() => parseAudio(far), refusedAs('timestamp_out_of_range', /18446744073709551615/));
});

test('what is quoted is never long', () => {
  const long = 'x'.repeat(5_000);
  for (const parse of [() => parseHello(long), () => parseText(long), () => opened({ encoding: long })]) {
    assert.throws(parse, (error) => error instanceof InvalidInput && error.message.length < 300);
  }
});

test('whatever bytes come, the answer is a message or InvalidInput', () => {
  const tolerant = (parse: () => unknown): void => {
    try {
      parse();
    } catch (error) {
      assert.ok(error instanceof InvalidInput, String(error));
    }
  };
  const open = (text: string): OpenCall => openCallOf(parseHello(text), 't', NOW_MS);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => tolerant(() => parseAudio(bytes))),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      tolerant(() => open(text));
      tolerant(() => parseText(text));
    }),
    { numRuns: 2_000 },
  );
  const bent = fc.oneof(fc.jsonValue(), fc.constantFrom('mulaw', 'separate', 8_000, 0, 1, -1, 2 ** 53, '__proto__'));
  const fields = ['version', 'callId', 'seq', 'encoding', 'rateHz', 'layout', 'channels', 'channelOrder', 'labels'];
  const almost = fc.tuple(
    fc.constantFrom('hello', 'clear', 'mark', 'bye', 'x', '__proto__'),
    fc.dictionary(fc.constantFrom(...fields, 'startedAtMs', 'positionSamples', 'name', 'reason'), bent),
  );
  fc.assert(
    fc.property(almost, ([type, changes]) => {
      const text = JSON.stringify({ ...(type === 'hello' ? HELLO : {}), type, ...changes });
      tolerant(() => open(text));
      tolerant(() => parseText(text));
    }),
    { numRuns: 3_000 },
  );
  const deep = '['.repeat(30_000) + ']'.repeat(30_000);
  for (const field of [...fields, 'type'])
    tolerant(() => open(JSON.stringify(HELLO).replace('{', `{"${field}":${deep},`)));
  for (const field of fields) tolerant(() => open(`${JSON.stringify(HELLO).slice(0, -1)},"${field}":${deep}}`));
  tolerant(() => parseText(`{"type":${deep}}`));
  tolerant(() => parseText(`{"type":"bye","seq":${deep}}`));
});
