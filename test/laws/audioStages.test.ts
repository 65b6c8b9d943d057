/** The laws for the stages that hear: place, playout, resample, measure, cancelEcho. */
import fc from 'fast-check';
import { place, type PlaceInput, type Placed, type Run } from '../../core/audio/place.ts';
import { playout, type PlayoutInput } from '../../core/audio/playout.ts';
import { resample } from '../../core/audio/resample.ts';
import { cancelEcho, type SidedHop } from '../../core/features/echoCanceller.ts';
import { measure, type Hop } from '../../core/features/measure.ts';
import { asSampleIndex } from '../../core/units/time.ts';
import { ramp } from '../support/signals.ts';
import { checkStageLaws } from '../support/stageLaws.ts';

const RATE_HZ = 8_000;

/** Pieces of a stream in order, some lost, some twice. */
const placeInputs: fc.Arbitrary<PlaceInput[]> = fc
  .array(
    fc.record({
      length: fc.integer({ min: 1, max: 2_000 }),
      fate: fc.constantFrom('kept', 'kept', 'kept', 'lost', 'twice'),
    }),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((pieces) => {
    let position = 0;
    return pieces.flatMap(({ length, fate }): PlaceInput[] => {
      const piece: PlaceInput = { type: 'audio', position, samples: ramp(position, length) };
      position += length;
      return fate === 'lost' ? [] : fate === 'twice' ? [piece, piece] : [piece];
    });
  });

function recutAudio<Piece extends { type: string; position: number; samples: Float32Array }>(
  piece: Piece,
  cut: number,
): Piece[] {
  const at = Math.floor(cut * piece.samples.length);
  if (at === 0) return [piece];
  return [
    { ...piece, samples: piece.samples.slice(0, at) },
    { ...piece, position: piece.position + at, samples: piece.samples.slice(at) },
  ];
}

const recutPlace = (inputs: PlaceInput[], cuts: number[]): PlaceInput[] =>
  inputs.flatMap((input, i): PlaceInput[] =>
    input.type === 'audio' ? recutAudio(input, cuts[i % cuts.length]) : [input],
  );

/** All samples in a row, what of them is missing, and the gaps once they are closed. */
function placedView(outputs: Placed[]): unknown {
  const runs = outputs.flatMap((out) => (out.type === 'run' ? [out.run] : []));
  const gaps = outputs.flatMap((out) => (out.type === 'gap' && out.gap.end !== null ? [out.gap] : []));
  return { runs: runsView(runs), gaps: gaps.filter((gap) => gap.reason === 'loss') };
}

const runsView = (runs: Run[]): unknown => ({
  samples: runs.flatMap((run) => Array.from(run.samples)),
  missing: runs.flatMap((run) => Array.from(run.samples, () => run.missing)),
});

checkStageLaws({
  name: 'place',
  make: () => place({ rateHz: RATE_HZ, reorderMsMax: 100 }),
  inputs: placeInputs,
  recut: recutPlace,
  view: placedView,
});

const playoutInputs: fc.Arbitrary<PlayoutInput[]> = fc
  .array(
    fc.oneof(
      fc.record({ type: fc.constant('audio' as const), length: fc.integer({ min: 1, max: 4_000 }) }),
      fc.record({ type: fc.constant('clock' as const), length: fc.integer({ min: 0, max: 3_000 }) }),
      fc.record({ type: fc.constant('clear' as const), length: fc.constant(0) }),
    ),
    { maxLength: 20 },
  )
  .map((steps) => {
    let clock = 0;
    return steps.map(({ type, length }): PlayoutInput => {
      if (type === 'clock') clock += length;
      return type === 'audio' ? { type, position: clock, samples: ramp(1 + clock, length) } : { type, position: clock };
    });
  });

checkStageLaws({
  name: 'playout',
  make: () => playout({ rateHz: RATE_HZ }),
  inputs: playoutInputs,
  // The clock may tick finer and speech be queued in smaller pieces: what is played stays the same.
  recut: (inputs, cuts) =>
    inputs.flatMap((input, i): PlayoutInput[] => {
      const cut = cuts[i % cuts.length];
      if (input.type === 'audio')
        return recutAudio(input, cut).map((piece) => ({ ...piece, position: input.position }));
      return input.type === 'clock' ? [{ ...input, position: Math.floor(input.position * cut) }, input] : [input];
    }),
  view: runsView,
});

const runInputs: fc.Arbitrary<Run[]> = fc
  .array(fc.record({ length: fc.integer({ min: 1, max: 700 }), missing: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((pieces) => {
    let start = 0;
    return pieces.map(({ length, missing }) => {
      const run = { start, missing, samples: missing ? new Float32Array(length) : ramp(start, length) };
      start += length;
      return run;
    });
  });

const recutRuns = (runs: Run[], cuts: number[]): Run[] =>
  runs.flatMap((run, i) => {
    const at = Math.floor(cuts[i % cuts.length] * run.samples.length);
    if (at === 0) return [run];
    return [
      { ...run, samples: run.samples.slice(0, at) },
      { ...run, start: run.start + at, samples: run.samples.slice(at) },
    ];
  });

for (const [fromHz, toHz] of [
  [48_000, 16_000],
  [44_100, 16_000],
  [11_025, 8_000],
  [8_000, 8_000],
]) {
  checkStageLaws({
    name: `resample ${fromHz} to ${toHz}`,
    make: () => resample({ fromHz, toHz }),
    inputs: runInputs,
    recut: recutRuns,
    view: runsView,
  });
}

checkStageLaws<Run, Hop>({
  name: 'measure',
  make: () => measure({ rateHz: 8_000, hopSamples: 256 }),
  inputs: runInputs,
  recut: recutRuns,
});

/** Small hops of both sides in any order, loud and soft, each side numbered through. */
const sidedHops: fc.Arbitrary<SidedHop[]> = fc
  .array(
    fc.record({
      channel: fc.constantFrom('caller' as const, 'agent' as const),
      samples: fc.array(fc.integer({ min: -20_000, max: 20_000 }), { minLength: 8, maxLength: 8 }),
      divisor: fc.constantFrom(32_768, 500_000),
    }),
    { maxLength: 60 },
  )
  .map((pieces) => {
    const next = { caller: 0, agent: 0 };
    return pieces.map(({ channel, samples, divisor }): SidedHop => {
      const hopIndex = next[channel]++;
      const startSample = asSampleIndex(hopIndex * 16);
      const endSample = asSampleIndex(startSample + 16);
      const hop = { hopIndex, startSample, endSample, missing: false, frames: [] };
      return { channel, hop: { ...hop, samples: Float32Array.from(samples, (sample) => sample / divisor) } };
    });
  });

checkStageLaws<SidedHop, SidedHop>({ name: 'cancelEcho', make: () => cancelEcho(8), inputs: sidedHops });
