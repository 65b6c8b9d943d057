/** The protocol's messages, what is refused and how, and that no bytes at all bring the parser down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidInput } from '../../core/units/errors.ts';
import { encodeAudio, openCallOf, parseAudio, parseText, type Hello } from './earshot.ts';

const HELLO = { type: 'hello', version: 1, callId: 'c1', encoding: 'mulaw', rateHz: 8_000, layout: 'interleaved' };
const opened = (changes: object): unknown =>
  openCallOf(parseText(JSON.stringify({ ...HELLO, ...changes })) as Hello, 't', 5);

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

test('a hello opens a call with sensible defaults', () => {
  assert.deepEqual(opened({}), {
    tenant: 't',
    callId: 'c1',
    protocol: 'earshot',
    startedAtMs: 5,
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

const REFUSED: readonly (readonly [string, object, string, RegExp])[] = [
  ['an unknown encoding', { encoding: 'opus' }, 'encoding_unsupported', /mulaw, alaw, pcm_s16le; got opus/],
  ['an odd rate', { rateHz: 12_345 }, 'rate_unsupported', /8000, .*48000; got 12345/],
  ['mono', { channels: ['caller'] }, 'channels_unsupported', /turn-taking is measured between two separate sides/],
  ['no call id', { callId: undefined }, 'hello_invalid', /callId/],
  ['a field that does not exist', { sampleRate: 8_000 }, 'hello_invalid', /sampleRate|additional/],
  ['a trace id that is none', { traceId: 'xyz' }, 'hello_invalid', /traceId/],
  ['playout of interleaved audio', { agentPlacement: 'playout' }, 'hello_invalid', /layout separate/],
  ['another version', { version: 2 }, 'hello_invalid', /version/],
];
for (const [what, changes, code, message] of REFUSED) {
  test(`hello with ${what} is refused as ${code}`, () => {
    assert.throws(
      () => opened(changes),
      (error) => error instanceof InvalidInput && error.code === code && message.test(error.message),
    );
  });
}

test('text where JSON belongs is quoted, but not at length', () => {
  assert.throws(
    () => parseText('x'.repeat(5_000)),
    (error) => error instanceof InvalidInput && error.message.length < 300,
  );
});

test('whatever bytes come, the answer is a message or InvalidInput', () => {
  const tolerant = (parse: () => unknown): void => {
    try {
      parse();
    } catch (error) {
      assert.ok(error instanceof InvalidInput, String(error));
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => tolerant(() => parseAudio(bytes))),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.string(), (text) => tolerant(() => parseText(text))),
    { numRuns: 2_000 },
  );
  const almost = fc.record(
    {
      type: fc.constantFrom('hello', 'clear', 'mark', 'bye', 'x', '__proto__'),
      version: fc.jsonValue(),
      callId: fc.jsonValue(),
      seq: fc.jsonValue(),
      encoding: fc.jsonValue(),
      rateHz: fc.jsonValue(),
      layout: fc.constantFrom('interleaved', 'separate', 3),
      labels: fc.jsonValue(),
      position: fc.jsonValue(),
    },
    { requiredKeys: ['type'] },
  );
  fc.assert(
    fc.property(almost, (value) =>
      tolerant(() => {
        const message = parseText(JSON.stringify(value));
        if (message.type === 'hello') openCallOf(message, 't', 0);
      }),
    ),
    { numRuns: 2_000 },
  );
});
