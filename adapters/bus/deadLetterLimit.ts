/**
 * How much of a topic may be unreadable before its reading stops. A record now and then is put aside and told; when they come in
 * numbers, or one after the other, it is the reader that is wrong (an older version, most often), and to put aside a whole
 * topic would cost more than to stand still until somebody looks.
 */
import type { KafkaTuning } from './kafkaSettings.ts';

export interface StoppedReading {
  readonly topic: string;
  readonly reason: string;
}

export type DeadLetterBounds = Pick<KafkaTuning, 'deadLettersPerMinuteMax' | 'deadLettersInRowMax'>;

interface Unreadable {
  /** Of the last minute, oldest first; never more than may be. */
  readonly atMs: number[];
  inRow: number;
}

const WINDOW_MS = 60_000;

export class DeadLetterLimit {
  readonly #bounds: DeadLetterBounds;
  readonly #onStopped: (stopped: StoppedReading) => void;
  readonly #nowMs: () => number;
  readonly #topics = new Map<string, Unreadable>();
  readonly #stopped = new Set<string>();

  constructor(bounds: DeadLetterBounds, onStopped: (stopped: StoppedReading) => void, nowMs = () => performance.now()) {
    this.#bounds = bounds;
    this.#onStopped = onStopped;
    this.#nowMs = nowMs;
  }

  get stoppedTopics(): readonly string[] {
    return [...this.#stopped];
  }

  noteRead(topic: string): void {
    const unreadable = this.#topics.get(topic);
    if (unreadable !== undefined) unreadable.inRow = 0;
  }

  /** One more that cannot be read. `stop`: it is not to be put aside, and nothing of its topic is to be read any more. */
  noteUnreadable(topic: string): 'go on' | 'stop' {
    if (this.#stopped.has(topic)) return 'stop';
    const unreadable = this.#topics.get(topic) ?? { atMs: [], inRow: 0 };
    this.#topics.set(topic, unreadable);
    const { atMs } = unreadable;
    const nowMs = this.#nowMs();
    while (atMs.length > 0 && atMs[0] <= nowMs - WINDOW_MS) atMs.shift();
    const { deadLettersPerMinuteMax, deadLettersInRowMax } = this.#bounds;
    if (atMs.length >= deadLettersPerMinuteMax) return this.#stop(topic, `${atMs.length} within a minute`);
    if (unreadable.inRow >= deadLettersInRowMax) return this.#stop(topic, `${unreadable.inRow} one after the other`);
    atMs.push(nowMs);
    unreadable.inRow += 1;
    return 'go on';
  }

  #stop(topic: string, reason: string): 'stop' {
    this.#stopped.add(topic);
    this.#onStopped({ topic, reason: `${reason} could not be read` });
    return 'stop';
  }
}
