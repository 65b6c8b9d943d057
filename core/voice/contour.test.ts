/** Melody, level and pauses on contours whose truth is plain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contourMeasures, type UtteranceContours } from './contour.ts';

const glide = (frames: number, fromHz: number, stPerFrame: number): number[] =>
  Array.from({ length: frames }, (_, i) => fromHz * 2 ** ((i * stPerFrame) / 12));

const spoken = (f0Hz: (number | null)[]): UtteranceContours => ({
  f0Hz,
  levelDbfs: f0Hz.map(() => -20),
  speech: f0Hz.map(() => true),
});
const near = (value: number | null, expected: number, within: number): void =>
  assert.ok(value !== null && Math.abs(value - expected) <= within, `${value} is not ${expected} +- ${within}`);

test('an even glide has its slope, its range and its mean', () => {
  const { f0SlopeStPerS, f0RangeSt, f0MeanHz } = contourMeasures(spoken(glide(201, 100, 0.06)));
  near(f0SlopeStPerS, 6, 0.01);
  near(f0RangeSt, 0.9 * 12, 0.05);
  near(f0MeanHz, 141.4, 0.2);
});

test('the slope counts time, gaps in it too', () => {
  const f0Hz: (number | null)[] = glide(200, 200, -0.03);
  near(contourMeasures(spoken(f0Hz.map((f0, i) => (i % 40 < 20 ? null : f0)))).f0SlopeStPerS, -3, 0.01);
});

test('a question rises at its end, a statement falls', () => {
  near(contourMeasures(spoken([...glide(100, 120, 0), ...glide(30, 120, 0.2)])).finalMovementSt, 4.4, 0.3);
  near(contourMeasures(spoken([...glide(100, 120, 0), ...glide(30, 120, -0.2)])).finalMovementSt, -4.4, 0.3);
});

test('octave errors change nothing; a voice that jumps for half a second is believed', () => {
  const f0Hz = glide(200, 110, 0.02);
  const clean = contourMeasures(spoken(f0Hz));
  const jumping = contourMeasures(spoken(f0Hz.map((f0, i) => (i % 25 < 3 ? f0 * 2 : i % 31 === 0 ? f0 / 2 : f0))));
  near(jumping.f0MeanHz, clean.f0MeanHz ?? 0, 1);
  near(jumping.f0RangeSt, clean.f0RangeSt ?? 0, 0.2);
  const falsetto = contourMeasures(spoken([...glide(120, 110, 0), ...glide(60, 260, 0)]));
  near(falsetto.f0RangeSt, 12 * Math.log2(260 / 110), 0.1);
});

test('a flat voice is monotonous, a lively one is not', () => {
  near(contourMeasures(spoken(glide(100, 120, 0))).monotony, 1, 1e-6);
  const lively = Array.from({ length: 200 }, (_, i) => 120 * 2 ** ((4 * Math.sin(i / 12)) / 12));
  assert.ok((contourMeasures(spoken(lively)).monotony ?? 1) < 0.5);
});

test('under 300 ms of voice nothing is told of pitch, and the reason is', () => {
  const few = contourMeasures(spoken([...glide(29, 120, 0), ...Array<null>(100).fill(null)]));
  assert.equal(few.f0MeanHz, null);
  assert.equal(few.reason, 'too_little_voice');
  near(few.levelMeanDbfs, -20, 1e-9);
  assert.equal(contourMeasures(spoken([...glide(31, 120, 0)])).reason, null);
});

test('nothing at all gives nulls', () => {
  const none = contourMeasures({ f0Hz: [], levelDbfs: [], speech: [] });
  assert.deepEqual([none.f0MeanHz, none.levelMeanDbfs, none.pauseShare, none.pauses], [null, null, null, 0]);
});

test('level is that of speech frames, spread from the 10th to the 90th percentile', () => {
  const levelDbfs = Array.from({ length: 202 }, (_, i) => (i < 101 ? -40 + i / 5 : -70));
  const speech = levelDbfs.map((db) => db > -50);
  const measured = contourMeasures({ f0Hz: levelDbfs.map(() => null), levelDbfs, speech });
  near(measured.levelRangeDb, 16, 1e-6);
  near(measured.levelMeanDbfs, -26.6, 0.2);
});

test('pauses are silences of 150 ms and more between speech', () => {
  const speech = [
    ...Array<boolean>(10).fill(false),
    ...Array<boolean>(100).fill(true),
    ...Array<boolean>(14).fill(false),
    ...Array<boolean>(50).fill(true),
    ...Array<boolean>(36).fill(false),
    ...Array<boolean>(50).fill(true),
    ...Array<boolean>(90).fill(false),
  ];
  const measured = contourMeasures({ f0Hz: speech.map(() => null), levelDbfs: speech.map(() => -20), speech });
  assert.deepEqual([measured.pauses, measured.pauseMs, measured.spokenMs, measured.spanMs], [1, 360, 2_140, 2_500]);
  near(measured.pauseShare, 0.144, 1e-9);
});
