/**
 * Who gets which partitions: each keeps what it has, as far as shares are equal, so that a call stays with its worker when others
 * come and go. The client's own assigner deals all partitions anew each time.
 */
import kafkajs, { type PartitionAssigner } from 'kafkajs';

export interface Member {
  readonly id: string;
  readonly owned: readonly number[];
}

/** Shares differ by one at most, and no more partitions move than that needs. */
export function assignSticky(partitions: readonly number[], members: readonly Member[]): Map<string, number[]> {
  const free = new Set(partitions);
  const kept = members
    .map(({ id, owned }) => ({ id, owned: owned.filter((partition) => free.delete(partition)) }))
    .sort((a, b) => b.owned.length - a.owned.length || (a.id < b.id ? -1 : 1));
  const share = Math.floor(partitions.length / kept.length);
  const remainder = partitions.length % kept.length;
  const quotaOf = (index: number): number => share + (index < remainder ? 1 : 0);
  const assigned = kept.map(({ id, owned }, index) => {
    for (const partition of owned.slice(quotaOf(index))) free.add(partition);
    return { id, mine: owned.slice(0, quotaOf(index)) };
  });
  const waiting = [...free].sort((a, b) => a - b);
  assigned.forEach(({ mine }, index) => mine.push(...waiting.splice(0, quotaOf(index) - mine.length)));
  return new Map(assigned.map(({ id, mine }) => [id, mine.sort((a, b) => a - b)]));
}

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const NAME = 'earshot-sticky';
const VERSION = 1;

/** Of one topic. `owned`: the partitions that this process has at the moment. */
export const stickyAssigner = (topic: string, owned: () => readonly number[]): PartitionAssigner =>
  stickyAssignerOf([topic], owned);

/** Of several topics: partitions of one number go together, so that what has the same key comes to one process. */
export const stickyAssignerOf =
  (together: readonly string[], owned: () => readonly number[]): PartitionAssigner =>
  ({ cluster }) => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: Buffer.from(JSON.stringify(owned())),
      }),
    }),
    assign({ members }) {
      const ofTopics = new Map(
        together.map((topic) => [
          topic,
          cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId),
        ]),
      );
      const partitions = [...new Set([...ofTopics.values()].flat())].sort((a, b) => a - b);
      const known = members.map(({ memberId, memberMetadata }) => ({ id: memberId, owned: ownedOf(memberMetadata) }));
      const assigned = assignSticky(partitions, known);
      return Promise.resolve(
        [...assigned].map(([memberId, mine]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: VERSION,
            assignment: Object.fromEntries(
              [...ofTopics].map(([topic, has]) => [topic, mine.filter((partition) => has.includes(partition))]),
            ),
            userData: Buffer.alloc(0),
          }),
        })),
      );
    },
  });

/** What a member of another make says is nothing to go by. */
function ownedOf(memberMetadata: Buffer): readonly number[] {
  const userData = MemberMetadata.decode(memberMetadata)?.userData;
  try {
    const owned = JSON.parse(userData?.toString() ?? '[]') as unknown;
    return Array.isArray(owned) ? owned.filter((partition) => typeof partition === 'number') : [];
  } catch {
    return [];
  }
}
