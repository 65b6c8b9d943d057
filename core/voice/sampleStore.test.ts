/** The store of a channel's last audio: what is read is what was appended, to half a step of 16 bits, and silence elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSampleStore } from './sampleStore.ts';

test('any pieces, any part read, before and after saving', () => {
  const pieces = fc.array(fc.array(fc.integer({ min: -32_768, max: 32_767 }), { maxLength: 40 }), { maxLength: 12 });
  fc.assert(
    fc.property(pieces, fc.nat(200), fc.nat(200), fc.nat(100), (parts, from, length, forgotten) => {
      const all = parts.flat();
      const store = createSampleStore();
      for (const part of parts) store.append(Float32Array.from(part, (sample) => sample / 32_768));
      assert.equal(store.end, all.length);
      store.forget(Math.min(forgotten, from));
      const expected = Float32Array.from({ length }, (_, i) => (all[from + i] ?? 0) / 32_768);
      assert.deepEqual(store.read(from, from + length), expected);
      const again = createSampleStore();
      again.load(structuredClone(store.save()));
      assert.equal(again.end, store.end);
      assert.deepEqual(again.read(from, from + length), expected);
    }),
  );
});

test('what is forgotten is gone, and too loud is full scale', () => {
  const store = createSampleStore();
  store.append(Float32Array.of(0.5, 0.5));
  store.append(Float32Array.of(2, -2));
  store.forget(2);
  assert.deepEqual([...store.read(0, 4)], [0, 0, 32_767 / 32_768, -1]);
});

test('before its first sample there is silence', () => {
  const store = createSampleStore();
  store.append(Float32Array.of(0.25));
  assert.deepEqual([...store.read(-2, 2)], [0, 0, 0.25, 0]);
});
