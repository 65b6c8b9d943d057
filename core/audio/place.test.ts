/** Where audio lands, what becomes a gap and why; and that nothing is ever unaccounted for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ramp } from '../../test/support/signals.ts';
import { place, type Gap, type PlaceInput, type Run } from './place.ts';

const RATE_HZ = 8_000;
const piece = (position: number, count: number): PlaceInput => ({
  type: 'audio',
  position,
  samples: ramp(position, count),
});

function placed(inputs: readonly PlaceInput[]): { runs: Run[]; gaps: Gap[]; end: number } {
  const runs: Run[] = [];
  const gaps: Gap[] = [];
  const stage = place({ rateHz: RATE_HZ, reorderMsMax: 100 });
  const take = (out: { type: 'run'; run: Run } | { type: 'gap'; gap: Gap }): void => {
    if (out.type === 'run') runs.push(out.run);
    else gaps.push(out.gap);
  };
  for (const input of inputs) stage.push(input, take);
  stage.flush(take);
  const last = runs.at(-1);
  return { runs, gaps, end: last === undefined ? 0 : last.start + last.samples.length };
}

test('pieces that come in the wrong order are put right, without a gap', () => {
  const { runs, gaps } = placed([piece(0, 160), piece(320, 160), piece(160, 160), piece(480, 160)]);
  assert.deepEqual(
    runs.map(({ start }) => start),
    [0, 160, 320, 480],
  );
  assert.deepEqual(gaps, []);
});

test('what comes twice is heard once', () => {
  const { end, gaps } = placed([piece(0, 160), piece(0, 160), piece(80, 160), piece(160, 160)]);
  assert.equal(end, 320);
  assert.deepEqual(gaps, []);
});

test('what never comes is a gap of exactly its length, told when it opens and when it closes', () => {
  const { gaps } = placed([piece(0, 160), piece(320, 1_000)]);
  assert.deepEqual(gaps, [
    { start: 160, end: null, reason: 'loss' },
    { start: 160, end: 320, reason: 'loss' },
  ]);
});

test('what comes after all, too late, makes the gap a late one', () => {
  const { gaps } = placed([piece(0, 160), piece(320, 1_000), piece(160, 160)]);
  assert.deepEqual(gaps.at(-1), { start: 160, end: 320, reason: 'late' });
});

test('an advance gives a silent channel up to a position', () => {
  const { gaps, end } = placed([piece(0, 160), { type: 'advance', position: 800, reason: 'late' }, piece(800, 160)]);
  assert.deepEqual(gaps.at(-1), { start: 160, end: 800, reason: 'late' });
  assert.equal(end, 960);
});

test('an hour of nothing is handed on in pieces of a second at most', () => {
  const { runs } = placed([{ type: 'advance', position: 3_600 * RATE_HZ, reason: 'loss' }]);
  assert.equal(Math.max(...runs.map(({ samples }) => samples.length)), RATE_HZ);
});

test('whatever is lost, repeated or reordered: analysed + gaps = span, to the sample, and each sample is in its place', () => {
  const stream = fc
    .array(
      fc.record({
        count: fc.integer({ min: 1, max: 1_500 }),
        fate: fc.integer({ min: 0, max: 9 }),
        swap: fc.boolean(),
      }),
      {
        minLength: 1,
        maxLength: 40,
      },
    )
    .map((steps) => {
      let position = 0;
      const inputs: PlaceInput[] = [];
      for (const { count, fate, swap } of steps) {
        const input = piece(position, count);
        position += count;
        if (fate === 0) continue;
        if (fate === 1) inputs.push(input);
        inputs.push(input);
        if (swap && inputs.length > 1) inputs.push(...inputs.splice(-2).reverse());
      }
      return inputs;
    });
  fc.assert(
    fc.property(stream, (inputs) => {
      const { runs, gaps, end } = placed(inputs);
      let head = 0;
      let missing = 0;
      for (const run of runs) {
        assert.equal(run.start, head);
        head += run.samples.length;
        if (run.missing) missing += run.samples.length;
        else run.samples.forEach((value, i) => assert.equal(Math.round(value * 2 ** 20), run.start + i));
      }
      const closed = new Map(gaps.filter((gap) => gap.end !== null).map((gap) => [gap.start, gap]));
      const inGaps = [...closed.values()].reduce((sum, gap) => sum + (gap.end as number) - gap.start, 0);
      const analysed = head - missing;
      assert.equal(inGaps, missing);
      assert.equal(analysed + inGaps, end);
    }),
    { numRuns: 2_000 },
  );
});
