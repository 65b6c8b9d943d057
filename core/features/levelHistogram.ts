/**
 * A percentile of levels over the recent past: a histogram in whole decibels whose counts fade exponentially. It needs
 * 101 numbers, whatever the time it looks back.
 */
import { LEVEL_DBFS_MIN } from './measure.ts';

const BINS = -LEVEL_DBFS_MIN + 1;

export class LevelHistogram {
  readonly #fade: number;
  #counts = new Float64Array(BINS);
  /** New levels weigh ever more instead of old ones ever less: the same ratio without touching every bin. */
  #weight = 1;
  #total = 0;

  /** `framesKept`: the time constant of forgetting, in frames. */
  constructor(framesKept: number) {
    this.#fade = Math.exp(1 / framesKept);
  }

  add(levelDbfs: number): void {
    const bin = Math.min(BINS - 1, Math.max(0, Math.round(levelDbfs - LEVEL_DBFS_MIN)));
    this.#counts[bin] += this.#weight;
    this.#total += this.#weight;
    this.#weight *= this.#fade;
    if (this.#weight > 1e12) this.#rescale();
  }

  /** Effective number of levels it stands on. */
  get frames(): number {
    return this.#total / this.#weight;
  }

  /** The level under which `share` of the weight lies. */
  percentile(share: number): number {
    let left = share * this.#total;
    for (let bin = 0; bin < BINS; bin += 1) {
      left -= this.#counts[bin];
      if (left <= 0) return bin + LEVEL_DBFS_MIN;
    }
    return 0;
  }

  save(): unknown {
    return { counts: this.#counts.slice(), weight: this.#weight, total: this.#total };
  }

  load(state: unknown): void {
    const { counts, weight, total } = state as { counts: Float64Array; weight: number; total: number };
    this.#counts = counts.slice();
    this.#weight = weight;
    this.#total = total;
  }

  #rescale(): void {
    for (let bin = 0; bin < BINS; bin += 1) this.#counts[bin] /= this.#weight;
    this.#total /= this.#weight;
    this.#weight = 1;
  }
}
