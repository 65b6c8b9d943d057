/** The row writer writes every row once, and says of each whether it is there. */
import assert from 'node:assert/strict';
import { factRows } from '../../../core/rows/factRows.ts';
import { type TableRow } from '../../../core/rows/tables.ts';
import { Busy } from '../../../core/units/errors.ts';
import { sampleFacts, sampleOpenCall } from '../sampleCall.ts';
import { countOf, rowsOf, speechFact, writerOf, type StoreLaw } from './storeProbe.ts';

export const writerLaws: Readonly<Record<string, StoreLaw>> = {
  'rows written again are the same rows; a lower revision never wins': async (store) => {
    const call = sampleOpenCall('again', { tenant: 'again' });
    const facts = sampleFacts(call);
    for (const order of [facts, facts.toReversed(), facts]) {
      const writer = writerOf(store);
      for (const fact of order) void writer.append(factRows(fact, call));
      await writer.close();
    }
    const distinct = new Set(facts.filter(({ kind }) => kind !== 'frames').map(({ id }) => id)).size;
    assert.equal(await countOf(store, "earshot.facts FINAL WHERE tenant = 'again'"), distinct);
    assert.equal(await countOf(store, "earshot.frames FINAL WHERE tenant = 'again'"), 2);
    assert.equal(await countOf(store, "earshot.calls FINAL WHERE tenant = 'again'"), 3);
    assert.equal(await countOf(store, "earshot.v_calls WHERE tenant = 'again'"), 1);
    assert.equal(await countOf(store, "earshot.v_interruptions WHERE tenant = 'again' AND status = 'provisional'"), 0);
  },
  'the same rows can be written anew after they were deleted': async (store) => {
    const call = sampleOpenCall('erased', { tenant: 'erased' });
    for (let time = 0; time < 2; time += 1) {
      const writer = writerOf(store);
      await writer.append(rowsOf([speechFact(call, 1)], call));
      await writer.close();
      assert.equal(await countOf(store, "earshot.v_speech WHERE tenant = 'erased'"), 1);
      await store.writing.command({
        query: "ALTER TABLE earshot.facts DELETE WHERE tenant = 'erased' SETTINGS mutations_sync = 2",
      });
    }
  },
  'bad rows are put aside and reported; the others are written': async (store) => {
    const call = sampleOpenCall('poison', { tenant: 'poison' });
    const refused: unknown[] = [];
    const writer = writerOf(store, { waitMs: 20, onBadRow: ({ row }) => refused.push((row as { id: string }).id) });
    const good = Array.from({ length: 20 }, (_, index) => factRows(speechFact(call, index), call));
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
    assert.equal(await countOf(store, "earshot.facts FINAL WHERE tenant = 'poison'"), 20);
    assert.equal(writer.pendingRows, 0);
  },
  'a full writer takes nothing and says when to come again': async (store) => {
    const call = sampleOpenCall('full', { tenant: 'full' });
    const rows = (index: number) => factRows(speechFact(call, index), call);
    const bytes = Buffer.byteLength(JSON.stringify(rows(10)[0].row));
    for (const bound of [{ pendingRowsMax: 2 }, { pendingRowsMax: 100, pendingBytesMax: bytes * 2 }]) {
      const writer = writerOf(store, { waitMs: 60_000, ...bound });
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
    assert.equal(await countOf(store, "earshot.v_speech WHERE tenant = 'full'"), 6);
  },
  'a large backlog goes out in several inserts, all of it': async (store) => {
    const call = sampleOpenCall('backlog', { tenant: 'backlog' });
    const inserts: number[] = [];
    const writer = writerOf(store, { rowsMax: 100, waitMs: 5, onInsert: ({ rows }) => inserts.push(rows) });
    const appended = Array.from({ length: 450 }, (_, index) => writer.append(factRows(speechFact(call, index), call)));
    await writer.append(Array.from({ length: 250 }, (_, index) => factRows(speechFact(call, 1_000 + index), call)[0]));
    await Promise.all(appended);
    await writer.close();
    assert.equal(await countOf(store, "earshot.v_speech WHERE tenant = 'backlog'"), 700);
    assert.ok(Math.max(...inserts) <= 100 && inserts.length >= 7, inserts.join(' '));
  },
  'recordings of many days go in one batch, and old ones are kept like new ones': async (store) => {
    const writer = writerOf(store, { waitMs: 50 });
    const day = 86_400_000;
    const appended = Array.from({ length: 130 }, (_, index) => {
      const call = sampleOpenCall(`day-${index}`, { tenant: 'days', startedAtMs: Date.now() - (600 + index) * day });
      return writer.append(rowsOf(sampleFacts(call), call));
    });
    await Promise.all(appended);
    await writer.close();
    for (const table of ['calls', 'facts', 'frames']) {
      await store.writing.command({ query: `OPTIMIZE TABLE earshot.${table} FINAL` });
    }
    assert.equal(await countOf(store, "earshot.v_calls WHERE tenant = 'days'"), 130);
    assert.equal(await countOf(store, "earshot.v_responses WHERE tenant = 'days'"), 130);
    assert.equal(await countOf(store, "earshot.frames WHERE tenant = 'days'"), 260);
  },
};
