/** `earshot migrate`: brings the store's tables and views up to date. */
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { readConfig } from '../../services/config.ts';

export const MIGRATE_HELP = `earshot migrate
  Applies deploy/clickhouse/*.sql to the store (embedded, or EARSHOT_CLICKHOUSE_URL). The service does this at its start.`;

export async function migrateCommand(): Promise<void> {
  const store = await openStore(readConfig().store);
  try {
    const applied = await migrate(store);
    console.log(applied.length === 0 ? 'nothing to do' : applied.map((name) => `applied ${name}`).join('\n'));
  } finally {
    await store.close();
  }
}
