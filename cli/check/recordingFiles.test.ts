/** Files, folders and globs; and names that only look like patterns. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { globPattern, recordingFiles } from './recordingFiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'earshot-check-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'b', 'c'), { recursive: true });
for (const name of ['a1.wav', 'a2.WAV', 'note.txt', 'odd[1].wav', 'b/a1.wav', 'b/c/x.wav']) {
  writeFileSync(join(folder, name), '');
}
const found = (...named: string[]): Promise<string[]> =>
  recordingFiles(
    named.map((name) => join(folder, name)),
    folder,
  );

test('files, folders and globs, each file once and in order', async () => {
  assert.deepEqual(await found('b/a1.wav', 'a1.wav', 'a1.wav'), ['a1.wav', 'b/a1.wav']);
  assert.deepEqual(await found('.'), ['a1.wav', 'a2.WAV', 'b/a1.wav', 'b/c/x.wav', 'odd[1].wav']);
  assert.deepEqual(await found('*.wav'), ['a1.wav', 'odd[1].wav']);
  assert.deepEqual(await found('**/*.wav'), ['a1.wav', 'b/a1.wav', 'b/c/x.wav', 'odd[1].wav']);
  assert.deepEqual(await found('a?.{wav,WAV}'), ['a1.wav', 'a2.WAV']);
  assert.deepEqual(await found('b/**/x.wav'), ['b/c/x.wav']);
  assert.deepEqual(await found('odd[1].wav'), ['odd[1].wav']);
});

test('names that name nothing are told, all of them', async () => {
  await assert.rejects(found('none.wav', 'a1.wav', '*.flac', 'nowhere/*'), (error: Error) => {
    return ['none.wav', '*.flac', 'nowhere/*'].every((name) => error.message.includes(name));
  });
});

test('a pattern without wildcards matches itself and nothing else', () => {
  const plain = fc.string().filter((text) => !/[*?{},\n\r]/.test(text));
  fc.assert(
    fc.property(plain, plain, (one, other) => {
      assert.ok(globPattern(one).test(one));
      assert.equal(globPattern(one).test(other), one === other);
    }),
  );
});
