/** What the SQL files make of a store. */
import assert from 'node:assert/strict';
import { migrate } from '../../../adapters/clickhouse/migrate.ts';
import { STORED_AT, TABLES } from '../../../core/rows/tables.ts';
import { ask, type StoreLaw } from './storeProbe.ts';

export const schemaLaws: Readonly<Record<string, StoreLaw>> = {
  'migrations are applied once, in order; a changed file is refused': async (store) => {
    assert.deepEqual(await migrate(store), [
      '001_database.sql',
      '002_tables.sql',
      '003_otel_traces.sql',
      '004_voice.sql',
      '005_reports.sql',
      '006_sealed_states.sql',
      '007_taken_over.sql',
      '009_views.sql',
    ]);
    assert.deepEqual(await migrate(store), []);
    const changed = "INSERT INTO earshot.migrations (name, sha256) SELECT name, 'other' FROM earshot.migrations FINAL";
    await store.writing.command({ query: `${changed} WHERE name IN ('002_tables.sql', '009_views.sql')` });
    await assert.rejects(migrate(store), { code: 'config_invalid', message: /002_tables\.sql as it was applied/ });
    await store.writing.command({
      query: "ALTER TABLE earshot.migrations DELETE WHERE name = '002_tables.sql' SETTINGS mutations_sync = 2",
    });
    assert.deepEqual(await migrate(store), ['002_tables.sql'], 'the views of others, who came later, stand');
  },
  'the tables are as core/rows/tables.ts says': async (store) => {
    for (const [table, columns] of Object.entries(TABLES)) {
      const described = await ask(store, `DESCRIBE TABLE earshot.${table}`);
      // An alias is written by nobody: it is computed when it is read.
      const actual = described
        .filter((column) => column.default_type !== 'ALIAS')
        .map((column) => [column.name, column.type]);
      const storedAt = table === 'otel_traces' ? [] : [[STORED_AT, "DateTime('UTC')"]];
      assert.deepEqual(actual, [...Object.entries(columns), ...storedAt], table);
    }
  },
  'every table drops a retried insert and keeps its rows for a stated time': async (store) => {
    const tables = await ask(
      store,
      "SELECT name, engine_full FROM system.tables WHERE database = 'earshot' AND engine LIKE '%MergeTree'",
    );
    for (const { name: table, engine_full } of tables.filter((row) => row.name !== 'migrations')) {
      assert.match(String(engine_full), /non_replicated_deduplication_window = 10000/, String(table));
      assert.match(String(engine_full), /TTL /, String(table));
    }
  },
};
