/** The reads of the API filter, page and keep tenants apart. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cursorOf, createCallReader } from '../../../adapters/clickhouse/callReader.ts';
import { InvalidInput } from '../../../core/units/errors.ts';
import { sampleFact, sampleMs, sampleOpenCall } from '../sampleCall.ts';
import { rowsOf, writerOf, type StoreLaw } from './storeProbe.ts';

export const readLaws: Readonly<Record<string, StoreLaw>> = {
  'the reads filter as asked and stay within the tenant': async (store) => {
    const reader = createCallReader(store);
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
  },
  'the list of calls pages through calls that began in the same millisecond': async (store) => {
    const startedAtMs = Date.now() - 30_000;
    const writer = writerOf(store);
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
    const reader = createCallReader(store);
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
    await assert.rejects(reader.calls('paging', { limit: 1, cursor: 'nonsense' }), InvalidInput);
  },
  'whatever a text holds, it comes back the same': async (store) => {
    const writer = writerOf(store, { waitMs: 0 });
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
        const [record] = await createCallReader(store).calls('texts', {
          limit: 1,
          agentVersion: note,
          cursor: undefined,
        });
        const found = await createCallReader(store).call('texts', call.callId);
        assert.equal(found?.agent_version, note);
        assert.deepEqual({ ...found.labels }, { ...labels });
        assert.equal(record === undefined, false, 'and it can be asked for');
      }),
      { numRuns: 20 },
    );
    await writer.close();
  },
};
