/** Window models beside a running call: late, failing or dropped, they never cost more than their own windows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallMessage } from '../../core/audio/message.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { ModelBatcher } from '../../core/inference/windowModel.ts';
import { AGENT, CALLER, DURATION_MS, interleaved, openCall, sideOf } from '../../test/support/calls.ts';
import { fakeBatcher, measureByLevel } from '../../test/support/fakeBatcher.ts';
import { analyzeRecording } from './analyzeRecording.ts';

const payload = interleaved(sideOf(DURATION_MS, CALLER), sideOf(DURATION_MS, AGENT, 8_000, 2));

// eslint-disable-next-line @typescript-eslint/require-await -- a recording's messages are read from disk elsewhere
async function* messages(): AsyncGenerator<CallMessage> {
  const bytesEach = 32_000;
  for (let at = 0; at < payload.length; at += bytesEach) {
    const piece = payload.subarray(at, at + bytesEach);
    yield { type: 'audio', lane: 'both', position: at / 4, payload: piece, arrivedAtMs: at / 32 };
  }
}

async function factsWith(changes: Partial<ModelBatcher>): Promise<Fact[]> {
  const facts: Fact[] = [];
  await analyzeRecording(openCall(), messages(), { ...fakeBatcher, ...changes }, (fact) => facts.push(fact));
  return facts;
}

const HOW = ['prosody', 'tone_change', 'quality', 'gibberish', 'loop', 'unmeasured', 'frames', 'summary'];
const whoSpoke = (facts: readonly Fact[]): string[] =>
  facts.flatMap(({ kind, id, revision }) => (HOW.includes(kind) ? [] : [`${kind} ${id} ${revision}`])).sort();
const count = (facts: readonly Fact[], kind: Fact['kind']): number => facts.filter((fact) => fact.kind === kind).length;

test('a model that breaks costs its windows, and each of them is told', async () => {
  const good = await factsWith({});
  let calls = 0;
  const bad = await factsWith({
    measure(row) {
      calls += 1;
      return calls % 2 === 0 ? Promise.reject(new Error('broken')) : Promise.resolve(measureByLevel(row));
    },
  });
  assert.deepEqual(whoSpoke(bad), whoSpoke(good));
  const failed = bad.filter((fact) => fact.kind === 'unmeasured');
  assert.equal(failed.length, Math.floor(calls / 2));
  assert.ok(failed.every((fact) => fact.kind === 'unmeasured' && fact.reason === 'failed'));
  assert.ok(count(good, 'quality') > count(bad, 'quality') && count(bad, 'quality') > 0);
});

test('with every model switched off the call is the same but for how people sound', async () => {
  const on = await factsWith({});
  const off = await factsWith({ formats: [], measure: () => Promise.reject(new Error('nobody should ask')) });
  assert.deepEqual(whoSpoke(off), whoSpoke(on));
  assert.equal(count(off, 'frames'), count(on, 'frames'));
  assert.equal(count(off, 'quality') + count(off, 'unmeasured'), 0);
});

test('answers that take their time come all the same before the call ends', async () => {
  const on = await factsWith({});
  const slow = await factsWith({
    measure: (row) => new Promise((resolve) => setImmediate(() => setImmediate(() => resolve(measureByLevel(row))))),
  });
  assert.deepEqual(slow.map(({ id }) => id).sort(), on.map(({ id }) => id).sort());
  assert.equal(slow.at(-1)?.kind, 'call_ended');
});
