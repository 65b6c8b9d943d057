/** What is kept of requests that could not be taken, and how much of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unsent } from './unsent.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('the same body of the same stream is read once, and given once', () => {
  const unsent = new Unsent<number>();
  unsent.keep(['t', 'call'], bytes('body'), 7);
  assert.equal(unsent.take(['t', 'call'], bytes('another')), undefined);
  assert.equal(unsent.take(['u', 'call'], bytes('body')), undefined);
  assert.equal(unsent.take(['t', 'call'], bytes('body')), 7);
  assert.equal(unsent.take(['t', 'call'], bytes('body')), undefined);
});

test('beyond the bound the oldest go', () => {
  const unsent = new Unsent<number>(10);
  for (const value of [1, 2, 3]) unsent.keep(['t'], bytes(`body${value}`), value);
  unsent.keep(['t'], bytes('body3'), 4);
  assert.deepEqual(
    [1, 2, 3].map((value) => unsent.take(['t'], bytes(`body${value}`))),
    [undefined, 2, 4],
  );
});
