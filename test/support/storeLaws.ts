/** What a store has to hold to, whichever ClickHouse is behind it: run for the embedded one and for one over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cursorOf, createCallReader } from '../../adapters/clickhouse/callReader.ts';
import { callStateRow, createCallStates } from '../../adapters/clickhouse/callStates.ts';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import { createRowWriter, type RowWriter, type RowWriterOptions } from '../../adapters/clickhouse/rowWriter.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { factRows } from '../../core/rows/factRows.ts';
import { STORED_AT, TABLES, type TableRow } from '../../core/rows/tables.ts';
import { Busy, InvalidInput } from '../../core/units/errors.ts';
import { sampleFact, sampleFacts, sampleMs, sampleOpenCall } from './sampleCall.ts';

const rowsOf = (facts: readonly Fact[], call: OpenCall): TableRow[] => facts.flatMap((fact) => factRows(fact, call));

const speech = (call: OpenCall, index: number, levelDbfs = -20): Fact =>
  sampleFact(call, 'speech', {
    startSample: sampleMs(index * 100),
    endSample: sampleMs(index * 100 + 50),
    channel: 'caller',
    levelDbfs,
    probabilityMean: 0.5,
  });

export function storeLaws(name: string, storeOf: () => Store): void {
  const writerOf = (options: Partial<RowWriterOptions> = {}): RowWriter =>
    createRowWriter(storeOf(), { rowsMax: 1_000, waitMs: 1, pendingRowsMax: 100_000, ...options });
  const ask = async (query: string): Promise<Record<string, unknown>[]> =>
    (await storeOf().reading.query({ query, format: 'JSONEachRow' })).json();
  const count = async (from: string): Promise<number> => Number((await ask(`SELECT count() AS n FROM ${from}`))[0].n);

  test(`${name}: migrations are applied once, in order; a changed file is refused`, async () => {
    assert.deepEqual(await migrate(storeOf()), [
      '001_database.sql',
      '002_tables.sql',
      '003_otel_traces.sql',
      '004_views.sql',
    ]);
    assert.deepEqual(await migrate(storeOf()), []);
    const changed = "INSERT INTO earshot.migrations (name, sha256) SELECT name, 'other' FROM earshot.migrations FINAL";
    await storeOf().writing.command({ query: `${changed} WHERE name IN ('002_tables.sql', '004_views.sql')` });
    await assert.rejects(migrate(storeOf()), { code: 'config_invalid', message: /002_tables\.sql as it was applied/ });
    await storeOf().writing.command({
      query: "ALTER TABLE earshot.migrations DELETE WHERE name = '002_tables.sql' SETTINGS mutations_sync = 2",
    });
    assert.deepEqual(await migrate(storeOf()), ['002_tables.sql', '004_views.sql'], 'views are simply made anew');
  });

  test(`${name}: the tables are as core/rows/tables.ts says`, async () => {
    for (const [table, columns] of Object.entries(TABLES)) {
      const described = await ask(`DESCRIBE TABLE earshot.${table}`);
      const actual = described.map((column) => [column.name, column.type]);
      assert.deepEqual(actual, [...Object.entries(columns), [STORED_AT, "DateTime('UTC')"]], table);
    }
  });

  test(`${name}: every table drops a retried insert and keeps its rows for a stated time`, async () => {
    const tables = await ask(
      "SELECT name, engine_full FROM system.tables WHERE database = 'earshot' AND engine LIKE '%MergeTree'",
    );
    for (const { name: table, engine_full } of tables.filter((row) => row.name !== 'migrations')) {
      assert.match(String(engine_full), /non_replicated_deduplication_window = 10000/, String(table));
      assert.match(String(engine_full), /TTL /, String(table));
    }
  });

  test(`${name}: a call is found again as it was told`, async () => {
    const call = sampleOpenCall('told');
    const writer = writerOf();
    await writer.append(rowsOf(sampleFacts(call), call));
    await writer.close();
    const reader = createCallReader(storeOf());
    const record = await reader.call('acme', 'told');
    assert.equal(record?.state, 'ended');
    assert.equal(record.end_reason, 'completed');
    assert.equal(record.duration_ms, 20_000);
    assert.deepEqual(record.labels, call.labels);
    assert.equal(record.call_started_at, new Date(call.startedAtMs).toISOString().replace('T', ' ').replace('Z', ''));
    assert.equal(record.yielded, 1);
    assert.equal(record.interruption_latency_ms_p50, 400);
    assert.equal(record.gap_ms_caller, 100);
    assert.equal(record.gap_ms_agent, 0, 'none was observed, which is not unknown');
    assert.equal(record.echo_loss_db, null, 'no echo was found: unknown, not 0');
    const facts = await reader.facts('acme', 'told', { limit: 100 });
    const told = sampleFacts(call).filter(({ kind, status }) => kind !== 'frames' && status === 'final');
    assert.deepEqual(new Set(facts.map(({ id }) => id)), new Set(told.map(({ id }) => id)));
    const [yielded] = facts.filter(({ outcome }) => outcome === 'yielded');
    assert.equal(yielded.latency_ms, 400);
    assert.equal(
      facts.some(({ outcome }) => outcome === 'pending'),
      false,
      'the final one replaced it',
    );
    const frames = await reader.frames('acme', 'told', 0, 10_000, 'agent');
    assert.deepEqual(frames, [
      {
        channel: 'agent',
        start_ms: 5_000,
        level_cdb: [-2_350, -3_000, -10_000],
        speech_255: [255, 51, 0],
        flags: [1, 18, 4],
      },
    ]);
  });

  test(`${name}: the reads filter as asked and stay within the tenant`, async () => {
    const reader = createCallReader(storeOf());
    const kinds = async (filter: object) =>
      (await reader.facts('acme', 'told', { limit: 100, ...filter })).map(({ kind }) => kind);
    assert.deepEqual(await kinds({ kinds: ['gap', 'echo'] }), ['echo', 'gap']);
    assert.deepEqual(await kinds({ fromMs: 16_000, toMs: 18_000 }), ['gap']);
    assert.deepEqual(await kinds({ status: 'provisional' }), []);
    assert.equal((await kinds({ limit: 2 })).length, 2);
    for (const tenant of ['', 'other', "acme' OR '1'='1", 'acme\\']) {
      assert.equal(await reader.call(tenant, 'told'), null);
      assert.deepEqual(await reader.facts(tenant, 'told', { limit: 10 }), []);
      assert.deepEqual(await reader.frames(tenant, 'told', 0, 1e6), []);
      assert.deepEqual(await reader.calls(tenant, { limit: 10 }), []);
    }
  });

  test(`${name}: the list of calls pages through calls that began in the same millisecond`, async () => {
    const startedAtMs = Date.now() - 30_000;
    const writer = writerOf();
    for (const [index, callId] of ['d', 'a', 'c', 'b', 'e'].entries()) {
      const agentVersion = index % 2 === 0 ? 'even' : 'odd';
      const call = sampleOpenCall(callId, {
        tenant: 'paging',
        agentVersion,
        startedAtMs: startedAtMs + (callId === 'e' ? 1 : 0),
      });
      await writer.append(rowsOf([sampleFact(call, 'call_started', { startSample: sampleMs(0), call })], call));
    }
    await writer.close();
    const reader = createCallReader(storeOf());
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await reader.calls('paging', { limit: 2, cursor });
      seen.push(...page.map(({ call_id }) => call_id));
      const last = page.at(-1);
      if (page.length < 2 || last === undefined) break;
      cursor = cursorOf(last);
    }
    assert.deepEqual(seen, ['e', 'a', 'b', 'c', 'd']);
    const ids = async (filter: object) =>
      (await reader.calls('paging', { limit: 10, ...filter })).map(({ call_id }) => call_id);
    assert.deepEqual(await ids({ agentVersion: 'odd' }), ['a', 'b']);
    assert.deepEqual(await ids({ state: 'ended' }), []);
    assert.deepEqual(await ids({ afterMs: startedAtMs + 1 }), ['e']);
    assert.deepEqual(await ids({ beforeMs: startedAtMs }), []);
    assert.throws(() => reader.calls('paging', { limit: 1, cursor: 'nonsense' }), InvalidInput);
  });

  test(`${name}: whatever a text holds, it comes back the same`, async () => {
    const writer = writerOf({ waitMs: 0 });
    let run = 0;
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom("';", '\\', '\n;\n', '{tenant:String}', "'); DROP", '\u0000'),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.dictionary(text, text, { maxKeys: 3 }), async (note, labels) => {
        run += 1;
        const call = sampleOpenCall(`text-${run}`, { tenant: 'texts', agentVersion: note, labels });
        await writer.append(rowsOf([sampleFact(call, 'call_started', { startSample: sampleMs(0), call })], call));
        const [record] = await createCallReader(storeOf()).calls('texts', {
          limit: 1,
          agentVersion: note,
          cursor: undefined,
        });
        const found = await createCallReader(storeOf()).call('texts', call.callId);
        assert.equal(found?.agent_version, note);
        assert.deepEqual({ ...found.labels }, { ...labels });
        assert.equal(record === undefined, false, 'and it can be asked for');
      }),
      { numRuns: 40 },
    );
    await writer.close();
  });

  test(`${name}: rows written again are the same rows; a lower revision never wins`, async () => {
    const call = sampleOpenCall('again', { tenant: 'again' });
    const facts = sampleFacts(call);
    for (const order of [facts, facts.toReversed(), facts]) {
      const writer = writerOf();
      for (const fact of order) void writer.append(factRows(fact, call));
      await writer.close();
    }
    const distinct = new Set(facts.filter(({ kind }) => kind !== 'frames').map(({ id }) => id)).size;
    assert.equal(await count("earshot.facts FINAL WHERE tenant = 'again'"), distinct);
    assert.equal(await count("earshot.frames FINAL WHERE tenant = 'again'"), 2);
    assert.equal(await count("earshot.calls FINAL WHERE tenant = 'again'"), 3);
    assert.equal(await count("earshot.v_calls WHERE tenant = 'again'"), 1);
    assert.equal(await count("earshot.v_interruptions WHERE tenant = 'again' AND status = 'provisional'"), 0);
  });

  test(`${name}: the same rows can be written anew after they were deleted`, async () => {
    const call = sampleOpenCall('erased', { tenant: 'erased' });
    for (let time = 0; time < 2; time += 1) {
      const writer = writerOf();
      await writer.append(rowsOf([speech(call, 1)], call));
      await writer.close();
      assert.equal(await count("earshot.v_speech WHERE tenant = 'erased'"), 1);
      await storeOf().writing.command({
        query: "ALTER TABLE earshot.facts DELETE WHERE tenant = 'erased' SETTINGS mutations_sync = 2",
      });
    }
  });

  test(`${name}: bad rows are put aside and reported; the others are written`, async () => {
    const call = sampleOpenCall('poison', { tenant: 'poison' });
    const refused: unknown[] = [];
    const writer = writerOf({ waitMs: 20, onBadRow: ({ row }) => refused.push((row as { id: string }).id) });
    const good = Array.from({ length: 20 }, (_, index) => factRows(speech(call, index), call));
    const bad = [
      { ...good[0][0].row, id: 'too long'.repeat(10) },
      { ...good[0][0].row, id: 'b'.repeat(32), start_sample: 'no number' },
      { ...good[0][0].row, id: 'c'.repeat(32), unknown_column: 1 },
      { ...good[0][0].row, id: 'd'.repeat(32), outcome: null },
    ].map((row) => [{ table: 'facts', row } as unknown as TableRow]);
    const results = await Promise.allSettled(
      [...good.slice(0, 7), bad[0], ...good.slice(7, 12), bad[1], bad[2], bad[3], ...good.slice(12)].map((rows) =>
        writer.append(rows),
      ),
    );
    await writer.close();
    assert.equal(results.filter(({ status }) => status === 'rejected').length, 4);
    assert.deepEqual(
      refused,
      bad.map(([{ row }]) => (row as { id: string }).id),
    );
    assert.equal(await count("earshot.facts FINAL WHERE tenant = 'poison'"), 20);
    assert.equal(writer.pendingRows, 0);
  });

  test(`${name}: a full writer takes nothing and says when to come again`, async () => {
    const call = sampleOpenCall('full', { tenant: 'full' });
    const rows = (index: number) => factRows(speech(call, index), call);
    const bytes = Buffer.byteLength(JSON.stringify(rows(10)[0].row));
    for (const bound of [{ pendingRowsMax: 2 }, { pendingRowsMax: 100, pendingBytesMax: bytes * 2 }]) {
      const writer = writerOf({ waitMs: 60_000, ...bound });
      const first = writer.append(rows(10));
      const second = writer.append(rows(11));
      assert.throws(() => void writer.append(rows(12)), Busy);
      assert.equal(writer.pendingRows, 2);
      assert.equal(writer.pendingBytes, bytes * 2);
      await writer.flush();
      await Promise.all([first, second]);
      const large = [20, 21, 22, 23].flatMap(rows);
      const third = writer.append(large);
      await writer.close();
      await third;
      assert.equal(writer.pendingBytes, 0);
      assert.throws(() => void writer.append(rows(12)), /after close/);
    }
    assert.equal(await count("earshot.v_speech WHERE tenant = 'full'"), 6);
  });

  test(`${name}: a large backlog goes out in several inserts, all of it`, async () => {
    const call = sampleOpenCall('backlog', { tenant: 'backlog' });
    const inserts: number[] = [];
    const writer = writerOf({ rowsMax: 100, waitMs: 5, onInsert: ({ rows }) => inserts.push(rows) });
    const appended = Array.from({ length: 450 }, (_, index) => writer.append(factRows(speech(call, index), call)));
    await writer.append(Array.from({ length: 250 }, (_, index) => factRows(speech(call, 1_000 + index), call)[0]));
    await Promise.all(appended);
    await writer.close();
    assert.equal(await count("earshot.v_speech WHERE tenant = 'backlog'"), 700);
    assert.ok(Math.max(...inserts) <= 100 && inserts.length >= 7, inserts.join(' '));
  });

  test(`${name}: a call's state is what was saved last, and an ended call stays ended`, async () => {
    const states = createCallStates(storeOf());
    assert.equal(await states.load('acme', 'never'), null);
    const writer = writerOf();
    const state = { samples: Float32Array.of(1, -0.5), nested: { bytes: Uint8Array.of(0, 255) }, big: 12n };
    await writer.append([
      callStateRow('acme', 'state', { seq: 3, stateVersion: 1, ended: false, state: { old: true } }),
    ]);
    await writer.append([callStateRow('acme', 'state', { seq: 2 ** 40, stateVersion: 2, ended: false, state })]);
    assert.deepEqual(await states.load('acme', 'state'), { seq: 2 ** 40, stateVersion: 2, ended: false, state });
    assert.equal(await states.load('other', 'state'), null);
    await writer.append([callStateRow('acme', 'state', { seq: 2 ** 40, stateVersion: 2, ended: true, state: null })]);
    await writer.close();
    const ended = { seq: 2 ** 40, stateVersion: 2, ended: true, state: null };
    assert.deepEqual(await states.load('acme', 'state'), ended);
    await storeOf().writing.command({ query: 'OPTIMIZE TABLE earshot.call_states FINAL' });
    assert.deepEqual(await states.load('acme', 'state'), ended, 'also after a merge');
  });
}
