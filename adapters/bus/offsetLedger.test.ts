/** What is committed of a partition never passes an entry that is not, whatever calls lie between one another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { callKeyOf } from '../../core/facts/callKey.ts';
import { OffsetLedger, type LedgerEntry } from './offsetLedger.ts';

const entry = (callId: string, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
  tenant: 't',
  callId,
  session: '',
  ordinal: 0,
  bytes: 10,
  isLast: false,
  ...more,
});
const key = (callId: string): string => callKeyOf({ tenant: 't', callId });

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

test('a call is let go when its end is committed, and of those that were no more is kept than a thousand names', () => {
  const ledger = new OffsetLedger(0);
  ledger.take(key('a'), entry('a'), 0);
  ledger.take(key('a'), entry('a', { isLast: true }), 1);
  ledger.commit(key('a'), 0);
  assert.equal(ledger.has(key('a')), true);
  ledger.commit(key('a'), 1);
  assert.equal(ledger.has(key('a')), false);
  assert.deepEqual(ledger.calls, [{ tenant: 't', callId: 'a' }], 'its end may not have counted');
  for (let index = 0; index < 1_000; index += 1) {
    const call = `call ${index}`;
    ledger.take(key(call), entry(call, { isLast: true }), 2 + index);
    ledger.commit(key(call), 2 + index);
  }
  assert.equal(ledger.calls.length, 1_000);
  assert.deepEqual(ledger.calls[0].callId, 'call 0');
});

test('an end that its call goes on after was none', () => {
  const ledger = new OffsetLedger(0);
  ledger.take(key('a'), entry('a', { session: 'v', ordinal: 1 }), 0);
  ledger.take(key('a'), entry('a', { session: 'w', ordinal: 9, isLast: true }), 1);
  ledger.commit(key('a'), 1);
  ledger.take(key('a'), entry('a', { session: 'v', ordinal: 2 }), 2);
  ledger.commit(key('a'), 2);
  assert.deepEqual([ledger.has(key('a')), ledger.calls.length], [true, 1]);
});
