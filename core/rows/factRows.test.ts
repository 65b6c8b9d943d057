/** Rows of the sample call, which holds every kind of fact, against the columns of their tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FACT_KINDS } from '../facts/facts.ts';
import { sampleFacts, sampleOpenCall } from '../../test/support/sampleCall.ts';
import { factRows } from './factRows.ts';
import { TABLES } from './tables.ts';

const call = sampleOpenCall('rows', { startedAtMs: Date.UTC(2026, 0, 31, 23, 59, 59, 999) });
const facts = sampleFacts(call);

test('the sample call holds every kind of fact', () => {
  assert.deepEqual(new Set(facts.map(({ kind }) => kind)), new Set(FACT_KINDS));
});

test('every row has exactly the columns of its table', () => {
  for (const { table, row } of facts.flatMap((fact) => factRows(fact, call))) {
    assert.deepEqual(Object.keys(row).sort(), Object.keys(TABLES[table]).sort(), table);
  }
});

test('a value stands wherever a column takes no NULL', () => {
  for (const { table, row } of facts.flatMap((fact) => factRows(fact, call))) {
    const types: Readonly<Record<string, string>> = TABLES[table];
    for (const [column, value] of Object.entries(row)) {
      assert.equal(value === undefined, false, `${table}.${column}`);
      if (!types[column].includes('Nullable')) assert.notEqual(value, null, `${table}.${column}`);
    }
  }
});

test('all rows of a call lie in one partition, named by its start', () => {
  const starts = facts
    .flatMap((fact) => factRows(fact, call))
    .map(({ row }) => 'call_started_at' in row && row.call_started_at);
  assert.deepEqual([...new Set(starts)], ['2026-01-31 23:59:59.999']);
});

test('facts that tell of the call as a whole are rows of calls too, each a part of its own', () => {
  const parts = facts
    .flatMap((fact) => factRows(fact, call))
    .flatMap(({ table, row }) => (table === 'calls' ? [row.part] : []));
  assert.deepEqual(parts, ['opened', 'summary', 'ended']);
});
