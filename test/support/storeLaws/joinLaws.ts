/** What a joiner finds of the calls that it takes over: those to look back at, and which findings were made with all texts. */
import assert from 'node:assert/strict';
import { createJoinReader } from '../../../adapters/clickhouse/joinReader.ts';
import { joinRevision, type TextAtHand } from '../../../core/join/revision.ts';
import { sampleFacts, sampleOpenCall } from '../sampleCall.ts';
import { rowsOf, writerOf, type StoreLaw } from './storeProbe.ts';

const MINUTE_MS = 60_000;

export const joinLaws: Readonly<Record<string, StoreLaw>> = {
  'looked back at are calls that were told of lately and those that still run, not those that are long over': async (
    store,
  ) => {
    const nowMs = Date.now();
    const row = (call_id: string, part: string, minutesAgo: number, startedMinutesAgo = 60) => ({
      tenant: 'looked-back',
      call_id,
      part,
      call_started_at: nowMs - startedMinutesAgo * MINUTE_MS,
      stored_at: Math.floor((nowMs - minutesAgo * MINUTE_MS) / 1_000),
    });
    await store.writing.insert({
      table: 'earshot.calls',
      format: 'JSONEachRow',
      values: [
        row('runs', 'opened', 60),
        row('over lately', 'opened', 60),
        row('over lately', 'ended', 10),
        row('long over', 'opened', 60),
        row('long over', 'ended', 50),
        row('never ended', 'opened', 20 * 60, 20 * 60),
        row('an old recording', 'opened', 1, 100_000),
      ],
    });
    const found = await createJoinReader(store).callsSince(nowMs - 15 * MINUTE_MS);
    assert.deepEqual(
      found
        .filter(({ tenant }) => tenant === 'looked-back')
        .map(({ callId }) => callId)
        .sort(),
      ['an old recording', 'over lately', 'runs'],
    );
  },

  'a text that was joined with all its words is told from one that was joined with their counts': async (store) => {
    const startsOf = async (text: TextAtHand): Promise<ReadonlySet<number>> => {
      const call = sampleOpenCall(`joined with ${text}`, { tenant: 'joined-texts' });
      const facts = sampleFacts(call).map((fact) =>
        fact.kind === 'agent_text' ? { ...fact, revision: joinRevision(20, text) } : fact,
      );
      await writerOf(store).append(rowsOf(facts, call));
      const reader = createJoinReader(store);
      const [inputs] = await reader.read(await reader.callsOf(call.tenant, [call.callId], []));
      return inputs.textStarts;
    };
    assert.deepEqual(await startsOf('counts'), new Set());
    assert.deepEqual(await startsOf('whole'), new Set([2_900 * 16]));
  },
};
