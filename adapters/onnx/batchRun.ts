/**
 * Runs rows of 8 kHz through Silero: step k scores the k-th window of every row that has one, all rows in one batch, each
 * with its own state. Rows are sorted longest first, so the live rows of a step are always a prefix.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  SPEECH_MODEL_8K,
  SPEECH_STATE_LENGTH,
  type SpeechRow,
  type SpeechScores,
} from '../../core/inference/speechModel.ts';
import { longestFirst } from './longestFirst.ts';

/** Layout of the recurrent state: the hidden and the cell values of each row. */
const LAYERS = 2;
export const HIDDEN_LENGTH = SPEECH_STATE_LENGTH / LAYERS;

/** Samples of the previous window that Silero wants in front of each; feeding windows without them runs and is wrong. */
const CONTEXT_SAMPLES = 32;
const WINDOW_LENGTH = CONTEXT_SAMPLES + SPEECH_MODEL_8K.windowSamples;

export interface WindowScores extends Pick<SpeechScores, 'probabilities' | 'state'> {
  /** Silero's hidden values after each window, HIDDEN_LENGTH a window. */
  readonly hidden: Float32Array;
}

export type TensorClass = new (
  type: 'float32' | 'int64',
  data: Float32Array | BigInt64Array,
  dims: readonly number[],
) => Tensor;

export async function runBatch(
  session: InferenceSession,
  Tensor: TensorClass,
  rows: readonly SpeechRow[],
): Promise<WindowScores[]> {
  const order = longestFirst(rows);
  const scores = rows.map(({ windowCount, state }) => ({
    probabilities: new Float32Array(windowCount),
    hidden: new Float32Array(windowCount * HIDDEN_LENGTH),
    state: state.slice(),
  }));
  const rate = new Tensor('int64', BigInt64Array.of(BigInt(SPEECH_MODEL_8K.rateHz)), []);
  const stepsMax = rows[order[0]].windowCount;
  let live = rows.length;
  for (let step = 0; step < stepsMax; step += 1) {
    while (rows[order[live - 1]].windowCount <= step) live -= 1;
    const batch = order.slice(0, live);
    const output = await session.run({
      input: new Tensor('float32', gatherWindows(rows, batch, step), [live, WINDOW_LENGTH]),
      state: new Tensor('float32', gatherStates(scores, batch), [LAYERS, live, HIDDEN_LENGTH]),
      sr: rate,
    });
    const probabilities = output.output.data as Float32Array;
    const states = output.stateN.data as Float32Array;
    batch.forEach((row, column) => {
      const { probabilities: known, hidden, state } = scores[row];
      known[step] = probabilities[column];
      scatterState(states, state, column, live);
      hidden.set(state.subarray(0, HIDDEN_LENGTH), step * HIDDEN_LENGTH);
    });
  }
  return scores;
}

function gatherWindows(rows: readonly SpeechRow[], batch: readonly number[], step: number): Float32Array {
  const windows = new Float32Array(batch.length * WINDOW_LENGTH);
  const { historySamples, windowSamples } = SPEECH_MODEL_8K;
  const start = historySamples - CONTEXT_SAMPLES + step * windowSamples;
  batch.forEach((row, column) =>
    windows.set(rows[row].samples.subarray(start, start + WINDOW_LENGTH), column * WINDOW_LENGTH),
  );
  return windows;
}

function gatherStates(scores: readonly WindowScores[], batch: readonly number[]): Float32Array {
  const states = new Float32Array(LAYERS * batch.length * HIDDEN_LENGTH);
  batch.forEach((row, column) => {
    for (let layer = 0; layer < LAYERS; layer += 1) {
      const part = scores[row].state.subarray(layer * HIDDEN_LENGTH, (layer + 1) * HIDDEN_LENGTH);
      states.set(part, (layer * batch.length + column) * HIDDEN_LENGTH);
    }
  });
  return states;
}

function scatterState(states: Float32Array, into: Float32Array, column: number, columns: number): void {
  for (let layer = 0; layer < LAYERS; layer += 1) {
    const start = (layer * columns + column) * HIDDEN_LENGTH;
    into.set(states.subarray(start, start + HIDDEN_LENGTH), layer * HIDDEN_LENGTH);
  }
}
