/**
 * Halves a row's rate from 16 to 8 kHz, which is what the speech models hear. A row brings what the filter reaches back to,
 * so consecutive rows give the same samples as one long one.
 */
import { HALVING_TAPS, SPEECH_MODEL_8K, type SpeechRow } from '../../core/inference/speechModel.ts';

/** Half of the rate that is kept, a little lower: what lies above the kept band has to be gone before it folds back. */
const CUTOFF = 0.24;
const MIDDLE = (HALVING_TAPS - 1) / 2;

/** A windowed sinc (Blackman), at gain 1 for constant signals. */
const TAPS = normalized(
  Float32Array.from({ length: HALVING_TAPS }, (_, k) => {
    const t = k - MIDDLE;
    const sinc = t === 0 ? 2 * CUTOFF : Math.sin(2 * Math.PI * CUTOFF * t) / (Math.PI * t);
    const turn = (2 * Math.PI * (k + 1)) / (HALVING_TAPS + 1);
    return sinc * (0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn));
  }),
);

export function halved(row: SpeechRow): SpeechRow {
  const { windowSamples, historySamples, rateHz } = SPEECH_MODEL_8K;
  const samples = new Float32Array(historySamples + row.windowCount * windowSamples);
  for (let i = 0; i < samples.length; i += 1) {
    let sum = 0;
    for (let k = 0; k < HALVING_TAPS; k += 1) sum += TAPS[k] * row.samples[2 * i + k];
    samples[i] = sum;
  }
  return { ...row, rateHz, samples };
}

function normalized(taps: Float32Array): Float32Array {
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
