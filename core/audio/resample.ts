/**
 * Band-limited resampling by a rational ratio: a polyphase windowed-sinc filter (Kaiser window; Smith, "Digital Audio
 * Resampling", section "Theory of Operation"). Output sample k sits exactly at input time k / toHz, so the timeline is not
 * shifted. The low-pass lies under the lower of the two Nyquist limits: nothing above it folds back.
 */
import type { Emit, Stage, StageState } from '../stage/stage.ts';
import type { Run } from './place.ts';

/** Zero crossings of the sinc on each side, in samples of the lower rate; with beta 9 the stop band lies under -85 dB. */
const ZERO_CROSSINGS = 32;
const KAISER_BETA = 9;
/** The pass band ends here, as a share of the lower Nyquist limit; the rest is the filter's transition. */
const CUTOFF = 0.9;

interface ResampleState {
  /** Input samples still needed, the first of them at input index `historyStart`. */
  history: Float32Array;
  historyStart: number;
  inputEnd: number;
  outputEnd: number;
  /** Where missing turns on or off, as output indices, from the one in force on. */
  marks: { outputStart: number; missing: boolean }[];
}

export function resample({ fromHz, toHz }: { readonly fromHz: number; readonly toHz: number }): Stage<Run, Run> {
  return fromHz === toHz ? passThrough() : convert(polyphase(fromHz, toHz));
}

function convert({ up, down, half, taps }: Polyphase): Stage<Run, Run> {
  let state: ResampleState = {
    history: new Float32Array(half),
    historyStart: -half,
    inputEnd: 0,
    outputEnd: 0,
    marks: [],
  };

  /** Emits outputs up to `outputEnd`, split where missing changes. */
  function emitUntil(outputEnd: number, emit: Emit<Run>): void {
    while (state.outputEnd < outputEnd) {
      const [{ missing }, nextMark] = state.marks;
      const end = nextMark === undefined ? outputEnd : Math.min(outputEnd, nextMark.outputStart);
      if (end > state.outputEnd) {
        const samples = filter(state.history, state.historyStart, state.outputEnd, end);
        emit({ start: state.outputEnd, samples, missing });
        state.outputEnd = end;
      }
      if (nextMark !== undefined && nextMark.outputStart <= state.outputEnd) state.marks.shift();
    }
    const needed = Math.floor((state.outputEnd * down) / up) - half;
    if (needed > state.historyStart) {
      state.history = state.history.slice(needed - state.historyStart);
      state.historyStart = needed;
    }
  }

  function filter(history: Float32Array, historyStart: number, from: number, to: number): Float32Array {
    const output = new Float32Array(to - from);
    const tapCount = 2 * half;
    for (let k = from; k < to; k += 1) {
      const at = k * down;
      const phase = at % up;
      const first = (at - phase) / up - half + 1 - historyStart;
      const tap = phase * tapCount;
      let sum = 0;
      for (let i = 0; i < tapCount; i += 1) sum += history[first + i] * taps[tap + i];
      output[k - from] = sum;
    }
    return output;
  }

  function append(samples: Float32Array): void {
    const joined = new Float32Array(state.history.length + samples.length);
    joined.set(state.history);
    joined.set(samples, state.history.length);
    state.history = joined;
  }

  return {
    push({ samples, missing }, emit) {
      if (state.marks.at(-1)?.missing !== missing) {
        state.marks.push({ outputStart: Math.floor((state.inputEnd * up) / down), missing });
      }
      append(samples);
      state.inputEnd += samples.length;
      const computable = Math.floor(((state.inputEnd - half) * up - 1) / down) + 1;
      if (computable > state.outputEnd) emitUntil(computable, emit);
    },
    flush(emit) {
      const outputEnd = Math.floor((state.inputEnd * up) / down);
      if (outputEnd <= state.outputEnd) return;
      append(new Float32Array(2 * half));
      emitUntil(outputEnd, emit);
    },
    save: (): StageState => structuredClone(state),
    load(saved) {
      state = structuredClone(saved) as ResampleState;
    },
  };
}

function passThrough(): Stage<Run, Run> {
  return {
    push: (run, emit) => emit(run),
    flush: () => undefined,
    save: () => null,
    load: () => undefined,
  };
}

interface Polyphase {
  readonly up: number;
  readonly down: number;
  /** Taps on each side of an output sample, in input samples. */
  readonly half: number;
  /** `up` phases of 2 x half taps, each phase summing to one so that a constant stays itself. */
  readonly taps: Float32Array;
}

function polyphase(fromHz: number, toHz: number): Polyphase {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const up = toHz / divisor;
  const down = fromHz / divisor;
  const bandwidth = Math.min(1, up / down) * CUTOFF;
  const half = Math.ceil(ZERO_CROSSINGS / Math.min(1, up / down));
  const taps = new Float32Array(up * 2 * half);
  for (let phase = 0; phase < up; phase += 1) {
    const row = taps.subarray(phase * 2 * half, (phase + 1) * 2 * half);
    for (let i = 0; i < row.length; i += 1) {
      const distance = i - half + 1 - phase / up;
      row[i] = bandwidth * sinc(bandwidth * distance) * kaiser(distance / half);
    }
    const gain = row.reduce((sum, tap) => sum + tap, 0);
    for (let i = 0; i < row.length; i += 1) row[i] /= gain;
  }
  return { up, down, half, taps };
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const kaiser = (x: number): number =>
  Math.abs(x) > 1 ? 0 : bessel0(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel0(KAISER_BETA);

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 40; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
