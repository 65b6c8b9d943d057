/** Responses, dead air, turns and overlaps in scenes of a few lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../facts/facts.ts';
import type { Stage } from '../stage/stage.ts';
import { labelledTicksOf, type Spans } from '../../test/support/signals.ts';
import { deadAir } from './deadAir.ts';
import type { LabelledTick } from './label.ts';
import { LIMITS } from './limits.ts';
import { overlaps } from './overlaps.ts';
import { responses } from './responses.ts';
import { turns } from './turns.ts';

function finals(stage: Stage<LabelledTick, Finding>, caller: Spans, agent: Spans): Finding[] {
  const found: Finding[] = [];
  for (const tick of labelledTicksOf(20_000, caller, agent)) stage.push(tick, (finding) => found.push(finding));
  stage.flush((finding) => found.push(finding));
  return found.filter(({ status }) => status === 'final');
}
const ms = (finding: Finding): [number, number | null] => [
  finding.startSample / 16,
  'endSample' in finding && finding.endSample !== null ? finding.endSample / 16 : null,
];

test('a response is the wait from the caller to the agent', () => {
  const found = finals(responses('sent'), [[1_000, 3_000]], [[3_850, 6_000]]);
  assert.deepEqual(found.map(ms), [[3_000, 3_850]]);
});

test('an agent that spoke when the caller ended has not been waited for', () => {
  assert.deepEqual(finals(responses('sent'), [[1_000, 3_000]], [[2_500, 6_000]]), []);
});

test('an agent that cut into what the caller said does not answer its end', () => {
  const agent: Spans = [
    [2_000, 2_500],
    [4_000, 5_000],
  ];
  assert.deepEqual(finals(responses('sent'), [[1_000, 3_000]], agent), []);
  const caller: Spans = [
    [1_000, 3_000],
    [5_500, 6_000],
  ];
  const answered = finals(responses('sent'), caller, [...agent, [6_300, 7_000]]);
  assert.deepEqual(answered.map(ms), [[6_000, 6_300]]);
});

test('a caller who speaks again first was not answered; the last end counts', () => {
  const caller: Spans = [
    [1_000, 3_000],
    [5_000, 6_000],
  ];
  assert.deepEqual(finals(responses('sent'), caller, [[6_400, 8_000]]).map(ms), [[6_000, 6_400]]);
});

test('an agent that goes on after a pause of its own answers nobody', () => {
  const agent: Spans = [
    [1_000, 3_000],
    [3_500, 5_000],
  ];
  assert.deepEqual(finals(responses('sent'), [], agent), []);
});

test('dead air is counted from 3 s, owed by the side that did not speak last', () => {
  const found = finals(deadAir(LIMITS), [[1_000, 3_000]], [[6_500, 20_000]]);
  assert.deepEqual(found.map(ms), [[3_000, 6_500]]);
  assert.equal(found[0].kind === 'dead_air' && found[0].owedBy, 'agent');
});

test('2.9 s are no dead air, and neither is the silence before anybody has spoken', () => {
  assert.deepEqual(finals(deadAir(LIMITS), [[4_000, 6_000]], [[8_900, 20_000]]), []);
});

test('silence at the end of the call is dead air too', () => {
  assert.deepEqual(finals(deadAir(LIMITS), [[1_000, 3_000]], []).map(ms), [[3_000, 20_000]]);
});

test('a turn holds its segments; a backchannel inside it does not end it', () => {
  const agent: Spans = [
    [1_000, 4_000],
    [4_400, 7_000],
  ];
  const caller: Spans = [
    [2_000, 2_400],
    [8_000, 9_500],
  ];
  const found = finals(turns(LIMITS), caller, agent);
  assert.deepEqual(
    found.map((turn) => (turn.kind === 'turn' ? [turn.turnIndex, turn.channel, ...ms(turn)] : [])),
    [
      [0, 'agent', 1_000, 7_000],
      [1, 'caller', 8_000, 9_500],
    ],
  );
});

test('an overlap is the intersection, begun by who came second', () => {
  const [only] = finals(overlaps(LIMITS), [[3_000, 6_000]], [[1_000, 3_700]]);
  assert.deepEqual(ms(only), [3_000, 3_700]);
  assert.equal(only.kind === 'overlap' && only.startedBy, 'caller');
});
