/** What was written last of each call, as hashes by row: only what is different is written again. */
import { hash } from 'node:crypto';
import type { Item } from './joinedItems.ts';

export class WrittenRows {
  readonly #calls = new Map<string, Map<string, string>>();

  has(key: string): boolean {
    return this.#calls.has(key);
  }

  hasItem(key: string, id: string): boolean {
    return this.#calls.get(key)?.has(id) === true;
  }

  /** Those that differ from what was written last; they count as written from now on, since the writer gives up no good row. */
  changed(key: string, items: readonly Item[]): Item[] {
    const written = this.#calls.get(key) ?? new Map<string, string>();
    this.#calls.set(key, written);
    return items.filter(({ id, row }) => {
      const { revision, ...rest } = row.row as { readonly revision?: number };
      // Of the revision counts only which texts were at hand (core/join/revision.ts).
      const content = hash('sha1', JSON.stringify([rest, (revision ?? 0) % 2]), 'base64');
      if (written.get(id) === content) return false;
      written.set(id, content);
      return true;
    });
  }

  /** What another process writes meanwhile is not known here, so it is all written again when the call comes back. */
  forget(key: string): void {
    this.#calls.delete(key);
  }
}
