/** Shares are equal, whole, and move as little as that allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assignSticky } from './stickyAssigner.ts';

test('each partition goes to one member, shares differ by one at most, and what can stay stays', () => {
  const members = fc.uniqueArray(fc.record({ id: fc.uuid(), owned: fc.array(fc.nat({ max: 40 })) }), {
    minLength: 1,
    maxLength: 8,
    selector: ({ id }) => id,
  });
  fc.assert(
    fc.property(fc.nat({ max: 32 }), members, (count, group) => {
      const partitions = Array.from({ length: count }, (_, index) => index);
      const assigned = assignSticky(partitions, group);
      assert.deepEqual(
        [...assigned.values()].flat().sort((a, b) => a - b),
        partitions,
      );
      const sizes = [...assigned.values()].map(({ length }) => length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      // Assigned once, a group that does not change keeps everything.
      const again = assignSticky(
        partitions,
        group.map(({ id }) => ({ id, owned: assigned.get(id) ?? [] })),
      );
      assert.deepEqual(again, assigned);
    }),
  );
});

test('a newcomer takes its share and no other partition moves', () => {
  const before = [
    { id: 'a', owned: [0, 1, 2, 3] },
    { id: 'b', owned: [4, 5, 6, 7] },
  ];
  const after = assignSticky([0, 1, 2, 3, 4, 5, 6, 7], [...before, { id: 'c', owned: [] }]);
  for (const { id, owned } of before) assert.ok(after.get(id)?.every((partition) => owned.includes(partition)));
  assert.equal(after.get('c')?.length, 2);
});
