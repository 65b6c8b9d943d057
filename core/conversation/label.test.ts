/** Speech, noise and echo told apart, on hand-made ticks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cell, Tick } from './align.ts';
import { label, type LabelledTick } from './label.ts';
import { LIMITS } from './limits.ts';
import type { Finding } from '../facts/facts.ts';
import { EDGE_DELAY_MS } from '../inference/speechModel.ts';

const LINE: Cell = {
  levelDbfs: -80,
  peak: 0,
  clippedSamples: 0,
  missing: false,
  probability: 0.01,
  edgeProbability: null,
};
const at = (levelDbfs: number, probability: number): Cell => ({
  ...LINE,
  levelDbfs,
  probability,
});

function labelled(seconds: number, caller: (ms: number) => Cell, agent: (ms: number) => Cell) {
  const ticks: LabelledTick[] = [];
  const findings: Finding[] = [];
  const stage = label(LIMITS);
  const take = (out: LabelledTick | { type: 'finding'; finding: Finding }): void => {
    if (out.type === 'tick') ticks.push(out);
    else findings.push(out.finding);
  };
  for (let frame = 0; frame < seconds * 100; frame += 1) {
    const tick: Tick = { frame, caller: caller(frame * 10), agent: agent(frame * 10) };
    stage.push(tick, take);
  }
  stage.flush(take);
  return { ticks, findings };
}

function speechOf(ticks: readonly LabelledTick[], side: 'caller' | 'agent'): [number, number][] {
  const spans: [number, number][] = [];
  for (const tick of ticks) {
    if (!tick[side].speech) continue;
    const last = spans.at(-1);
    if (last?.[1] === tick.frame * 10) last[1] += 10;
    else spans.push([tick.frame * 10, tick.frame * 10 + 10]);
  }
  return spans;
}
const between = (ms: number, start: number, end: number): boolean => ms >= start && ms < end;

test('each tick is labelled once, in order, none is lost', () => {
  const { ticks } = labelled(
    5,
    () => LINE,
    () => LINE,
  );
  assert.deepEqual(
    ticks.map(({ frame }) => frame),
    Array.from({ length: 500 }, (_, i) => i),
  );
});

test('the level gives the edges where the model wakes late and falls asleep late', () => {
  const caller = (ms: number): Cell => {
    const loud = between(ms, 2_000, 4_000);
    const sure = between(ms, 2_150, 4_120);
    return at(loud ? -25 : -80, sure ? 0.95 : 0.01);
  };
  assert.deepEqual(speechOf(labelled(6, caller, () => LINE).ticks, 'caller'), [[2_000, 4_000]]);
});

test('a pause of 150 ms is bridged, one of 250 ms is not, a blip of 30 ms is dropped', () => {
  const talks = (ms: number): boolean =>
    between(ms, 1_000, 2_000) || between(ms, 2_150, 3_000) || between(ms, 3_250, 4_000) || between(ms, 5_000, 5_030);
  const caller = (ms: number): Cell => (talks(ms) ? at(-25, 0.95) : LINE);
  assert.deepEqual(speechOf(labelled(7, caller, () => LINE).ticks, 'caller'), [
    [1_000, 3_000],
    [3_250, 4_000],
  ]);
});

test('a loud sound that the model does not take for speech is none on the caller side', () => {
  const caller = (ms: number): Cell => (between(ms, 2_000, 2_500) ? at(-15, 0.02) : LINE);
  const { ticks } = labelled(4, caller, () => LINE);
  assert.deepEqual(speechOf(ticks, 'caller'), []);
  assert.ok(ticks[220].caller.audible);
});

test('on the agent side of a clean line whatever is clearly audible holds the floor', () => {
  const agent = (ms: number): Cell => (between(ms, 2_000, 2_500) ? at(-25, 0.02) : LINE);
  assert.deepEqual(speechOf(labelled(4, () => LINE, agent).ticks, 'agent'), [[2_000, 2_500]]);
});

test('an echo of the agent is found, measured, and is no speech of the caller', () => {
  const syllables = (ms: number): number => -25 - 12 * Math.abs(Math.sin(ms / 130)) - 5 * Math.abs(Math.sin(ms / 41));
  const agentTalks = (ms: number): boolean => ms % 4_000 < 2_800;
  const agent = (ms: number): Cell => (agentTalks(ms) ? at(syllables(ms), 0.95) : LINE);
  const caller = (ms: number): Cell => {
    const sent = ms - 120;
    return sent >= 0 && agentTalks(sent) ? at(Math.max(-80, syllables(sent) - 28), 0.9) : LINE;
  };
  const { ticks, findings } = labelled(20, caller, agent);
  assert.deepEqual(speechOf(ticks, 'caller'), []);
  const [first] = findings;
  assert.ok(first.kind === 'echo');
  assert.ok(Math.abs(first.lossDb - 28) < 1, `${first.lossDb} dB`);
  assert.ok(Math.abs(first.delaySamples / 16 - 120) <= 10, `${first.delaySamples / 16} ms`);
});

test('a caller who speaks over the echo is heard', () => {
  const syllables = (ms: number): number => -25 - 12 * Math.abs(Math.sin(ms / 130));
  const agent = (ms: number): Cell => (ms < 15_000 ? at(syllables(ms), 0.95) : LINE);
  const caller = (ms: number): Cell => {
    if (between(ms, 10_000, 12_000)) return at(-24, 0.95);
    return ms >= 120 && ms < 15_120 ? at(syllables(ms - 120) - 28, 0.9) : LINE;
  };
  assert.deepEqual(speechOf(labelled(17, caller, agent).ticks, 'caller'), [[10_000, 12_000]]);
});

/** An agent that speaks for `agentMs` and a caller who says something 25 dB softer from 3 s to 3.5 s. */
function softCaller(agentMs: [number, number], quietDbfs: number): [number, number][] {
  const agent = (ms: number): Cell => (between(ms, ...agentMs) ? at(-25, 0.95) : LINE);
  const caller = (ms: number): Cell => (between(ms, 3_000, 3_500) ? at(-50, 0.95) : at(quietDbfs, 0.01));
  return speechOf(labelled(6, caller, agent).ticks, 'caller');
}

test('an agent that was heard to leave no echo does not hide a caller who speaks softly', () => {
  assert.deepEqual(softCaller([1_000, 5_000], -80), [[3_000, 3_500]]);
});

test('until that was heard, and on a line that was muted, soft sound after the agent may be its echo', () => {
  assert.deepEqual(softCaller([2_900, 5_000], -80), []);
  assert.deepEqual(softCaller([1_000, 5_000], -100), []);
});

/** What the edge model said of the frame that began `EDGE_DELAY_MS` before. */
const told = (ms: number, edge: (ms: number) => number): number => edge(ms - EDGE_DELAY_MS);

test('a voice that the edge model hears needs no word of the speech model', () => {
  const spoken = (ms: number): boolean => between(ms, 2_000, 2_300);
  const edge = (ms: number): number => (between(ms, 2_050, 2_250) ? 0.95 : 0.02);
  const caller = (ms: number): Cell => ({ ...at(spoken(ms) ? -25 : -80, 0.02), edgeProbability: told(ms, edge) });
  assert.deepEqual(speechOf(labelled(5, caller, () => LINE).ticks, 'caller'), [[2_000, 2_300]]);
});

test('what never becomes sure is no voice; what becomes sure soon is one from where it began', () => {
  const unsure = (ms: number): number => (between(ms, 2_000, 2_600) ? 0.7 : 0.02);
  const soonSure = (ms: number): number => (between(ms, 3_000, 3_150) ? 0.6 : between(ms, 3_150, 3_600) ? 0.95 : 0.02);
  const noisy = (edge: (ms: number) => number) => (ms: number) => ({
    ...at(-30, 0.02),
    edgeProbability: told(ms, edge),
  });
  assert.deepEqual(speechOf(labelled(6, noisy(unsure), () => LINE).ticks, 'caller'), []);
  assert.deepEqual(speechOf(labelled(6, noisy(soonSure), () => LINE).ticks, 'caller'), [[3_000, 3_600]]);
});

test('a speech model that falls asleep late does not make what was said longer', () => {
  const caller = (ms: number): Cell => at(-30, between(ms, 2_000, 3_060) ? 0.95 : 0.02);
  const [[startMs, endMs]] = speechOf(labelled(6, caller, () => LINE).ticks, 'caller');
  assert.deepEqual([startMs, endMs], [2_000, 3_000]);
});

test('missing audio is never speech', () => {
  const caller = (ms: number): Cell => (between(ms, 1_000, 4_000) ? { ...at(-100, 0.9), missing: true } : LINE);
  assert.deepEqual(speechOf(labelled(5, caller, () => LINE).ticks, 'caller'), []);
});
