/** What the network and the server may do between the row writer and ClickHouse, and that the rows are exact all the same. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { createRowWriter, type RowWriter, type RowWriterOptions } from '../../adapters/clickhouse/rowWriter.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { factRows } from '../../core/rows/factRows.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { FAULTS, openClickhouseFront, type ClickhouseFront, type Fault } from '../support/clickhouseFront.ts';
import { sampleFact, sampleMs, sampleOpenCall } from '../support/sampleCall.ts';

const FAULT_COUNT = 200;
const REQUEST_TIMEOUT_MS = 250;
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);

const dataDir = mkdtempSync(join(tmpdir(), 'earshot-faults-'));
let front: ClickhouseFront;
let store: Store;
/** With patience, for what a test itself wants to know. */
let asking: Store;
let faultOf: (statement: string) => Fault | null = () => null;

before(async () => {
  front = await openClickhouseFront({ dataDir, faultOf: (statement) => faultOf(statement), slowMs: 40 });
  asking = await openStore({ kind: 'server', url: front.url, requestTimeoutMs: REQUEST_TIMEOUT_MS * 40 });
  await migrate(asking);
  // Or a merge might take a row's double away before it is counted.
  for (const table of ['facts', 'frames'])
    await asking.writing.command({ query: `SYSTEM STOP MERGES earshot.${table}` });
  store = await openStore({ kind: 'server', url: front.url, requestTimeoutMs: REQUEST_TIMEOUT_MS });
});
after(async () => {
  await asking.close();
  await store.close();
  await front.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const writerOf = (options: Partial<RowWriterOptions> = {}): RowWriter =>
  createRowWriter(store, {
    rowsMax: 50,
    waitMs: 1,
    pendingRowsMax: 10_000,
    retryPauses: { firstMs: 2, maxMs: 20 },
    ...options,
  });

async function countOf(from: string): Promise<number> {
  const result = await asking.reading.query({ query: `SELECT count() AS n FROM ${from}`, format: 'JSONEachRow' });
  return Number((await result.json<{ n: string | number }>())[0].n);
}

const speech = (call: OpenCall, index: number): Fact =>
  sampleFact(call, 'speech', {
    startSample: sampleMs(index * 100),
    endSample: sampleMs(index * 100 + 50),
    channel: index % 2 === 0 ? 'caller' : 'agent',
    levelDbfs: -20,
    probabilityMean: 0.5,
  });

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const frames = (call: OpenCall, index: number): Fact =>
  sampleFact(call, 'frames', {
    startSample: sampleMs(index * 100),
    endSample: sampleMs(index * 100 + 10),
    channel: 'caller',
    frameCount: 1,
    levelCdb: Int16Array.of(-index),
    speech255: Uint8Array.of(255),
    f0Dhz: Uint16Array.of(index),
    voicing255: Uint8Array.of(204),
    flags: Uint8Array.of(1),
  });

test(`${FAULT_COUNT} faults of every kind: each row is there exactly once (SEED=${SEED})`, async () => {
  const random = randomOf(SEED);
  let injected = 0;
  faultOf = (statement) => {
    if (!statement.startsWith('INSERT INTO') || injected >= FAULT_COUNT || random() < 0.4) return null;
    injected += 1;
    return FAULTS[injected % FAULTS.length];
  };
  const call = sampleOpenCall('faults', { tenant: 'faults' });
  const writer = writerOf();
  let rows = 0;
  const durable: number[] = [];
  while (injected < FAULT_COUNT) {
    const batch = Array.from({ length: 1 + Math.floor(random() * 80) }, () => {
      rows += 1;
      return [...factRows(speech(call, rows), call), ...factRows(frames(call, rows), call)];
    }).flat();
    const last = rows;
    await Promise.race([writer.append(batch).then(() => durable.push(last)), writer.flush()]);
  }
  await writer.close();
  faultOf = () => null;
  for (const from of ['v_speech', 'v_frames', 'facts', 'frames']) {
    assert.equal(
      await countOf(`earshot.${from} WHERE tenant = 'faults'`),
      rows,
      `${from}: not even unmerged is one twice`,
    );
  }
  const sums = await asking.reading.query({
    query: `SELECT toInt32(sum(f0_dhz[1])) AS f0, toInt32(-sum(level_cdb[1])) AS level, toInt32(uniqExact(start_sample)) AS starts
            FROM earshot.frames WHERE tenant = 'faults'`,
    format: 'JSONEachRow',
  });
  const sum = (rows * (rows + 1)) / 2;
  assert.deepEqual(await sums.json(), [{ f0: sum, level: sum, starts: rows }], 'and each is as it was');
  assert.equal(durable.at(-1), rows, 'every append was told so');
  assert.deepEqual(
    durable,
    durable.toSorted((a, b) => a - b),
    'in the order of the appends',
  );
  for (const fault of FAULTS) assert.equal(front.injected.get(fault), FAULT_COUNT / FAULTS.length, fault);
});

test('a store that stays away: the writer says so, fills up, and gives up at its end', async () => {
  faultOf = (statement) => (statement.startsWith('INSERT') ? 'status_503' : null);
  const call = sampleOpenCall('away', { tenant: 'away' });
  let noteRetry: () => void = () => undefined;
  const retried = new Promise<void>((resolve) => (noteRetry = resolve));
  const writer = writerOf({ pendingRowsMax: 3, onRetry: ({ attempt }) => attempt === 3 && noteRetry() });
  const appended = [1, 2, 3].map((index) => writer.append(factRows(speech(call, index), call)));
  const settled = Promise.allSettled(appended);
  await retried;
  assert.equal(writer.isHealthy(), false);
  assert.throws(() => void writer.append(factRows(speech(call, 4), call)), { code: 'overloaded' });
  await writer.close(50);
  for (const result of await settled) {
    assert.match(String(result.status === 'rejected' && result.reason), /did not take the rows in time/);
  }
  assert.equal(writer.pendingRows, 0);
  faultOf = () => null;
  assert.equal(await countOf("earshot.v_speech WHERE tenant = 'away'"), 0);
});

test('a store that comes back takes all that waited', async () => {
  let isAway = true;
  faultOf = (statement) => (isAway && statement.startsWith('INSERT') ? 'reset_before' : null);
  const call = sampleOpenCall('back', { tenant: 'back' });
  const writer = writerOf({ onRetry: ({ attempt }) => (isAway = attempt < 10) });
  const appended = Array.from({ length: 500 }, (_, index) => writer.append(factRows(speech(call, index), call)));
  await Promise.all(appended);
  assert.equal(writer.isHealthy(), true);
  await writer.close();
  assert.equal(await countOf("earshot.facts WHERE tenant = 'back'"), 500);
});

test('rows that are refused one after another are no longer taken for bad rows: a wrong table loses nothing', async () => {
  const call = sampleOpenCall('wrong', { tenant: 'wrong' });
  const rows = Array.from({ length: 150 }, (_, index) => {
    const [{ row }] = factRows(speech(call, index), call);
    return { table: 'facts', row: { ...row, column_of_a_later_version: 1 } } as unknown as TableRow;
  });
  let refused = 0;
  let noteRetry: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (noteRetry = resolve));
  const writer = writerOf({ rowsMax: 1_000, onBadRow: () => (refused += 1), onRetry: () => noteRetry() });
  const settled = Promise.allSettled(rows.map((row) => writer.append([row])));
  await held;
  assert.equal(refused, 100);
  assert.equal(writer.isHealthy(), false);
  await writer.close(20);
  assert.equal((await settled).filter(({ status }) => status === 'rejected').length, 150);
});
