/**
 * Looks for a call's audio in any bytes: runs of its samples as 16-bit and floating-point numbers, in its own coding, and
 * each of these in base64, wherever it may begin.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decoderOf } from '../../core/audio/decode.ts';
import type { Encoding } from '../../core/facts/openCall.ts';

const RUN_SAMPLES = 12;
const STEP_SAMPLES = 40;
/** Fewer, and it may be silence or a tone, which is found by chance. */
const DISTINCT_MIN = 9;

interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
  /** Of the four bytes by which it is looked for. */
  readonly offset: number;
}

export interface AudioSearch {
  /** How often each way of writing the audio was found. */
  in(bytes: Uint8Array): Map<string, number>;
  /** The same in every file of a folder. */
  inFolder(path: string): Map<string, number>;
}

export function createAudioSearch(encoding: Encoding, interleaved: Uint8Array): AudioSearch {
  const needles = new Map<number, Needle[]>();
  /** Whether any needle is known by these three bytes: nearly every place is passed over by this alone. */
  const known = new Uint8Array(2 ** 24);

  function add(name: string, bytes: Buffer): void {
    const offset = tellingOffset(bytes);
    const key = bytes.readUInt32LE(offset);
    known[key & 0xff_ffff] = 1;
    const alike = needles.get(key);
    if (alike === undefined) needles.set(key, [{ name, bytes, offset }]);
    else alike.push({ name, bytes, offset });
  }

  const decoder = decoderOf(encoding);
  const { bytesPerSample } = decoder;
  for (const offset of [0, 1]) {
    const samples = decoder.decode(interleaved, offset, 2);
    for (let at = 0; at + RUN_SAMPLES <= samples.length; at += STEP_SAMPLES) {
      const run = samples.slice(at, at + RUN_SAMPLES);
      if (new Set(run).size < DISTINCT_MIN) continue;
      const coded = interleaved.subarray(2 * at * bytesPerSample, 2 * (at + RUN_SAMPLES) * bytesPerSample);
      const own = Uint8Array.from({ length: RUN_SAMPLES }, (_, i) => coded[2 * i + offset]);
      const written = {
        int16: Buffer.from(Int16Array.from(run, (x) => Math.round(x * 32_768)).buffer),
        float32: Buffer.from(run.buffer),
        message: Buffer.from(coded),
        ...(bytesPerSample === 1 ? { coded: Buffer.from(own) } : {}),
      };
      for (const [name, bytes] of Object.entries(written)) {
        add(name, bytes);
        for (const before of [0, 1, 2]) add(`${name} in base64`, base64Within(bytes, before));
      }
    }
  }

  function searchIn(bytes: Uint8Array): Map<string, number> {
    const found = new Map<string, number>();
    const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 4 <= haystack.length; at += 1) {
      if (known[haystack[at] | (haystack[at + 1] << 8) | (haystack[at + 2] << 16)] === 0) continue;
      for (const needle of needles.get(haystack.readUInt32LE(at)) ?? []) {
        const start = at - needle.offset;
        if (start < 0 || !haystack.subarray(start, start + needle.bytes.length).equals(needle.bytes)) continue;
        found.set(needle.name, (found.get(needle.name) ?? 0) + 1);
      }
    }
    return found;
  }

  return {
    in: searchIn,
    inFolder(path) {
      const all = new Map<string, number>();
      for (const file of readdirSync(path, { recursive: true, withFileTypes: true })) {
        if (!file.isFile()) continue;
        const found = searchIn(readFileSync(join(file.parentPath, file.name)));
        for (const [name, times] of found) all.set(name, (all.get(name) ?? 0) + times);
      }
      return all;
    },
  };
}

/** Where the four bytes are by which it is looked for: the most telling ones, since zeros are everywhere. */
function tellingOffset(bytes: Buffer): number {
  let best = { offset: 0, telling: 0 };
  for (let offset = 0; offset + 4 <= bytes.length && best.telling < 4; offset += 1) {
    const telling = new Set(bytes.subarray(offset, offset + 4).filter((byte) => byte !== 0 && byte !== 0xff)).size;
    if (telling > best.telling) best = { offset, telling };
  }
  return best.offset;
}

/** What is certain of the base64 of these bytes where `before` others come before them in their group of three. */
function base64Within(bytes: Buffer, before: number): Buffer {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  const first = Math.ceil((before * 8) / 6);
  return Buffer.from(text.slice(first, Math.floor(((before + bytes.length) * 8) / 6)), 'latin1');
}
