/**
 * How far the analysis is behind, in time: the age of the oldest entry of the log that is not committed. Nobody can ask the brokers
 * for it at once, but whoever looks now and then remembers how far the log had come when it last looked.
 */
import type { KafkaAdmin } from './kafkaAdmin.ts';
import { placesOf, type PartitionPlace } from './partitionOffsets.ts';
import { within } from './waiting.ts';

interface Mark {
  readonly atMs: number;
  /** How far the log had come by then. */
  readonly endOffset: number;
}

export class LogDelay {
  readonly #marks = new Map<number, Mark[]>();

  /** How far a partition had come at a moment, later ones after earlier ones. */
  note(atMs: number, partition: number, endOffset: number): void {
    const marks = this.#marks.get(partition) ?? [];
    this.#marks.set(partition, marks);
    const last = marks.at(-1);
    if (last === undefined || last.endOffset < endOffset) marks.push({ atMs, endOffset });
  }

  /** At least so old is the oldest entry that is not committed; less than one look's distance is missing. */
  delayMs(nowMs: number, places: readonly PartitionPlace[]): number {
    const startedAtMs = places.map(({ partition, committedOffset, firstOffset, endOffset }) => {
      const doneOffset = Math.max(committedOffset ?? firstOffset, firstOffset);
      const marks = this.#marks.get(partition) ?? [];
      const firstOpen = marks.findIndex((mark) => mark.endOffset > doneOffset);
      marks.splice(0, firstOpen === -1 ? marks.length : firstOpen);
      return doneOffset < endOffset ? (marks[0]?.atMs ?? nowMs) : nowMs;
    });
    return Math.max(0, nowMs - Math.min(nowMs, ...startedAtMs));
  }
}

/** The first look asks how far the log had come at these times before it: a process that starts late knows as well. */
const LOOK_BACK_S = [1_800, 600, 300, 120, 60, 45, 30, 20, 15, 10, 5, 2];
const ANSWER_MS_MAX = 5_000;

/** Two questions to the brokers each time; rejects where they do not answer. */
export function logDelayOf(admin: KafkaAdmin, topic: string, groupId: string): () => Promise<number> {
  const delay = new LogDelay();
  let isBegun = false;
  let asking: Promise<number> | null = null;

  async function lookBack(): Promise<void> {
    const nowMs = Date.now();
    const looks = LOOK_BACK_S.map(async (agoS) => {
      const atMs = nowMs - agoS * 1_000;
      return { atMs, ends: await admin.fetchTopicOffsetsByTimestamp(topic, atMs) };
    });
    for (const { atMs, ends } of await Promise.all(looks)) {
      for (const { partition, offset } of ends) delay.note(atMs, partition, Number(offset));
    }
    isBegun = true;
  }

  async function ask(): Promise<number> {
    if (!isBegun) await lookBack();
    const nowMs = Date.now();
    const places = await placesOf(admin, topic, groupId);
    for (const { partition, endOffset } of places) delay.note(nowMs, partition, endOffset);
    return delay.delayMs(nowMs, places);
  }

  return () => {
    // After a move of leaders the first answer may be that of one who leads no more; then others are asked.
    asking ??= ask()
      .catch(ask)
      .finally(() => (asking = null));
    return within(ANSWER_MS_MAX, asking);
  };
}
