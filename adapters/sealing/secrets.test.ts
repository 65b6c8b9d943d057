/** Secrets as they are written down: what is taken, what is refused and never repeated, and the one that is made once. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keptSecrets, parseSecrets, randomSecret } from './secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'earshot-secrets-'));
after(() => rmSync(folder, { recursive: true }));

test('base64, base64url and hex are taken, with commas or a line each', () => {
  const [a, b, c] = [randomSecret(), randomSecret(), Buffer.alloc(48, 0xfb)];
  const text = ` ${a.toString('hex')},${b.toString('base64')}\n\n${c.toString('base64url')}\n`;
  assert.deepEqual(parseSecrets(text, 'X'), [a, b, c]);
});

test('what is too short or no text of bytes is refused, and not repeated in the message', () => {
  const short = Buffer.alloc(31, 7).toString('base64');
  for (const [text, got] of [
    [short, '31 bytes as number 1'],
    [`${Buffer.alloc(32).toString('hex')},${short}`, '31 bytes as number 2'],
    ['a secret sentence!', '0 bytes as number 1'],
    ['pass:word', 'another text as number 1'],
    [' \n', 'none'],
  ] as const) {
    assert.throws(
      () => parseSecrets(text, 'X'),
      (error: Error & { code?: string; got?: string }) => {
        assert.deepEqual([error.code, error.got], ['config_invalid', got]);
        return text.trim() === '' || !error.message.includes(text.slice(0, 6));
      },
    );
  }
});

test('a kept secret is made once, for its owner only, whoever comes at the same time', async () => {
  const path = join(folder, 'deep', 'data.secret');
  const found = await Promise.all(Array.from({ length: 8 }, () => keptSecrets(path)));
  for (const secrets of found) assert.deepEqual(secrets, found[0]);
  assert.equal(found[0][0].length, 32);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(folder, 'deep')), ['data.secret'], 'no draft is left');
  assert.equal(readFileSync(path, 'utf8').trim(), found[0][0].toString('base64'));
});

test('a kept secret that others can read, or that cannot be read, is refused', async () => {
  const path = join(folder, 'open.secret');
  writeFileSync(path, randomSecret().toString('hex'));
  chmodSync(path, 0o640);
  await assert.rejects(keptSecrets(path), { code: 'config_invalid', got: 'mode 640' });
  chmodSync(path, 0o600);
  assert.equal((await keptSecrets(path)).length, 1);
  writeFileSync(path, '');
  await assert.rejects(keptSecrets(path), { code: 'config_invalid', got: 'none' });
  await assert.rejects(keptSecrets(join(path, 'below')), { code: 'config_invalid', got: 'ENOTDIR' });
});
