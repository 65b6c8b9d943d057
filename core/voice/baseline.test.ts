/** A speaker's baseline: when it tells, what it calls a change of tone, and that it can be written down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSpeakerBaseline, type UtteranceTone } from './baseline.ts';

const CALM: UtteranceTone = { f0MeanHz: 120, levelMeanDbfs: -26, articulationRatePerS: 4.5, arousal: 0.3 };
const LOUD: UtteranceTone = { f0MeanHz: 160, levelMeanDbfs: -18, articulationRatePerS: 4.6, arousal: 0.7 };

const after = (count: number): ReturnType<typeof createSpeakerBaseline> => {
  const baseline = createSpeakerBaseline();
  for (let i = 0; i < count; i++) baseline.push({ ...CALM, f0MeanHz: 118 + (i % 3) * 2 });
  return baseline;
};

test('shifts are told from the third utterance on', () => {
  assert.equal(after(1).push(LOUD).shift.f0ShiftSt, null);
  const { shift, baselineUtterances } = after(2).push({ ...CALM, f0MeanHz: 238 });
  assert.ok(Math.abs((shift.f0ShiftSt ?? 0) - 12) < 0.01);
  assert.equal(baselineUtterances, 2);
});

test('two measures that depart together are a change of tone, and only those are named', () => {
  assert.deepEqual(after(5).push(LOUD).toneChange, { direction: 'raised', measures: ['f0', 'level', 'arousal'] });
});

test('one measure alone is none', () => {
  assert.equal(after(5).push({ ...CALM, levelMeanDbfs: -12 }).toneChange, null);
});

test('a lower and quieter voice is lowered; up in one and down in another is mixed', () => {
  assert.equal(after(5).push({ ...CALM, f0MeanHz: 90, levelMeanDbfs: -40 }).toneChange?.direction, 'lowered');
  assert.equal(after(5).push({ ...CALM, f0MeanHz: 170, levelMeanDbfs: -40 }).toneChange?.direction, 'mixed');
});

test('a speaker who always varies widely changes tone less easily', () => {
  const lively = createSpeakerBaseline();
  for (let i = 0; i < 20; i++)
    lively.push({ ...CALM, f0MeanHz: i % 2 === 0 ? 105 : 160, levelMeanDbfs: i % 2 === 0 ? -32 : -20 });
  assert.equal(lively.push({ ...CALM, f0MeanHz: 165, levelMeanDbfs: -19 }).toneChange, null);
});

test('what could not be measured shifts nothing and is kept out of the baseline', () => {
  const baseline = after(3);
  baseline.push({ f0MeanHz: null, levelMeanDbfs: -26, articulationRatePerS: null, arousal: null });
  const { shift, toneChange } = baseline.push({ ...LOUD, f0MeanHz: null, arousal: null });
  assert.equal(shift.f0ShiftSt, null);
  assert.equal(toneChange, null);
});

test('the other tone becomes the baseline when it stays', () => {
  const baseline = after(5);
  for (let i = 0; i < 30; i++) baseline.push(LOUD);
  assert.equal(baseline.push(LOUD).toneChange, null);
});

test('a saved baseline reads on as if never written down', () => {
  const [one, other] = [after(6), createSpeakerBaseline()];
  other.load(JSON.parse(JSON.stringify(one.save())));
  assert.deepEqual(other.push(LOUD), one.push(LOUD));
  assert.deepEqual(other.save(), one.save());
});
