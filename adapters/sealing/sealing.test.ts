/** A seal opens for who knows the secret and the context, and for nothing that was changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSealing, deriveKey } from './sealing.ts';

const [OLD, NEW] = [1, 2].map((fill) => Buffer.alloc(32, fill));
const sealing = createSealing([NEW], 'call-states');
const REFUSED = { code: 'state_unreadable' };

test('what was sealed comes out again, and never looks the same twice', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.string({ unit: 'binary' }), (plain, context) => {
      const sealed = sealing.seal(plain, context);
      assert.deepEqual(Uint8Array.from(sealing.open(sealed, context)), plain);
      assert.equal(sealed.length, plain.length + 33);
      assert.notDeepEqual(sealing.seal(plain, context), sealed);
    }),
  );
});

test('any byte changed, any byte missing: refused', () => {
  const sealed = sealing.seal(Buffer.from('the last seconds of a call'), 'call 1');
  for (let at = 0; at < sealed.length; at += 1) {
    for (const bit of [1, 128]) {
      const changed = Buffer.from(sealed);
      changed[at] ^= bit;
      assert.throws(() => sealing.open(changed, 'call 1'), REFUSED, `byte ${at}`);
    }
    assert.throws(() => sealing.open(sealed.subarray(0, at), 'call 1'), REFUSED, `${at} bytes`);
  }
});

test('under another context, purpose or secret: refused', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (context, other) => {
      fc.pre(context !== other);
      assert.throws(() => sealing.open(sealing.seal(Buffer.from('audio'), context), other), REFUSED);
    }),
  );
  const sealed = sealing.seal(Buffer.from('audio'), '');
  assert.throws(() => createSealing([NEW], 'another').open(sealed, ''), REFUSED);
  assert.throws(() => createSealing([OLD], 'call-states').open(sealed, ''), { message: /got key [0-9a-f]{8}$/ });
});

test('secrets rotate: the first seals, each of them opens', () => {
  const before = createSealing([OLD], 'call-states');
  const rotated = createSealing([NEW, OLD], 'call-states');
  assert.equal(rotated.open(before.seal(Buffer.from('old'), ''), '').toString(), 'old');
  assert.equal(sealing.open(rotated.seal(Buffer.from('new'), ''), '').toString(), 'new');
  assert.throws(() => before.open(rotated.seal(Buffer.from('new'), ''), ''), REFUSED);
});

test('each purpose has a key of its own, the same in every process', () => {
  const key = deriveKey(OLD, 'call-states');
  assert.equal(key.toString('hex'), deriveKey(Buffer.alloc(32, 1), 'call-states').toString('hex'));
  assert.equal(key.length, 32);
  assert.notDeepEqual(key, deriveKey(OLD, 'text-hash'));
  assert.notDeepEqual(key, deriveKey(NEW, 'call-states'));
});
