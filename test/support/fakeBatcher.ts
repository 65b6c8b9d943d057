/** Speech models made of arithmetic: probability by level. Deterministic, with states that have to travel to be right. */
import {
  EDGE_DELAY_MS,
  EDGE_STATE_LENGTH,
  EDGE_VALUES_A_WINDOW,
  SPEECH_MODEL_16K,
  SPEECH_MODEL_8K,
  type SpeechRow,
  type SpeechScores,
} from '../../core/inference/speechModel.ts';
import {
  VOICE_FORMAT,
  type ModelBatcher,
  type WindowRow,
  type WindowScores,
} from '../../core/inference/windowModel.ts';

const EDGE_DELAY_VALUES = (EDGE_DELAY_MS / 32) * EDGE_VALUES_A_WINDOW;

export const fakeBatcher: ModelBatcher = {
  formats: [VOICE_FORMAT],
  score: (row) => Promise.resolve(scoreByLevel(row)),
  measure: (row) => Promise.resolve(measureByLevel(row)),
};

/** Window models made of arithmetic: everything follows from the level of each 10 ms of the window, and of its context. */
export function measureByLevel({ samples }: WindowRow): WindowScores {
  const frameSamples = VOICE_FORMAT.rateHz / 100;
  const levelOf = (frame: number): number => {
    const from = (VOICE_FORMAT.beforeFrames + frame) * frameSamples;
    return Math.sqrt(samples.subarray(from, from + frameSamples).reduce((sum, x) => sum + x * x, 0) / frameSamples);
  };
  const levels = Float32Array.from({ length: VOICE_FORMAT.windowFrames }, (_, frame) => levelOf(frame));
  const steps = Float32Array.from({ length: VOICE_FORMAT.windowFrames / 16 }, (_, step) => levels[step * 16]);
  return {
    pitch: { f0_hz: levels.map((level) => 100 + 100 * level), voicing: levels.map((level) => (level > 0.01 ? 1 : 0)) },
    quality: {
      garbled: steps.map((level) => (level > 0.3 ? 0.8 : 0.1)),
      intelligibility: steps.map((level) => Math.min(1, level * 5)),
      signal: steps.map((level) => 1 + level),
      background: steps.map((level) => 5 - level),
      overall: steps.map((level) => 3 - level + levelOf(-10) - levelOf(VOICE_FORMAT.windowFrames + 10)),
    },
    syllables: { nucleus: levels.map((level, frame) => (frame % 20 === 0 && level > 0.01 ? 1 : 0)) },
    arousal: { arousal: steps },
  };
}

export function scoreByLevel({ samples, windowCount, rateHz, state, edgeState }: SpeechRow): SpeechScores {
  const { windowSamples: window, historySamples: history } = rateHz === 8_000 ? SPEECH_MODEL_8K : SPEECH_MODEL_16K;
  const probabilities = new Float32Array(windowCount);
  let memory = state[0];
  for (let k = 0; k < windowCount; k += 1) {
    let energy = 0;
    for (let i = 0; i < window; i += 1) energy += samples[history + k * window + i] ** 2;
    const loud = energy / window > 1e-5 ? 1 : 0;
    memory = 0.3 * memory + 0.7 * loud;
    probabilities[k] = memory;
  }
  const next = state.slice();
  next[0] = memory;
  return { probabilities, state: next, ...edgesByLevel(samples, history, window, windowCount, edgeState) };
}

/** The level of each 8 ms, given out as late as the real model does; what is not given out yet is the state. */
function edgesByLevel(
  samples: Float32Array,
  history: number,
  window: number,
  windowCount: number,
  edgeState: Float32Array,
): Pick<SpeechScores, 'edgeProbabilities' | 'edgeState'> {
  const part = window / EDGE_VALUES_A_WINDOW;
  const loud = Array.from({ length: windowCount * EDGE_VALUES_A_WINDOW }, (_, value) => {
    const at = history + value * part;
    const energy = samples.subarray(at, at + part).reduce((sum, sample) => sum + sample * sample, 0);
    return energy / part > 1e-5 ? 1 : 0;
  });
  const all = [...edgeState.subarray(0, EDGE_DELAY_VALUES), ...loud];
  const next = new Float32Array(EDGE_STATE_LENGTH);
  next.set(all.slice(-EDGE_DELAY_VALUES));
  return { edgeProbabilities: Float32Array.from(all.slice(0, loud.length)), edgeState: next };
}
