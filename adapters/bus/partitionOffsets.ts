/** Where the partitions of a topic begin and end, and where a group goes on. */
import type { Admin } from 'kafkajs';
import { pause } from './waiting.ts';

/** A new leader is known to all a moment after the old one is gone. */
const AGAIN_AFTER_MS = 250;

export interface PartitionPlace {
  readonly partition: number;
  /** The first record that is still there. */
  readonly firstOffset: number;
  /** One past the last. */
  readonly endOffset: number;
  /** Where the group goes on; null where it has never committed. */
  readonly committedOffset: number | null;
}

export type OffsetAdmin = Pick<Admin, 'fetchTopicOffsets' | 'fetchOffsets' | 'listGroups'>;

export async function placesOf(admin: OffsetAdmin, topic: string, groupId: string): Promise<readonly PartitionPlace[]> {
  const [ends, [group]] = await Promise.all([
    knowingLeaders(admin, () => admin.fetchTopicOffsets(topic)),
    admin.fetchOffsets({ groupId, topics: [topic] }),
  ]);
  const committed = new Map(group.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  return ends.map(({ partition, low, high }) => {
    const committedOffset = committed.get(partition) ?? -1;
    return {
      partition,
      firstOffset: Number(low),
      endOffset: Number(high),
      committedOffset: committedOffset < 0 ? null : committedOffset,
    };
  });
}

/**
 * The client's admin does not look for the new leader of a partition that has moved, but asks the one before for minutes. Listing
 * groups is what makes it ask anew who leads what.
 */
export async function knowingLeaders<T>(admin: Pick<Admin, 'listGroups'>, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch {
    await pause(AGAIN_AFTER_MS);
    await admin.listGroups();
    return await ask();
  }
}
