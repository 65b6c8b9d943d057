/** Earshot's own window models: their names in the order of importance, and their outputs as the stages read them. */
import { outputsOf, type WindowScores } from '../inference/windowModel.ts';

/** Overload drops the last first. */
export const VOICE_MODELS: readonly string[] = ['pitch', 'quality', 'syllables', 'arousal'];

/** A frame is voiced from this confidence on. */
export const VOICED = 0.5;

/** One value each 10 ms. */
export interface PitchScores {
  readonly f0Hz: Float32Array;
  readonly voicing: Float32Array;
}

/** One value each 160 ms. */
export interface QualityScores {
  /** Probability of sound like speech that is none: scrambled, reversed. */
  readonly garbled: Float32Array;
  readonly intelligibility: Float32Array;
  readonly signal: Float32Array;
  readonly background: Float32Array;
  readonly overall: Float32Array;
}

export function pitchOf(scores: WindowScores | null): PitchScores | null {
  const outputs = outputsOf(scores, 'pitch');
  return outputs === null ? null : { f0Hz: outputs.f0_hz, voicing: outputs.voicing };
}

export function qualityOf(scores: WindowScores | null): QualityScores | null {
  const outputs = outputsOf(scores, 'quality');
  if (outputs === null) return null;
  const { intelligibility, garbled, signal, background, overall } = outputs;
  return { intelligibility, garbled, signal, background, overall };
}

/** Probability, each 10 ms, that the centre of a syllable's nucleus lies there. */
export const nucleusOf = (scores: WindowScores | null): Float32Array | null =>
  outputsOf(scores, 'syllables')?.nucleus ?? null;

/** Arousal, 0..1, a value a step. */
export const arousalOf = (scores: WindowScores | null): Float32Array | null =>
  outputsOf(scores, 'arousal')?.arousal ?? null;
