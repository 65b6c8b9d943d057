/** G.711 against values of the standard's tables, PCM against its definition, and payloads that do not fit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoderOf, sampleCount } from './decode.ts';

const decode = (encoding: 'mulaw' | 'alaw' | 'pcm_s16le', bytes: number[], offset = 0, stride = 1): number[] =>
  Array.from(decoderOf(encoding).decode(Uint8Array.from(bytes), offset, stride), (x) => Math.round(x * 32_768));

test('mu-law decodes the ends and the middle of its range', () => {
  assert.deepEqual(decode('mulaw', [0x00, 0x80, 0xff, 0x7f, 0x0f]), [-32_124, 32_124, 0, -0, -16_764]);
});

test('A-law decodes the ends and the middle of its range', () => {
  assert.deepEqual(decode('alaw', [0xaa, 0x2a, 0xd5, 0x55]), [32_256, -32_256, 8, -8]);
});

test('PCM is little-endian and signed', () => {
  assert.deepEqual(decode('pcm_s16le', [0x01, 0x00, 0xff, 0x7f, 0x00, 0x80, 0xff, 0xff]), [1, 32_767, -32_768, -1]);
});

test('one channel is taken out of interleaved samples', () => {
  assert.deepEqual(decode('pcm_s16le', [1, 0, 2, 0, 3, 0, 4, 0], 1, 2), [2, 4]);
  assert.deepEqual(decode('mulaw', [0xff, 0x00, 0xff, 0x80], 1, 2), [-32_124, 32_124]);
});

test('a payload that is no whole number of samples is refused with what was expected', () => {
  assert.throws(() => sampleCount(new Uint8Array(5), 2, 2), {
    code: 'audio_misaligned',
    message: 'audio_misaligned: expected a multiple of 4 bytes (2 a sample, 2 interleaved); got 5 bytes',
  });
  assert.equal(sampleCount(new Uint8Array(8), 2, 2), 2);
});
