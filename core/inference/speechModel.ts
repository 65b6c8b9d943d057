/**
 * The row layout of the speech model (Silero VAD): what a call hands to the batcher and gets back.
 * The recurrent state belongs to the call and travels with its row; the model keeps none.
 */
export interface SpeechModelFormat {
  readonly rateHz: 8_000 | 16_000;
  /** Samples a window advances by: 32 ms. */
  readonly windowSamples: number;
  /** Samples of the previous window that are put in front of each; feeding windows without them runs and is wrong. */
  readonly contextSamples: number;
  /** Length of the recurrent state, [2, 1, 128] flattened. */
  readonly stateLength: number;
}

export const SPEECH_MODEL_8K: SpeechModelFormat = {
  rateHz: 8_000,
  windowSamples: 256,
  contextSamples: 32,
  stateLength: 256,
};
export const SPEECH_MODEL_16K: SpeechModelFormat = {
  rateHz: 16_000,
  windowSamples: 512,
  contextSamples: 64,
  stateLength: 256,
};

/** Consecutive windows of one channel: scored in order, each with the state that the one before left. */
export interface SpeechRow {
  readonly rateHz: 8_000 | 16_000;
  readonly windowCount: number;
  /** contextSamples + windowCount x windowSamples, in [-1, 1]. */
  readonly samples: Float32Array;
  readonly state: Float32Array;
}

export interface SpeechScores {
  /** Speech probability of each window, 0..1. */
  readonly probabilities: Float32Array;
  /** The state after the last window. */
  readonly state: Float32Array;
}

/** Scores rows of many calls together. Asynchronous: this is where a call waits. */
export interface SpeechBatcher {
  score(row: SpeechRow): Promise<SpeechScores>;
}
