/** Everything that a store holds of calls, and whether it is what another run of the same calls left. */
import assert from 'node:assert/strict';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import { ask } from './storeLaws/storeProbe.ts';

/** What hangs on when something came or was stored, and not on what was heard. */
const WALL_CLOCK = new Set(['ts', 'stored_at', 'sample0_at', 'received_at']);
const TOLERANCE = 1e-5;
/** Frames hold whole numbers: what differs in the seventh digit may be rounded the other way, rarely, and by no more than one. */
const OTHER_ROUNDING_SHARE_MAX = 1e-4;

/** Every row of a table by what it is of, without the wall clock's columns. */
async function rowsOf(
  store: Store,
  from: string,
  key: readonly string[],
): Promise<Map<string, Record<string, unknown>>> {
  const rows = new Map<string, Record<string, unknown>>();
  for (const row of await ask(store, `SELECT * FROM ${from}`)) {
    const name = key.map((column) => String(row[column])).join(' ');
    assert.ok(!rows.has(name), `${from} has ${name} twice`);
    rows.set(name, Object.fromEntries(Object.entries(row).filter(([column]) => !WALL_CLOCK.has(column))));
  }
  return rows;
}

export interface StoredCalls {
  readonly facts: Map<string, Record<string, unknown>>;
  readonly frames: Map<string, Record<string, unknown>>;
  readonly calls: Map<string, Record<string, unknown>>;
  /** Rows of each call in each view. */
  readonly views: Map<string, number>;
}

export async function storedIn(store: Store): Promise<StoredCalls> {
  const views = new Map<string, number>();
  const named = await ask(
    store,
    `SELECT table FROM system.columns WHERE database = 'earshot' AND name = 'call_id' AND startsWith(table, 'v_')`,
  );
  for (const { table } of named) {
    const rows = await ask(
      store,
      `SELECT call_id, toInt32(count()) AS n FROM earshot.${String(table)} GROUP BY call_id`,
    );
    for (const { call_id, n } of rows) views.set(`${String(table)} ${String(call_id)}`, Number(n));
  }
  return {
    facts: await rowsOf(store, 'earshot.facts FINAL', ['id']),
    frames: await rowsOf(store, 'earshot.frames FINAL', ['call_id', 'channel', 'start_sample']),
    calls: await rowsOf(store, 'earshot.calls FINAL', ['call_id', 'part']),
    views,
  };
}

/** The largest difference of two values' numbers; Infinity where they differ otherwise. */
function differenceOf(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b ? 0 : Infinity;
  const [names, others] = [Object.keys(a), Object.keys(b)];
  if (names.length !== others.length) return Infinity;
  return names.reduce(
    (worst, name) =>
      Math.max(worst, differenceOf((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name])),
    0,
  );
}

type Rows = ReadonlyMap<string, Record<string, unknown>>;

/** The largest difference of all rows. */
export function assertAlike(what: string, got: Rows, expected: Rows, tolerance = TOLERANCE): number {
  assert.deepEqual([...got.keys()].sort(), [...expected.keys()].sort(), `the ${what} of both runs are the same ones`);
  let worst = 0;
  for (const [name, row] of got) {
    const difference = differenceOf(row, expected.get(name));
    if (difference > tolerance) assert.deepEqual(row, expected.get(name), `${what} ${name}`);
    worst = Math.max(worst, difference);
  }
  return worst;
}

/** The share of the frames' numbers that were rounded the other way. */
export function assertAlikeFrames(got: Rows, expected: Rows): number {
  assertAlike('frames', got, expected, 1);
  let numbers = 0;
  let others = 0;
  for (const [name, row] of got) {
    for (const [column, value] of Object.entries(row)) {
      const other = expected.get(name)?.[column];
      if (!Array.isArray(value) || !Array.isArray(other)) {
        assert.deepEqual(value, other, `${column} of frames ${name}`);
        continue;
      }
      numbers += value.length;
      others += value.filter((number, i) => number !== other[i]).length;
    }
  }
  assert.ok(others <= OTHER_ROUNDING_SHARE_MAX * numbers, `${others} of ${numbers} numbers of frames differ`);
  return others / numbers;
}
