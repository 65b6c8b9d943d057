/** Which calls come to this process: those whose key lies in one of its partitions. */
import kafkajs, { type PartitionMetadata } from 'kafkajs';
import { ALL_MINE, type IsMine } from './bus.ts';

const partitionOf = kafkajs.Partitioners.DefaultPartitioner();

/** `count`: how many partitions the topic has, `mine` among them. As the sender's partitioner deals keys out. */
export function callShare(mine: readonly number[], count: number): IsMine {
  const numbers = new Set(mine);
  if (numbers.size === 0) return () => false;
  if (numbers.size === count) return ALL_MINE;
  const topic = '';
  const value = null;
  // Only its length is asked for where there is a key.
  const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({ partitionId }) as PartitionMetadata);
  return (tenant, callKey) =>
    numbers.has(partitionOf({ topic, partitionMetadata, message: { key: `${tenant}/${callKey}`, value } }));
}
