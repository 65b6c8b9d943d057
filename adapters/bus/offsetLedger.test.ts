/** What is committed of a partition never passes an entry that is not, whatever calls lie between one another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { callKeyOf, OffsetLedger, type LedgerEntry } from './offsetLedger.ts';

const entry = (callId: string, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
  tenant: 't',
  callId,
  session: '',
  ordinal: 0,
  bytes: 10,
  isLast: false,
  ...more,
});
const key = (callId: string): string => callKeyOf('t', callId);

test('the oldest entry that is not committed holds the offset', () => {
  const ledger = new OffsetLedger(100);
  assert.equal(ledger.committableOffset, 100);
  for (const [index, call] of ['a', 'b', 'a', 'b'].entries()) {
    ledger.take(key(call), entry(call), 100 + index);
  }
  ledger.commit(key('b'), 103);
  assert.equal(ledger.committableOffset, 100);
  ledger.commit(key('a'), 100);
  assert.equal(ledger.committableOffset, 102);
  ledger.commit(key('a'), 102);
  assert.equal(ledger.committableOffset, 104);
  assert.equal(ledger.uncommittedBytes, 0);
});

test('for any interleaving of calls and commits the offset is that of the first uncommitted entry', () => {
  const step = fc.record({ call: fc.constantFrom('a', 'b', 'c'), commitsUpTo: fc.option(fc.nat({ max: 120 })) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const ledger = new OffsetLedger(0);
      const model: { call: string; isCommitted: boolean }[] = [];
      for (const { call, commitsUpTo } of steps) {
        ledger.take(key(call), entry(call), model.length);
        model.push({ call, isCommitted: false });
        if (commitsUpTo === null) continue;
        ledger.commit(key(call), commitsUpTo);
        for (const taken of model.slice(0, commitsUpTo + 1)) if (taken.call === call) taken.isCommitted = true;
      }
      const first = model.findIndex(({ isCommitted }) => !isCommitted);
      assert.equal(ledger.committableOffset, first === -1 ? model.length : first);
      assert.equal(ledger.uncommittedBytes, model.filter(({ isCommitted }) => !isCommitted).length * 10);
    }),
  );
});

test('what a session wrote twice is taken once, and another session may begin anew', () => {
  const ledger = new OffsetLedger(0);
  const take = (session: string, ordinal: number, offset: number): string =>
    ledger.take(key('a'), entry('a', { session, ordinal }), offset);
  assert.deepEqual(
    [take('w', 5, 0), take('w', 9, 1), take('w', 5, 2), take('w', 9, 3), take('w', 10, 4), take('v', 1, 5)],
    ['new', 'new', 'repeat', 'repeat', 'new', 'new'],
  );
});

test('a call is forgotten when its end is committed', () => {
  const ledger = new OffsetLedger(0);
  ledger.take(key('a'), entry('a'), 0);
  ledger.take(key('a'), entry('a', { isLast: true }), 1);
  ledger.commit(key('a'), 0);
  assert.equal(ledger.calls.length, 1);
  ledger.commit(key('a'), 1);
  assert.equal(ledger.calls.length, 0);
});

test('an end that others go on after was none: the call is known until its last', () => {
  const ledger = new OffsetLedger(0);
  ledger.take(key('a'), entry('a', { session: 'v', ordinal: 1 }), 0);
  ledger.take(key('a'), entry('a', { session: 'w', ordinal: 9, isLast: true }), 1);
  ledger.take(key('a'), entry('a', { session: 'v', ordinal: 2 }), 2);
  ledger.commit(key('a'), 2);
  assert.equal(ledger.calls.length, 1, 'whoever loses its share is told of it');
  ledger.take(key('a'), entry('a', { session: 'v', ordinal: 3, isLast: true }), 3);
  ledger.commit(key('a'), 3);
  assert.equal(ledger.calls.length, 0);
});
