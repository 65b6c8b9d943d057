/** A speech model made of arithmetic: probability by level. Deterministic, with a state that has to travel to be right. */
import type { SpeechBatcher, SpeechRow, SpeechScores } from '../../core/inference/speechModel.ts';

export const fakeBatcher: SpeechBatcher = { score: (row) => Promise.resolve(scoreByLevel(row)) };

export function scoreByLevel({ samples, windowCount, rateHz, state }: SpeechRow): SpeechScores {
  const context = rateHz / 250;
  const window = (samples.length - context) / windowCount;
  const probabilities = new Float32Array(windowCount);
  let memory = state[0];
  for (let k = 0; k < windowCount; k += 1) {
    let energy = 0;
    for (let i = 0; i < window; i += 1) energy += samples[context + k * window + i] ** 2;
    const loud = energy / window > 1e-5 ? 1 : 0;
    memory = 0.3 * memory + 0.7 * loud;
    probabilities[k] = memory;
  }
  const next = state.slice();
  next[0] = memory;
  return { probabilities, state: next };
}
