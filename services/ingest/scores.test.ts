/** Posted scores: what is taken, what is refused and how that is said, and which of two stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScores } from './scores.ts';

const GOOD = { callId: 'c', name: 'relevance', value: 0.9, source: 'judge' };

test('what does not fit is named, and costs no other', () => {
  const posted = [
    { ...GOOD, value: '0.9' },
    GOOD,
    { ...GOOD, colour: 'blue' },
    { name: 'n', value: 1 },
    { callId: 'c', name: 'n' },
    { ...GOOD, traceId: 'not hex' },
    null,
  ];
  const { scores, rejected } = parseScores({ scores: posted }, 't', 5);
  assert.equal(scores.length, 1);
  const reasons: readonly [number, RegExp][] = [
    [0, /value must be number/],
    [2, /without a field colour/],
    [3, /callId or traceId/],
    [4, /a value or a label/],
    [5, /traceId/],
    [6, /object/],
  ];
  assert.deepEqual(
    rejected.map(({ index }) => index),
    reasons.map(([index]) => index),
  );
  for (const [place, [, reason]] of reasons.entries()) assert.match(rejected[place].expected, reason);
});

test("a judge's new verdict on the same thing has the old one's id, and one on another thing has not", () => {
  const idOf = (changes: object): string => parseScores({ ...GOOD, ...changes }, 't', 5).scores[0].id;
  assert.equal(idOf({}), idOf({ value: 0.1, explanation: 'looked again' }));
  const others = [{ turnId: 'turn-1' }, { turnIndex: 1 }, { mediaMs: 1 }, { name: 'grounded' }, { source: 'another' }];
  assert.equal(new Set([{}, ...others].map(idOf)).size, 1 + others.length);
  assert.equal(idOf({ id: 'mine' }), 'mine');
});
