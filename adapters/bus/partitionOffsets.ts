/** Where the partitions of a topic begin and end, and where a group goes on. */
import type { KafkaAdmin } from './kafkaAdmin.ts';

export interface PartitionPlace {
  readonly partition: number;
  /** The first record that is still there. */
  readonly firstOffset: number;
  /** One past the last. */
  readonly endOffset: number;
  /** Where the group goes on; null where it has never committed. */
  readonly committedOffset: number | null;
}

export async function placesOf(
  admin: Pick<KafkaAdmin, 'fetchTopicOffsets' | 'fetchOffsets'>,
  topic: string,
  groupId: string,
): Promise<readonly PartitionPlace[]> {
  const [ends, [group]] = await Promise.all([
    admin.fetchTopicOffsets(topic),
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
