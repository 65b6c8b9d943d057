/**
 * Runs rows through the edge model. It takes any number of windows at once, so each stretch over which the same rows have
 * windows is one run: a single one when all rows are equally long.
 */
import type { InferenceSession } from 'onnxruntime-node';
import {
  EDGE_STATE_LENGTH,
  EDGE_VALUES_A_WINDOW,
  SPEECH_MODEL_8K,
  type SpeechRow,
  type SpeechScores,
} from '../../core/inference/speechModel.ts';
import { HIDDEN_LENGTH, type TensorClass, type WindowScores } from './batchRun.ts';
import { longestFirst } from './longestFirst.ts';

export type EdgeScores = Pick<SpeechScores, 'edgeProbabilities' | 'edgeState'>;

/** `heard`: what Silero made of the same rows. */
export async function runEdge(
  session: InferenceSession,
  Tensor: TensorClass,
  rows: readonly SpeechRow[],
  heard: readonly WindowScores[],
): Promise<EdgeScores[]> {
  const { windowSamples, historySamples } = SPEECH_MODEL_8K;
  const order = longestFirst(rows);
  const scores = rows.map(({ windowCount, edgeState }) => ({
    edgeProbabilities: new Float32Array(windowCount * EDGE_VALUES_A_WINDOW),
    edgeState: edgeState.slice(),
  }));
  let from = 0;
  let live = rows.length;
  while (live > 0) {
    const to = rows[order[live - 1]].windowCount;
    const batch = order.slice(0, live);
    const windows = to - from;
    const length = historySamples + windows * windowSamples;
    const start = from * windowSamples;
    const audio = gather(batch, length, (row) => rows[row].samples.subarray(start, start + length));
    const hidden = gather(batch, windows * HIDDEN_LENGTH, (row) =>
      heard[row].hidden.subarray(from * HIDDEN_LENGTH, to * HIDDEN_LENGTH),
    );
    const output = await session.run({
      audio: new Tensor('float32', audio, [live, length]),
      hidden: new Tensor('float32', hidden, [live, windows, HIDDEN_LENGTH]),
      state: new Tensor(
        'float32',
        gather(batch, EDGE_STATE_LENGTH, (row) => scores[row].edgeState),
        [live, EDGE_STATE_LENGTH],
      ),
    });
    const probabilities = output.probability.data as Float32Array;
    const states = output.stateN.data as Float32Array;
    const values = windows * EDGE_VALUES_A_WINDOW;
    batch.forEach((row, place) => {
      const known = probabilities.subarray(place * values, (place + 1) * values);
      scores[row].edgeProbabilities.set(known, from * EDGE_VALUES_A_WINDOW);
      scores[row].edgeState.set(states.subarray(place * EDGE_STATE_LENGTH, (place + 1) * EDGE_STATE_LENGTH));
    });
    from = to;
    while (live > 0 && rows[order[live - 1]].windowCount <= from) live -= 1;
  }
  return scores;
}

function gather(batch: readonly number[], length: number, partOf: (row: number) => Float32Array): Float32Array {
  const all = new Float32Array(batch.length * length);
  batch.forEach((row, place) => all.set(partOf(row), place * length));
  return all;
}
