/**
 * How far the readers of the log are behind its end, in time. An offset has no time of its own, so it is known from where the
 * ends of the partitions were at earlier moments: each look at them is kept as a mark, as long as something older than it is not
 * committed. What lies before the first mark, or between two that are far apart, is asked for by time; whoever looks every
 * few seconds asks so only when it starts.
 */
import type { Admin } from 'kafkajs';
import { knowingLeaders, placesOf, type OffsetAdmin, type PartitionPlace } from './partitionOffsets.ts';

type DelayAdmin = OffsetAdmin & Pick<Admin, 'fetchTopicOffsetsByTimestamp'>;

export interface LogDelay {
  readonly uncommittedEntries: number;
  /** The age of the oldest entry that is not committed, at most; 0 where all are. */
  readonly delayMs: number;
}

export interface Mark {
  readonly atMs: number;
  /** By partition, where its end was then. */
  readonly ends: ReadonlyMap<number, number>;
}

/** The marks around the time when the oldest entry that is not committed was written. */
interface Bracket {
  readonly before: Mark | null;
  readonly after: Mark;
}

const STEP_BACK_MS = 10_000;
/** Nothing is kept longer in the log. */
const AGE_MS_MAX = 24 * 3_600_000;
/** Marks nearer to each other than this, or than this share of their age, tell it well enough. */
const NEAR_MS = 2_500;
const NEAR_SHARE = 0.1;

export class LogDelays {
  readonly #admin: DelayAdmin;
  readonly #topic: string;
  readonly #groupId: string;
  readonly #nowMs: () => number;
  /** By time, oldest first. */
  #marks: readonly Mark[] = [];
  #reading: Promise<LogDelay> | null = null;

  constructor(admin: DelayAdmin, topic: string, groupId: string, nowMs = Date.now) {
    this.#admin = admin;
    this.#topic = topic;
    this.#groupId = groupId;
    this.#nowMs = nowMs;
  }

  /** Who asks while the brokers are being asked gets the same answer. */
  read(): Promise<LogDelay> {
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #read(): Promise<LogDelay> {
    const atMs = this.#nowMs();
    const places = await placesOf(this.#admin, this.#topic, this.#groupId);
    this.#marks = [...this.#marks, { atMs, ends: new Map(places.map((at) => [at.partition, at.endOffset])) }];
    const waiting = places.filter((place) => goesOnAt(place) < place.endOffset);
    const uncommittedEntries = waiting.reduce((sum, place) => sum + place.endOffset - goesOnAt(place), 0);
    if (waiting.length === 0) {
      this.#marks = this.#marks.slice(-1);
      return { uncommittedEntries, delayMs: 0 };
    }
    for (;;) {
      const bracket = bracketOf(this.#marks, waiting);
      const nextMs = betweenOf(bracket, atMs);
      if (nextMs === null) {
        const { before, after } = bracket;
        const oldest = before ?? after;
        this.#marks = this.#marks.filter((mark) => mark.atMs >= oldest.atMs);
        return { uncommittedEntries, delayMs: atMs - oldest.atMs };
      }
      const mark = await this.#markAt(nextMs);
      this.#marks = [...this.#marks, mark].sort((a, b) => a.atMs - b.atMs);
    }
  }

  async #markAt(atMs: number): Promise<Mark> {
    const offsets = await knowingLeaders(this.#admin, () =>
      this.#admin.fetchTopicOffsetsByTimestamp(this.#topic, atMs),
    );
    return { atMs, ends: new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)])) };
  }
}

const goesOnAt = ({ committedOffset, firstOffset }: PartitionPlace): number =>
  Math.max(committedOffset ?? firstOffset, firstOffset);

/** The last mark at which nothing of what waits was written yet, and the first after it. */
function bracketOf(marks: readonly Mark[], waiting: readonly PartitionPlace[]): Bracket {
  const isAfter = ({ ends }: Mark): boolean =>
    waiting.some((place) => (ends.get(place.partition) ?? 0) > goesOnAt(place));
  const first = marks.findIndex(isAfter);
  return { before: first > 0 ? marks[first - 1] : null, after: marks[first] };
}

/** The time to be asked for next; null where it is known well enough. */
function betweenOf({ before, after }: Bracket, nowMs: number): number | null {
  const ageMs = nowMs - after.atMs;
  if (before === null) return ageMs >= AGE_MS_MAX ? null : after.atMs - Math.max(STEP_BACK_MS, ageMs);
  const gapMs = after.atMs - before.atMs;
  return gapMs <= Math.max(NEAR_MS, NEAR_SHARE * ageMs) ? null : Math.round(before.atMs + gapMs / 2);
}
