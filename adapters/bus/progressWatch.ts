/**
 * Notices a client that silently stands still: a partition has entries that nobody was handed, and none comes. Heartbeats do not
 * show it, for a stuck client may go on sending them.
 */
export interface Watched {
  readonly partition: number;
  /** Offset of what would be handed out next. */
  readonly nextOffset: number;
  /** One past the last entry that is there to be read. */
  readonly endOffset: number;
}

export class ProgressWatch {
  readonly #stuckAfterMs: number;
  readonly #seen = new Map<number, { nextOffset: number; sinceMs: number }>();

  constructor(stuckAfterMs: number) {
    this.#stuckAfterMs = stuckAfterMs;
  }

  /** What is known now of each partition that should move; the partitions that have stood still for too long. */
  look(partitions: readonly Watched[], nowMs: number): readonly number[] {
    const present = new Set(partitions.map(({ partition }) => partition));
    for (const partition of this.#seen.keys()) if (!present.has(partition)) this.#seen.delete(partition);
    return partitions.filter((watched) => this.#isStuck(watched, nowMs)).map(({ partition }) => partition);
  }

  #isStuck({ partition, nextOffset, endOffset }: Watched, nowMs: number): boolean {
    const seen = this.#seen.get(partition);
    const isWaiting = nextOffset < endOffset;
    if (seen === undefined || seen.nextOffset !== nextOffset || !isWaiting) {
      this.#seen.set(partition, { nextOffset, sinceMs: nowMs });
      return false;
    }
    return nowMs - seen.sinceMs >= this.#stuckAfterMs;
  }
}
