/** A process of the service, as far as it can die, and be cut off from the brokers without knowing. */
import type { VirtualTime } from './virtualTime.ts';

export class Process {
  readonly name: string;
  readonly #time: VirtualTime;
  #isAlive = true;
  #cutUntilMs = 0;
  readonly #onDeath: (() => void)[] = [];

  constructor(name: string, time: VirtualTime) {
    this.name = name;
    this.#time = time;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** The brokers do not hear it, nor does it hear them; it works on. */
  get isCutOff(): boolean {
    return this.#time.nowMs < this.#cutUntilMs;
  }

  cutOff(forMs: number): void {
    this.#cutUntilMs = this.#time.nowMs + forMs;
  }

  rejoin(): void {
    this.#cutUntilMs = 0;
  }

  /** kill -9: what is under way outside goes on, but nobody waits for it any more. */
  kill(): void {
    this.#isAlive = false;
    for (const onDeath of this.#onDeath) onDeath();
  }

  onDeath(callback: () => void): void {
    this.#onDeath.push(callback);
  }

  /** What comes back of it reaches nobody once the process is dead. */
  whileAlive<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      work.then(
        (value) => this.#isAlive && resolve(value),
        (error: unknown) => this.#isAlive && reject(error as Error),
      );
    });
  }

  every(everyMs: number, callback: () => void): () => void {
    const timer = this.#time.every(everyMs, () => {
      if (this.#isAlive) callback();
      else this.#time.clear(timer);
    });
    return () => this.#time.clear(timer);
  }
}
