/** Statements for one server as statements for a cluster. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../packageRoot.ts';
import { onCluster } from './onCluster.ts';
import { sqlStatements } from './sqlStatements.ts';

const FOLDER = join(packageRoot, 'deploy', 'clickhouse');
const STATEMENTS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.sql'))
  .flatMap((name) => sqlStatements(readFileSync(join(FOLDER, name), 'utf8')));

test('tables become replicated ones, with their windows', () => {
  assert.equal(
    onCluster(
      'CREATE TABLE IF NOT EXISTS a.b (n UInt8) ENGINE = ReplacingMergeTree(n) ORDER BY n SETTINGS non_replicated_deduplication_window = 7',
      'main',
    ),
    "CREATE TABLE IF NOT EXISTS a.b ON CLUSTER 'main' (n UInt8) " +
      "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/a/b', '{replica}', n) ORDER BY n " +
      'SETTINGS replicated_deduplication_window = 7, replicated_deduplication_window_seconds = 86400',
  );
  assert.match(
    onCluster('CREATE TABLE IF NOT EXISTS a.b (n UInt8) ENGINE = MergeTree ORDER BY n', 'main'),
    /ENGINE = ReplicatedMergeTree\('\/clickhouse\/tables\/\{shard\}\/a\/b', '\{replica\}'\) ORDER BY n$/,
  );
});

test('all else says where it runs', () => {
  for (const [statement, expected] of [
    ['CREATE DATABASE IF NOT EXISTS a', "CREATE DATABASE IF NOT EXISTS a ON CLUSTER 'c-1'"],
    ['CREATE OR REPLACE VIEW a.v AS SELECT 1', "CREATE OR REPLACE VIEW a.v ON CLUSTER 'c-1' AS SELECT 1"],
    [
      'CREATE MATERIALIZED VIEW IF NOT EXISTS a.v TO a.t AS SELECT 1',
      "CREATE MATERIALIZED VIEW IF NOT EXISTS a.v ON CLUSTER 'c-1' TO a.t AS SELECT 1",
    ],
    ['ALTER TABLE a.t\n  ADD COLUMN x Int8', "ALTER TABLE a.t ON CLUSTER 'c-1'\n  ADD COLUMN x Int8"],
  ]) {
    assert.equal(onCluster(statement, 'c-1'), expected);
  }
});

test('what is not known, names that are none, and statements that say it already are refused', () => {
  for (const statement of [
    'DROP TABLE a.b',
    'CREATE TABLE a.b (n UInt8) ENGINE = MergeTree ORDER BY n',
    'CREATE TABLE IF NOT EXISTS a.b (n UInt8) ENGINE = Memory',
    "ALTER TABLE a.b ON CLUSTER 'other' DELETE WHERE 1",
    'INSERT INTO a.b VALUES (1)',
  ]) {
    assert.throws(() => onCluster(statement, 'main'), { code: 'config_invalid' }, statement);
  }
  for (const name of ['', "a'b", 'a b', '1']) {
    assert.throws(() => onCluster('CREATE DATABASE IF NOT EXISTS a', name), { code: 'config_invalid' }, name);
  }
});

test('every statement of deploy/clickhouse can be turned, and no table stays unreplicated', () => {
  assert.ok(STATEMENTS.length > 40);
  for (const statement of STATEMENTS) {
    const turned = onCluster(statement, 'main');
    assert.equal(turned.match(/ON CLUSTER 'main'/g)?.length, 1, statement);
    assert.doesNotMatch(turned, /non_replicated/);
    if (/\bENGINE\b/.test(statement)) assert.match(turned, /ENGINE = Replicated\w*MergeTree\('\/clickhouse\//);
  }
});
