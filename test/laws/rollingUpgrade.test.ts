/**
 * While workers are replaced by newer ones, one after another, a call never goes from a newer to an older one: an older one
 * cannot read what the newer has saved, and its calls would begin anew.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assignSticky, type Member } from '../../adapters/bus/stickyAssigner.ts';

type Owned = Map<string, readonly number[]>;

class Group {
  readonly #partitions: readonly number[];
  readonly movedBack: string[] = [];
  owned: Owned = new Map();

  constructor(partitions: number) {
    this.#partitions = Array.from({ length: partitions }, (_, i) => i);
  }

  set(ids: readonly string[]): void {
    const members = ids.map((id): Member => ({ id, owned: this.owned.get(id) ?? [] }));
    const before = this.owned;
    this.owned = assignSticky(this.#partitions, members);
    for (const [from, had] of before) {
      for (const [to, has] of this.owned) {
        const moved = from === to ? [] : has.filter((partition) => had.includes(partition));
        if (isNew(from) && !isNew(to))
          this.movedBack.push(...moved.map((partition) => `${partition}: ${from} -> ${to}`));
      }
    }
  }
}

const isNew = (id: string): boolean => id.startsWith('new');

/** Names decide ties, so they are drawn too. */
const names = (version: 'old' | 'new', count: number, order: readonly number[]): string[] =>
  Array.from({ length: count }, (_, i) => `${version}-${order[i]}`);

for (const [how, steps] of [
  ['a newer one comes before an older one goes', ['come', 'go']],
  ['an older one goes before a newer one comes', ['go', 'come']],
] as const) {
  test(`${how}: no call goes back to an older worker`, () => {
    const order = fc.shuffledSubarray([...Array(16).keys()], { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 48 }),
        fc.integer({ min: 2, max: 8 }),
        order,
        (partitions, workers, drawn) => {
          const old = names('old', workers, drawn);
          const next = names('new', workers, drawn.slice(8));
          const group = new Group(partitions);
          let members = old;
          group.set(members);
          for (let i = 0; i < workers; i += 1) {
            for (const step of steps) {
              members = step === 'come' ? [...members, next[i]] : members.filter((id) => id !== old[i]);
              group.set(members);
            }
          }
          assert.deepEqual(members.toSorted(), next.toSorted());
          assert.deepEqual(group.movedBack, []);
        },
      ),
    );
  });
}

test('when a newer one fails meanwhile its calls do go to older ones, and that is seen here', () => {
  const group = new Group(8);
  group.set(['old-1', 'old-2']);
  group.set(['old-1', 'old-2', 'new-1']);
  group.set(['old-1', 'old-2']);
  assert.equal(group.movedBack.length, 2);
});
