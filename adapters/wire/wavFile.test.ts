/** WAV files of every kind that is read, those that are not, and broken ones. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { decoderOf } from '../../core/audio/decode.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { readWav } from './wavFile.ts';
import { mulawOf, wavBytes } from './wavWriter.ts';

let folder = '';
before(async () => void (folder = await mkdtemp(join(tmpdir(), 'earshot-wav-'))));
after(() => rm(folder, { recursive: true }));

async function write(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

async function payloadOf(path: string): Promise<Buffer> {
  const wav = await readWav(path);
  const chunks: Uint8Array[] = [];
  for await (const chunk of wav.chunks(7)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const pcm = Buffer.from(Int16Array.from([0, 1, -1, 1_000, -1_000, 32_767, -32_768, 5]).buffer);
const stereo = { rateHz: 8_000, channelCount: 2, encoding: 'pcm_s16le', payload: pcm } as const;

test('16-bit PCM comes out as it went in, in pieces of any size', async () => {
  const path = await write('pcm.wav', wavBytes(stereo));
  const wav = await readWav(path);
  assert.deepEqual(
    [wav.rateHz, wav.channelCount, wav.encoding, wav.durationMs, wav.isTruncated],
    [8_000, 2, 'pcm_s16le', 0.5, false],
  );
  assert.deepEqual(await payloadOf(path), pcm);
});

test('what the mu-law writer writes, the decoder hears', async () => {
  const samples = Int16Array.from({ length: 2_000 }, (_, i) => Math.round(30_000 * Math.sin(i / 9) * (i / 2_000)));
  const path = await write(
    'mulaw.wav',
    wavBytes({ ...stereo, channelCount: 1, encoding: 'mulaw', payload: mulawOf(samples) }),
  );
  const heard = decoderOf('mulaw').decode(await payloadOf(path), 0, 1);
  samples.forEach((sample, i) => {
    const off = Math.abs(heard[i] * 32_768 - sample);
    assert.ok(off <= 8 + Math.abs(sample) / 32, `${sample} came back as ${heard[i] * 32_768}`);
  });
});

test('other sample formats become 16-bit PCM', async () => {
  const header = (tag: number, bits: number, data: Buffer): Buffer => {
    const bytes = Buffer.from(wavBytes({ ...stereo, channelCount: 1, payload: data }));
    bytes.writeUInt16LE(tag, 20);
    bytes.writeUInt16LE(bits, 34);
    return bytes;
  };
  const f32 = Buffer.from(Float32Array.from([0, 0.5, -1, 2, Number.NaN]).buffer);
  assert.deepEqual(
    new Int16Array(Uint8Array.from(await payloadOf(await write('f32.wav', header(3, 32, f32)))).buffer),
    Int16Array.from([0, 16_384, -32_768, 32_767, 0]),
  );
  const u8 = Buffer.from([128, 255, 0]);
  assert.deepEqual(
    new Int16Array(Uint8Array.from(await payloadOf(await write('u8.wav', header(1, 8, u8)))).buffer),
    Int16Array.from([0, 32_512, -32_768]),
  );
  const i24 = Buffer.from([0, 0, 64, 0, 0, 128]);
  assert.deepEqual(
    new Int16Array(Uint8Array.from(await payloadOf(await write('i24.wav', header(1, 24, i24)))).buffer),
    Int16Array.from([16_384, -32_768]),
  );
});

test('a file cut short gives what is there and says so', async () => {
  const path = await write('short.wav', wavBytes(stereo).subarray(0, 44 + 9));
  assert.equal((await readWav(path)).isTruncated, true);
  assert.deepEqual(await payloadOf(path), pcm.subarray(0, 8));
});

for (const [what, bytes, message] of [
  ['an MP3', Buffer.from('ID3\u0004 and so on'), /an MP3 file; convert it first/],
  ['a FLAC', Buffer.from('fLaC and so on...'), /a FLAC file/],
  ['text', Buffer.from('hello, world, this is text'), /begins with "hello, world"/],
  ['nothing', Buffer.alloc(0), /an empty file/],
] as const) {
  test(`${what} is no WAV, and the error says what it is`, async () => {
    const path = await write('other.wav', bytes);
    await assert.rejects(readWav(path), { code: 'file_invalid', message });
  });
}

test('a file that is not there is named', async () => {
  await assert.rejects(readWav(join(folder, 'nowhere.wav')), { code: 'file_invalid', message: /nowhere\.wav/ });
});

test('bent headers are read or refused, never worse', async () => {
  const good = wavBytes(stereo);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(43), fc.nat(255)), { maxLength: 6 }),
      fc.nat(60),
      async (bends, length) => {
        const bytes = Uint8Array.from(good.subarray(0, length));
        for (const [at, value] of bends) if (at < bytes.length) bytes[at] = value;
        try {
          await payloadOf(await write('bent.wav', bytes));
        } catch (error) {
          assert.ok(error instanceof InvalidInput, String(error));
        }
      },
    ),
    { numRuns: 300 },
  );
});
