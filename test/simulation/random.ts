/** Chance by seed; a fork has its own row of numbers, so that one part's drawing does not shift another's. */
export class Random {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = (this.#seed ^ 0x9e37_79b9) >>> 0;
    for (let warm = 0; warm < 4; warm += 1) this.next();
  }

  fork(name: string): Random {
    let hash = this.#seed ^ 0x811c_9dc5;
    for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 0x0100_0193);
    return new Random(hash);
  }

  /** 0 <= x < 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let x = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  /** 0 <= n < count */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const rest = [...items];
    return items.map(() => rest.splice(this.below(rest.length), 1)[0]);
  }
}
