/** `earshot migrate`: brings the store's tables and views up to date, and makes the topics of Kafka. */
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { readConfig } from '../../services/config.ts';
import { bringTopics } from '../../services/roles/openBus.ts';

export const MIGRATE_HELP = `earshot migrate
  Applies deploy/clickhouse/*.sql to the store (embedded, or EARSHOT_CLICKHOUSE_URL). With EARSHOT_KAFKA_BROKERS it also makes the
  topics that lack, and says where those that exist are not as they are meant. The service does both at its start unless
  EARSHOT_MIGRATE=0.`;

export async function migrateCommand(): Promise<void> {
  const config = readConfig();
  const store = await openStore(config.store);
  try {
    const applied = await migrate(store);
    console.log(applied.length === 0 ? 'store: nothing to do' : applied.map((name) => `applied ${name}`).join('\n'));
  } finally {
    await store.close();
  }
  if (config.kafka === null) return;
  const { created, mismatches } = await bringTopics(config.kafka);
  console.log(created.length === 0 ? 'topics: none lacked' : created.map((topic) => `made ${topic}`).join('\n'));
  for (const mismatch of mismatches) console.log(`left as it is: ${mismatch}`);
}
