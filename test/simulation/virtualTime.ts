/**
 * Time that only passes when nothing is left to do: takes the place of all timers, clocks and chance of the process, so that a
 * run is decided by its seed alone. What is asked at once (promises, nextTick) is worked off before the next moment comes.
 */
import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import type { Random } from './random.ts';

const WALL_START_MS = 1_790_000_000_000;

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  dateNow: Date.now.bind(Date),
  performanceNow: performance.now.bind(performance),
  mathRandom: Math.random.bind(Math),
  pause: timersPromises.setTimeout,
};

type Callback = () => void;

/** What setTimeout gives back; it knows as much of Node's Timeout as is used. */
class Timer {
  dueMs = 0;
  order = 0;
  isOn = false;
  readonly callback: Callback;
  readonly delayMs: number;
  readonly everyMs: number | null;
  readonly #arm: (timer: Timer) => void;

  constructor(callback: Callback, delayMs: number, everyMs: number | null, arm: (timer: Timer) => void) {
    this.callback = callback;
    this.delayMs = delayMs;
    this.everyMs = everyMs;
    this.#arm = arm;
    arm(this);
  }

  refresh(): this {
    this.#arm(this);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

interface Entry {
  readonly timer: Timer;
  readonly dueMs: number;
  readonly order: number;
}

export class VirtualTime {
  readonly #heap: Entry[] = [];
  #nowMs = 0;
  #order = 0;
  #wallOffsetMs = WALL_START_MS;

  /** Milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get wallMs(): number {
    return Math.floor(this.#wallOffsetMs + this.#nowMs);
  }

  /** The wall clock is set; how long things last is not touched. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  after(delayMs: number, callback: Callback): Timer {
    return new Timer(callback, Math.max(0, delayMs), null, (timer) => this.#arm(timer));
  }

  every(everyMs: number, callback: Callback): Timer {
    return new Timer(callback, everyMs, Math.max(1, everyMs), (timer) => this.#arm(timer));
  }

  clear(timer: unknown): void {
    if (timer instanceof Timer) timer.isOn = false;
  }

  pause(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const timer = this.after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      const onAbort = (): void => {
        this.clear(timer);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Lets time pass until it is over, or the limit comes. */
  async run(isOver: () => boolean, limitMs: number): Promise<'over' | 'limit'> {
    await settled();
    while (!isOver()) {
      const next = this.#pop();
      if (next === null) return 'limit';
      if (!next.timer.isOn || next.timer.order !== next.order) continue;
      if (next.dueMs > limitMs) return 'limit';
      this.#nowMs = next.dueMs;
      next.timer.isOn = false;
      if (next.timer.everyMs !== null) this.#arm(next.timer);
      next.timer.callback();
      await settled();
    }
    return 'over';
  }

  /** Puts this time and this chance in the place of the process's own; returns what puts those back. */
  install(random: Random): () => void {
    const after = (callback: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): Timer =>
      this.after(Number(delayMs) || 0, () => callback(...args));
    const every = (callback: (...args: unknown[]) => void, everyMs = 0, ...args: unknown[]): Timer =>
      this.every(Number(everyMs) || 0, () => callback(...args));
    const clear = (timer: unknown): void => this.clear(timer);
    const immediate = (callback: (...args: unknown[]) => void, ...args: unknown[]): Timer =>
      this.after(0, () => callback(...args));
    const pause = (delayMs = 0, value?: unknown, options?: { signal?: AbortSignal }): Promise<unknown> =>
      this.pause(delayMs, options?.signal).then(() => value);
    Object.assign(globalThis, {
      setTimeout: after,
      clearTimeout: clear,
      setInterval: every,
      clearInterval: clear,
      setImmediate: immediate,
      clearImmediate: clear,
    });
    Date.now = () => this.wallMs;
    performance.now = () => this.#nowMs;
    Math.random = () => random.next();
    timersPromises.setTimeout = pause as typeof timersPromises.setTimeout;
    syncBuiltinESMExports();
    return () => {
      const { dateNow, performanceNow, mathRandom, pause: realPause, ...timers } = real;
      Object.assign(globalThis, timers);
      Date.now = dateNow;
      performance.now = performanceNow;
      Math.random = mathRandom;
      timersPromises.setTimeout = realPause;
      syncBuiltinESMExports();
    };
  }

  #arm(timer: Timer): void {
    this.#order += 1;
    timer.order = this.#order;
    timer.isOn = true;
    timer.dueMs = this.#nowMs + timer.delayMs;
    this.#push({ timer, dueMs: timer.dueMs, order: timer.order });
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent], entry)) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry | null {
    const heap = this.#heap;
    const first = heap.at(0);
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1;
      if (isBefore(last, heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/** Resolves when all promises that can go on have gone on: Node works them all off before it comes to immediates. */
const settled = (): Promise<void> => new Promise((resolve) => void real.setImmediate(resolve));
