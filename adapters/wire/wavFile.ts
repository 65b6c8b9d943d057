/**
 * Recordings in WAV, read piece by piece: mu-law, A-law and 16-bit PCM as they are, other sample formats brought to
 * 16-bit PCM. A file cut short gives what is there and says so. https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { Encoding } from '../../core/facts/openCall.ts';
import { InvalidInput } from '../../core/units/errors.ts';

export interface WavFile {
  readonly rateHz: number;
  readonly channelCount: number;
  /** Of the payload that `chunks` gives. */
  readonly encoding: Encoding;
  readonly durationMs: number;
  /** The header promises more audio than the file has. */
  readonly isTruncated: boolean;
  /** Interleaved payload, at most `framesMax` samples a channel each. */
  chunks(framesMax: number): AsyncGenerator<Uint8Array>;
}

interface Format {
  tag: number;
  channelCount: number;
  rateHz: number;
  bits: number;
}

/** How samples of a format become ones that the core takes. */
interface Sampling {
  readonly encoding: Encoding;
  readonly bytes: number;
  convert(bytes: Buffer): Uint8Array;
}

const PCM = 1;
const FLOAT = 3;
const ALAW = 6;
const MULAW = 7;
const EXTENSIBLE = 0xfffe;
const HEADER_BYTES_MAX = 1024 * 1024;
const RATE_HZ_MIN = 8_000;
const RATE_HZ_MAX = 192_000;

export async function readWav(path: string): Promise<WavFile> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(Math.min(size, HEADER_BYTES_MAX));
    await file.read(head, 0, head.length, 0);
    const { format, dataStart, dataBytes } = readHeader(path, head);
    return describe(path, format, dataStart, Math.min(dataBytes, size - dataStart), dataBytes);
  } finally {
    await file.close();
  }
}

function describe(path: string, format: Format, dataStart: number, present: number, promised: number): WavFile {
  const sampling = samplingOf(path, format);
  const frameBytes = sampling.bytes * format.channelCount;
  const frames = Math.floor(present / frameBytes);
  return {
    rateHz: format.rateHz,
    channelCount: format.channelCount,
    encoding: sampling.encoding,
    durationMs: (frames * 1_000) / format.rateHz,
    isTruncated: present < promised && promised !== UNKNOWN_LENGTH,
    async *chunks(framesMax) {
      const file = await openFile(path);
      try {
        for (let frame = 0; frame < frames; frame += framesMax) {
          const buffer = Buffer.alloc(Math.min(framesMax, frames - frame) * frameBytes);
          await file.read(buffer, 0, buffer.length, dataStart + frame * frameBytes);
          yield sampling.convert(buffer);
        }
      } finally {
        await file.close();
      }
    },
  };
}

/** Writers that stream do not know the length beforehand and leave this. */
const UNKNOWN_LENGTH = 0xffff_ffff;

function readHeader(path: string, head: Buffer): { format: Format; dataStart: number; dataBytes: number } {
  if (head.length < 12 || head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 8, 12) !== 'WAVE') {
    throw invalid(path, 'a WAV file (RIFF....WAVE)', looksLike(head));
  }
  let format: Format | null = null;
  for (let at = 12; at + 8 <= head.length;) {
    const name = head.toString('latin1', at, at + 4);
    const bytes = head.readUInt32LE(at + 4);
    const start = at + 8;
    if (name === 'fmt ') format = readFormat(path, head.subarray(start, start + bytes));
    if (name === 'data') {
      if (format === null) throw invalid(path, 'a fmt chunk before the data', 'none');
      return { format, dataStart: start, dataBytes: bytes };
    }
    at = start + bytes + (bytes % 2);
  }
  throw new InvalidInput('file_truncated', {
    expected: `a data chunk in ${path}`,
    got: `${head.length} bytes without one`,
  });
}

function readFormat(path: string, chunk: Buffer): Format {
  if (chunk.length < 16) throw invalid(path, 'a fmt chunk of 16 bytes or more', `${chunk.length} bytes`);
  const tag = chunk.readUInt16LE(0);
  const format: Format = {
    tag: tag === EXTENSIBLE && chunk.length >= 26 ? chunk.readUInt16LE(24) : tag,
    channelCount: chunk.readUInt16LE(2),
    rateHz: chunk.readUInt32LE(4),
    bits: chunk.readUInt16LE(14),
  };
  if (format.channelCount === 0) throw invalid(path, 'one channel or more', '0');
  if (format.rateHz < RATE_HZ_MIN || format.rateHz > RATE_HZ_MAX) {
    throw invalid(path, `a sampling rate from ${RATE_HZ_MIN} to ${RATE_HZ_MAX} Hz`, `${format.rateHz} Hz`);
  }
  return format;
}

function samplingOf(path: string, { tag, bits }: Format): Sampling {
  const asIs = (encoding: Encoding, bytes: number): Sampling => ({ encoding, bytes, convert: (buffer) => buffer });
  const converted = (bytes: number, sampleAt: (buffer: Buffer, at: number) => number): Sampling => ({
    encoding: 'pcm_s16le',
    bytes,
    convert: (buffer) => toPcm16(buffer, bytes, sampleAt),
  });
  if (tag === MULAW && bits === 8) return asIs('mulaw', 1);
  if (tag === ALAW && bits === 8) return asIs('alaw', 1);
  if (tag === PCM && bits === 16) return asIs('pcm_s16le', 2);
  if (tag === PCM && bits === 8) return converted(1, (buffer, at) => (buffer[at] - 128) / 128);
  if (tag === PCM && bits === 24) return converted(3, (buffer, at) => buffer.readIntLE(at, 3) / 0x80_0000);
  if (tag === PCM && bits === 32) return converted(4, (buffer, at) => buffer.readInt32LE(at) / 0x8000_0000);
  if (tag === FLOAT && bits === 32) return converted(4, (buffer, at) => buffer.readFloatLE(at));
  if (tag === FLOAT && bits === 64) return converted(8, (buffer, at) => buffer.readDoubleLE(at));
  throw invalid(path, 'PCM of 8 to 32 bits, float, mu-law or A-law samples', `format ${tag} with ${bits} bits`);
}

function toPcm16(buffer: Buffer, bytes: number, sampleAt: (buffer: Buffer, at: number) => number): Uint8Array {
  const count = Math.floor(buffer.length / bytes);
  const pcm = Buffer.alloc(2 * count);
  for (let i = 0; i < count; i += 1) {
    const value = sampleAt(buffer, i * bytes);
    const scaled = Number.isFinite(value) ? Math.round(value * 32_768) : 0;
    pcm.writeInt16LE(Math.min(32_767, Math.max(-32_768, scaled)), 2 * i);
  }
  return pcm;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw invalid(path, 'a file that can be read', (error as Error).message);
  }
}

const SIGNATURES: readonly (readonly [string, string])[] = [
  ['ID3', 'an MP3 file'],
  ['\u00ff\u00fb', 'an MP3 file'],
  ['fLaC', 'a FLAC file'],
  ['OggS', 'an Ogg file'],
  ['\u001aE\u00df\u00a3', 'a WebM or Matroska file'],
  ['RF64', 'an RF64 file'],
];

function looksLike(head: Buffer): string {
  if (head.length === 0) return 'an empty file';
  const start = head.toString('latin1', 0, 12);
  const known = SIGNATURES.find(([signature]) => start.startsWith(signature));
  const what = known?.[1] ?? (start.slice(4, 8) === 'ftyp' ? 'an MP4 or M4A file' : null);
  if (what !== null) return `${what}; convert it first, e.g. sox IN OUT.wav or ffmpeg -i IN OUT.wav`;
  return `a file that begins with ${JSON.stringify(start)}`;
}

const invalid = (path: string, expected: string, got: string): InvalidInput =>
  new InvalidInput('file_invalid', { expected: `${expected} in ${path}`, got });
