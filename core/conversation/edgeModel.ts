/**
 * The edge model: a small network that tells speech from noise frame by frame, from the features of the frames around it.
 * Too small to be worth a row in a batch: some 4,400 multiplications a frame, and only where the level cannot decide.
 * models/speech-edge tells how it was trained and how good it is.
 */
import { EDGE_MODEL } from './edgeModelWeights.ts';
import { FEATURES_A_FRAME } from './speechFeatures.ts';

/** How many frames after a frame the network looks at. */
export const EDGE_FRAMES_AHEAD = Math.max(...EDGE_MODEL.offsets);
const FRAMES_BEHIND = -Math.min(...EDGE_MODEL.offsets);
/** Rows of features that have to be at hand for one frame. */
export const EDGE_WINDOW_FRAMES = FRAMES_BEHIND + 1 + EDGE_FRAMES_AHEAD;

interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** outputs x inputs. */
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

const LAYERS = layersOf(EDGE_MODEL.sizes, EDGE_MODEL.weightsBase64);
const buffers = EDGE_MODEL.sizes.map((size) => new Float32Array(size));

/**
 * Probability that frame `at` is speech. `features` is a ring of rows of FEATURES_A_FRAME numbers, frame k in row
 * k modulo `rows`; frames before the call's start count as nothing.
 */
export function edgeProbability(features: Float32Array, rows: number, at: number): number {
  const input = buffers[0];
  EDGE_MODEL.offsets.forEach((offset, place) => {
    const frame = at + offset;
    const into = place * FEATURES_A_FRAME;
    if (frame < 0) {
      input.fill(0, into, into + FEATURES_A_FRAME);
      return;
    }
    const from = (frame % rows) * FEATURES_A_FRAME;
    for (let i = 0; i < FEATURES_A_FRAME; i += 1) input[into + i] = features[from + i];
  });
  LAYERS.forEach((layer, index) => {
    const isLast = index === LAYERS.length - 1;
    apply(layer, buffers[index], buffers[index + 1]);
    if (!isLast) rectify(buffers[index + 1]);
  });
  return 1 / (1 + Math.exp(-buffers[LAYERS.length][0]));
}

function apply({ inputs, outputs, weights, biases }: Layer, input: Float32Array, output: Float32Array): void {
  for (let o = 0; o < outputs; o += 1) {
    let sum = biases[o];
    const row = o * inputs;
    for (let i = 0; i < inputs; i += 1) sum += weights[row + i] * input[i];
    output[o] = sum;
  }
}

function rectify(values: Float32Array): void {
  for (let i = 0; i < values.length; i += 1) if (values[i] < 0) values[i] = 0;
}

/** float32, little-endian: for each layer its weights, then its biases. */
function layersOf(sizes: readonly number[], base64: string): Layer[] {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const values = new Float32Array(bytes.buffer);
  let at = 0;
  return sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index];
    const weights = values.subarray(at, at + inputs * outputs);
    const biases = values.subarray(at + inputs * outputs, at + inputs * outputs + outputs);
    at += inputs * outputs + outputs;
    return { inputs, outputs, weights, biases };
  });
}
