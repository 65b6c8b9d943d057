/**
 * The row layout of the speech models: what a call hands to the batcher and gets back. Two networks read each row: Silero
 * VAD says how sure it is of speech in each window; the edge model, which reads Silero's hidden state beside the audio, says
 * for each 8 ms, a little later, whether it was speech. Both hear 8 kHz: a row of 16 kHz is halved before they do. The
 * recurrent states belong to the call and travel with its row; the models keep none.
 */
export interface SpeechModelFormat {
  readonly rateHz: 8_000 | 16_000;
  /** Samples a window advances by: 32 ms. */
  readonly windowSamples: number;
  /** Samples in front of a row's first window: what either network wants, and the halving filter where there is one. */
  readonly historySamples: number;
}

/** Silero's recurrent state, [2, 1, 128] flattened, and the edge model's. */
export const SPEECH_STATE_LENGTH = 256;
export const EDGE_STATE_LENGTH = 624;

/** What the edge model tells of each window: four values of 8 ms each, about audio this much earlier. */
export const EDGE_VALUES_A_WINDOW = 4;
export const EDGE_DELAY_MS = 400;

/** Taps of the filter in front of a halving of the rate; a row of 16 kHz begins with what they reach back to. */
export const HALVING_TAPS = 63;

export const SPEECH_MODEL_8K: SpeechModelFormat = { rateHz: 8_000, windowSamples: 256, historySamples: 64 };
export const SPEECH_MODEL_16K: SpeechModelFormat = {
  rateHz: 16_000,
  windowSamples: 512,
  historySamples: 2 * SPEECH_MODEL_8K.historySamples + HALVING_TAPS - 1,
};

/** Consecutive windows of one channel: scored in order, each with the state that the one before left. */
export interface SpeechRow {
  readonly rateHz: 8_000 | 16_000;
  readonly windowCount: number;
  /** historySamples + windowCount x windowSamples, in [-1, 1]. */
  readonly samples: Float32Array;
  readonly state: Float32Array;
  readonly edgeState: Float32Array;
}

export interface SpeechScores {
  /** Speech probability of each window, 0..1. */
  readonly probabilities: Float32Array;
  /** EDGE_VALUES_A_WINDOW a window: probability of speech, 0..1, EDGE_DELAY_MS earlier. */
  readonly edgeProbabilities: Float32Array;
  /** The states after the last window. */
  readonly state: Float32Array;
  readonly edgeState: Float32Array;
}

/** Scores rows of many calls together. Asynchronous: this is where a call waits. */
export interface SpeechBatcher {
  score(row: SpeechRow): Promise<SpeechScores>;
}
