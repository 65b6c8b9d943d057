/** The metrics of a call whose every fact is known, and that none that SQL has is forgotten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact, FactBodies } from '../facts/facts.ts';
import { factRow } from '../rows/factRow.ts';
import { sampleFact, sampleFacts, sampleMs, sampleOpenCall } from '../../test/support/sampleCall.ts';
import { measureCall } from './callMeasures.ts';
import { heardCallOf } from './heardCall.ts';
import { METRICS } from './metrics.ts';

const call = sampleOpenCall('call-1');

test('a call of one fact of each kind is measured as its facts say', () => {
  const { durationMs, things, shares } = measureCall(heardCallOf('call-1', sampleFacts(call)));
  const values = (name: string): number[] => (things[name] ?? []).map(({ value }) => value);
  assert.equal(durationMs, 20_000);
  assert.deepEqual(values('response_latency_ms'), [900]);
  assert.deepEqual(values('interruption_latency_ms'), [400]);
  assert.deepEqual(things.interruption_latency_ms[0].atMs, 5_000);
  assert.deepEqual([values('yielded').length, values('continued').length, values('backchannels').length], [1, 1, 1]);
  assert.deepEqual(shares.continued_share, { part: 1, whole: 2 });
  assert.deepEqual(shares.talk_ratio, { part: 2_500, whole: 3_500 });
  assert.deepEqual(shares.echo_share.whole, 1);
  assert.deepEqual(values('overlap_ms'), [400]);
});

test('every measure that utterances and windows have is a metric of both sides', () => {
  for (const fact of sampleFacts(call)) {
    if (fact.kind !== 'prosody' && fact.kind !== 'quality') continue;
    const { measures } = factRow(fact, call);
    for (const name of Object.keys(measures)) {
      for (const side of ['caller', 'agent']) assert.ok(METRICS.has(`${name}_${side}`), name);
    }
    const { things } = measureCall(heardCallOf('call-1', [fact]));
    for (const [name, value] of Object.entries(measures)) {
      assert.deepEqual(
        things[`${name}_${fact.channel}`].map((thing) => thing.value),
        [value],
      );
    }
  }
});

test('provisional facts are not measured, and of a fact told twice only the newest', () => {
  const span = { startSample: sampleMs(1_000), endSample: sampleMs(5_000), owedBy: 'agent' } as const;
  const of = (endMs: number, told: { status?: 'provisional' | 'final'; revision?: number }): Fact =>
    sampleFact(call, 'dead_air', { ...span, endSample: sampleMs(endMs) }, told);
  const lengths = (...facts: Fact[]): number[] =>
    (measureCall(heardCallOf('c', facts)).things.dead_air_ms_agent ?? []).map(({ value }) => value);
  assert.deepEqual(lengths(of(4_000, { status: 'provisional' })), []);
  assert.deepEqual(lengths(of(4_000, { status: 'provisional' }), of(5_000, {}), of(6_000, { revision: 2 })), [5_000]);
});

type Spoken = readonly ['caller' | 'agent', number, number];

/** A knock at 2 s, and who speaks when. */
function stoppedFor(...spoken: readonly Spoken[]): number {
  const speech = spoken.map(([channel, fromMs, toMs]) => {
    const body: FactBodies['speech'] = {
      channel,
      startSample: sampleMs(fromMs),
      endSample: sampleMs(toMs),
      levelDbfs: -20,
      probabilityMean: 1,
    };
    return sampleFact(call, 'speech', body);
  });
  const span = { startSample: sampleMs(2_000), endSample: sampleMs(2_100) };
  const knock = sampleFact(call, 'noise_burst', { ...span, channel: 'caller', levelDbfs: -15 });
  return measureCall(heardCallOf('c', [...speech, knock])).things.false_interruptions?.length ?? 0;
}

test('an interruption is false where the agent falls silent at a sound and is the next to speak', () => {
  assert.equal(stoppedFor(['agent', 0, 2_600], ['agent', 4_000, 6_000]), 1);
  assert.equal(stoppedFor(['agent', 0, 6_000]), 0, 'spoken on');
  assert.equal(stoppedFor(['agent', 0, 3_100], ['agent', 5_000, 6_000]), 0, 'silent over 1 s later');
  assert.equal(stoppedFor(['agent', 0, 2_600], ['agent', 3_300, 6_000]), 0, 'a pause');
  assert.equal(stoppedFor(['agent', 0, 2_600], ['caller', 4_000, 5_000], ['agent', 6_000, 7_000]), 0, 'it had ended');
  assert.equal(
    stoppedFor(['agent', 0, 2_600], ['caller', 2_300, 3_000], ['agent', 4_000, 5_000]),
    0,
    'a caller spoke too',
  );
  assert.equal(stoppedFor(['agent', 0, 2_600]), 0, 'nobody spoke again');
  assert.equal(stoppedFor(), 0);
});
