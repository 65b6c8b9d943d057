/**
 * Runs rows of one rate through the speech model: step k scores the k-th window of every row that has one, all rows in
 * one batch, each with its own state. Rows are sorted longest first, so the live rows of a step are always a prefix.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { SpeechModelFormat, SpeechRow, SpeechScores } from '../../core/inference/speechModel.ts';

/** Layout of the recurrent state: two layers of 128 for each row. */
const LAYERS = 2;

export type TensorClass = new (
  type: 'float32' | 'int64',
  data: Float32Array | BigInt64Array,
  dims: readonly number[],
) => Tensor;

export async function runBatch(
  session: InferenceSession,
  Tensor: TensorClass,
  format: SpeechModelFormat,
  rows: readonly SpeechRow[],
): Promise<SpeechScores[]> {
  const order = rows.map((_, index) => index).sort((a, b) => rows[b].windowCount - rows[a].windowCount);
  const scores = rows.map((row) => ({ probabilities: new Float32Array(row.windowCount), state: row.state.slice() }));
  const rate = new Tensor('int64', BigInt64Array.of(BigInt(format.rateHz)), []);
  const stepsMax = rows[order[0]].windowCount;
  let live = rows.length;
  for (let step = 0; step < stepsMax; step += 1) {
    while (rows[order[live - 1]].windowCount <= step) live -= 1;
    const batch = order.slice(0, live);
    const output = await session.run({
      input: new Tensor('float32', gatherWindows(format, rows, batch, step), [live, windowLength(format)]),
      state: new Tensor('float32', gatherStates(format, scores, batch), [LAYERS, live, layerLength(format)]),
      sr: rate,
    });
    const probabilities = output.output.data as Float32Array;
    const states = output.stateN.data as Float32Array;
    batch.forEach((row, column) => {
      scores[row].probabilities[step] = probabilities[column];
      scatterState(format, states, scores[row].state, column, live);
    });
  }
  return scores;
}

const windowLength = ({ contextSamples, windowSamples }: SpeechModelFormat): number => contextSamples + windowSamples;
const layerLength = ({ stateLength }: SpeechModelFormat): number => stateLength / LAYERS;

function gatherWindows(
  format: SpeechModelFormat,
  rows: readonly SpeechRow[],
  batch: readonly number[],
  step: number,
): Float32Array {
  const length = windowLength(format);
  const windows = new Float32Array(batch.length * length);
  const start = step * format.windowSamples;
  batch.forEach((row, column) => windows.set(rows[row].samples.subarray(start, start + length), column * length));
  return windows;
}

function gatherStates(
  format: SpeechModelFormat,
  scores: readonly SpeechScores[],
  batch: readonly number[],
): Float32Array {
  const length = layerLength(format);
  const states = new Float32Array(LAYERS * batch.length * length);
  batch.forEach((row, column) => {
    for (let layer = 0; layer < LAYERS; layer += 1) {
      const part = scores[row].state.subarray(layer * length, (layer + 1) * length);
      states.set(part, (layer * batch.length + column) * length);
    }
  });
  return states;
}

function scatterState(
  format: SpeechModelFormat,
  states: Float32Array,
  into: Float32Array,
  column: number,
  columns: number,
): void {
  const length = layerLength(format);
  for (let layer = 0; layer < LAYERS; layer += 1) {
    const start = (layer * columns + column) * length;
    into.set(states.subarray(start, start + length), layer * length);
  }
}
