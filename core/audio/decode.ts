/**
 * Coded payloads to samples in [-1, 1): G.711 mu-law and A-law by table (ITU-T G.711 (11/88), tables 1 and 2), and
 * 16-bit little-endian PCM. The decoder is chosen once, when the call opens.
 */
import type { Encoding } from '../facts/openCall.ts';
import { InvalidInput } from '../units/errors.ts';

const FULL_SCALE = 32_768;

export interface Decoder {
  readonly bytesPerSample: 1 | 2;
  /** Samples of one channel of an interleaved payload: every `stride`-th sample from `offset`. */
  decode(payload: Uint8Array, offset: number, stride: number): Float32Array;
}

export function decoderOf(encoding: Encoding): Decoder {
  switch (encoding) {
    case 'mulaw':
      return tableDecoder(MULAW);
    case 'alaw':
      return tableDecoder(ALAW);
    case 'pcm_s16le':
      return { bytesPerSample: 2, decode: decodePcm };
  }
}

/** Samples per channel in a payload; throws `audio_misaligned` when it is not a whole number of them. */
export function sampleCount(payload: Uint8Array, bytesPerSample: number, channelCount: number): number {
  const bytesPerStep = bytesPerSample * channelCount;
  if (payload.byteLength % bytesPerStep !== 0) {
    throw new InvalidInput('audio_misaligned', {
      expected: `a multiple of ${bytesPerStep} bytes (${bytesPerSample} a sample, ${channelCount} interleaved)`,
      got: `${payload.byteLength} bytes`,
    });
  }
  return payload.byteLength / bytesPerStep;
}

function tableDecoder(table: Float32Array): Decoder {
  return {
    bytesPerSample: 1,
    decode(payload, offset, stride) {
      const samples = new Float32Array(Math.floor(payload.length / stride));
      for (let i = 0, at = offset; i < samples.length; i += 1, at += stride) samples[i] = table[payload[at]];
      return samples;
    },
  };
}

function decodePcm(payload: Uint8Array, offset: number, stride: number): Float32Array {
  const samples = new Float32Array(Math.floor(payload.length / (2 * stride)));
  for (let i = 0, at = 2 * offset; i < samples.length; i += 1, at += 2 * stride) {
    samples[i] = (((payload[at] | (payload[at + 1] << 8)) << 16) >> 16) / FULL_SCALE;
  }
  return samples;
}

const MULAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4)) - 0x84;
  return (bits & 0x80 ? -magnitude : magnitude) / FULL_SCALE;
});

const ALAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55;
  const segment = (bits & 0x70) >> 4;
  const mantissa = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? mantissa : (mantissa + 0x100) << (segment - 1);
  return (bits & 0x80 ? magnitude : -magnitude) / FULL_SCALE;
});
