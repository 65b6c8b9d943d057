/**
 * Which calls have to be joined again, and when: soon after something came of them, but not at every piece of it; and some
 * times after their end, for what others write into the store beside us.
 */
export interface JoinPauses {
  /** After something came, so that what comes with it is there too. */
  readonly quietMs: number;
  /** Between two joins of a call, and as a multiple of what the last one took: a long call costs more, and is joined less often. */
  readonly betweenMs: number;
  readonly betweenTimes: number;
  /** After the call's end. */
  readonly sweepsMs: readonly number[];
}

export const JOIN_PAUSES: JoinPauses = {
  quietMs: 700,
  betweenMs: 3_000,
  betweenTimes: 50,
  sweepsMs: [8_000, 60_000, 600_000],
};

interface Dirty {
  dueAtMs: number;
  joinedAtMs: number;
  tookMs: number;
  sweeps: number[];
  isRunning: boolean;
}

export class DirtyCalls {
  readonly #pauses: JoinPauses;
  readonly #calls = new Map<string, Dirty>();

  constructor(pauses: JoinPauses) {
    this.#pauses = pauses;
  }

  /** Calls that something came of and that were not joined since. */
  get waiting(): number {
    let count = 0;
    for (const { dueAtMs } of this.#calls.values()) if (dueAtMs !== Infinity) count += 1;
    return count;
  }

  get keys(): readonly string[] {
    return [...this.#calls.keys()];
  }

  isWaiting(key: string): boolean {
    const call = this.#calls.get(key);
    return call !== undefined && call.dueAtMs !== Infinity;
  }

  /** It is another process's. */
  forget(key: string): void {
    this.#calls.delete(key);
  }

  touch(key: string, nowMs: number): void {
    const call = this.#of(key);
    const { quietMs, betweenMs, betweenTimes } = this.#pauses;
    const restMs = Math.max(betweenMs, betweenTimes * call.tookMs);
    call.dueAtMs = Math.min(call.dueAtMs, Math.max(nowMs + quietMs, call.joinedAtMs + restMs));
  }

  /** What joining the call took. */
  joined(key: string, tookMs: number): void {
    this.#of(key).tookMs = tookMs;
  }

  /** Its reports may have come before it. Until it ends, more is to be expected of it. */
  started(key: string, nowMs: number): void {
    this.#of(key).isRunning = true;
    this.touch(key, nowMs);
  }

  ended(key: string, nowMs: number): void {
    this.#of(key).isRunning = false;
    this.#of(key).sweeps = this.#pauses.sweepsMs.map((ms) => nowMs + ms);
    this.touch(key, nowMs);
  }

  /** At most `max` that are due, the longest due first. They count as joined from now on. */
  take(nowMs: number, max: number): string[] {
    const due = [...this.#calls].filter(([, call]) => nextMs(call) <= nowMs);
    due.sort(([, a], [, b]) => nextMs(a) - nextMs(b));
    const taken = due.slice(0, max);
    for (const [, call] of taken) {
      call.dueAtMs = Infinity;
      call.joinedAtMs = nowMs;
      while (call.sweeps.length > 0 && call.sweeps[0] <= nowMs) call.sweeps.shift();
    }
    return taken.map(([key]) => key);
  }

  /** Calls of which nothing more is to be expected: over, their last sweep too, and nothing came of them for as long. Forgets them. */
  takeDone(nowMs: number): string[] {
    const patienceMs = this.#pauses.sweepsMs.at(-1) ?? 0;
    const done = [...this.#calls].filter(
      ([, call]) => !call.isRunning && nextMs(call) === Infinity && nowMs - call.joinedAtMs >= patienceMs,
    );
    for (const [key] of done) this.#calls.delete(key);
    return done.map(([key]) => key);
  }

  #of(key: string): Dirty {
    const known = this.#calls.get(key) ?? {
      dueAtMs: Infinity,
      joinedAtMs: -Infinity,
      tookMs: 0,
      sweeps: [],
      isRunning: false,
    };
    this.#calls.set(key, known);
    return known;
  }
}

const nextMs = ({ dueAtMs, sweeps }: Dirty): number => Math.min(dueAtMs, sweeps[0] ?? Infinity);
