/** Writes WAV files for recipes, tests and examples: interleaved 16-bit PCM or mu-law. */
import type { Encoding } from '../../core/facts/openCall.ts';

export interface WavContent {
  readonly rateHz: number;
  readonly channelCount: number;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
}

const TAGS = { pcm_s16le: 1, alaw: 6, mulaw: 7 } as const;

export function wavBytes({ rateHz, channelCount, encoding, payload }: WavContent): Uint8Array {
  const sampleBytes = encoding === 'pcm_s16le' ? 2 : 1;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + payload.byteLength, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(TAGS[encoding], 20);
  header.writeUInt16LE(channelCount, 22);
  header.writeUInt32LE(rateHz, 24);
  header.writeUInt32LE(rateHz * channelCount * sampleBytes, 28);
  header.writeUInt16LE(channelCount * sampleBytes, 32);
  header.writeUInt16LE(8 * sampleBytes, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(payload.byteLength, 40);
  return Buffer.concat([header, payload]);
}

/** 16-bit samples to mu-law codes (ITU-T G.711), clipping at its full scale. */
export function mulawOf(samples: Int16Array): Uint8Array {
  return Uint8Array.from(samples, (sample) => {
    const magnitude = Math.min(Math.abs(sample), 32_635) + 0x84;
    const segment = Math.floor(Math.log2(magnitude)) - 7;
    const mantissa = (magnitude >> (segment + 3)) & 0x0f;
    return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | mantissa) & 0xff;
  });
}
