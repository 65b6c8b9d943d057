/**
 * Questions to the brokers. The client's admin goes by what it knows of leaders for five minutes, even where those that it asks
 * answer that they lead no more; so one that a question failed on is let go, and the next question opens another.
 */
import type { Admin, Kafka } from 'kafkajs';
import { within } from './waiting.ts';

export type KafkaAdmin = Pick<
  Admin,
  'fetchTopicOffsets' | 'fetchTopicOffsetsByTimestamp' | 'fetchOffsets' | 'fetchTopicMetadata' | 'deleteGroups'
>;

const DISCONNECT_MS_MAX = 5_000;

export async function openKafkaAdmin(kafka: Kafka): Promise<KafkaAdmin & { disconnect(): Promise<void> }> {
  let current: Promise<Admin> | null = null;

  async function connected(): Promise<Admin> {
    const admin = kafka.admin();
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      await admin.disconnect().catch(() => undefined);
      throw error;
    }
  }

  async function letGo(old: Promise<Admin>): Promise<void> {
    const disconnect = async (): Promise<void> => (await old).disconnect();
    await within(DISCONNECT_MS_MAX, disconnect()).catch(() => undefined);
  }

  async function ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const asked = (current ??= connected());
    try {
      return await question(await asked);
    } catch (error) {
      if (asked === current) current = null;
      void letGo(asked);
      throw error;
    }
  }

  await ask(() => Promise.resolve());
  return {
    fetchTopicOffsets: (topic) => ask((admin) => admin.fetchTopicOffsets(topic)),
    fetchTopicOffsetsByTimestamp: (topic, atMs) => ask((admin) => admin.fetchTopicOffsetsByTimestamp(topic, atMs)),
    fetchOffsets: (query) => ask((admin) => admin.fetchOffsets(query)),
    fetchTopicMetadata: (query) => ask((admin) => admin.fetchTopicMetadata(query)),
    deleteGroups: (groupIds) => ask((admin) => admin.deleteGroups(groupIds)),
    async disconnect() {
      const old = current;
      current = null;
      if (old !== null) await letGo(old);
    },
  };
}
