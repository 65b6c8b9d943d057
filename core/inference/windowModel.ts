/**
 * Models that hear how people speak: what a call hands to the batcher and gets back. Each reads a window of one channel with
 * some audio before and after it, and keeps no state, so windows of all calls share a batch and any window can be asked again.
 */
import type { SpeechBatcher } from './speechModel.ts';

/** How audio is cut for one or more models. Window k covers frames [k, k + 1) x windowFrames of the call's timeline. */
export interface WindowFormat {
  readonly name: string;
  readonly rateHz: 8_000 | 16_000;
  /** Length in frames of 10 ms. */
  readonly windowFrames: number;
  /** Audio that the models want before and after the window; zeros outside the call. */
  readonly beforeFrames: number;
  readonly afterFrames: number;
  /** A window is asked for when this share of its frames is speech, or any frame where this is 0. */
  readonly speechShareMin: number;
}

/** The format of Earshot's own models: telephone band, whatever the call's rate. */
export const VOICE_FORMAT: WindowFormat = {
  name: 'voice',
  rateHz: 8_000,
  windowFrames: 128,
  beforeFrames: 64,
  afterFrames: 64,
  speechShareMin: 0,
};

export interface WindowRow {
  /** The format's name. */
  readonly format: string;
  /** (beforeFrames + windowFrames + afterFrames) of 10 ms at the format's rate, in [-1, 1]. */
  readonly samples: Float32Array;
}

/** One model's outputs by name, each with its values in the order of time. */
export type ModelOutputs = Readonly<Record<string, Float32Array>>;

/** Why a model that was asked said nothing: overload dropped it, or it broke. */
export type Unmeasured = 'shed' | 'failed';

/** By the models' names. */
export type WindowScores = Readonly<Record<string, ModelOutputs | Unmeasured>>;

export function outputsOf(scores: WindowScores | null, model: string): ModelOutputs | null {
  const outputs = scores?.[model];
  return outputs === undefined || typeof outputs === 'string' ? null : outputs;
}

/** The batcher of all models. `formats`: the windows that its models want; none where all are switched off. */
export interface ModelBatcher extends SpeechBatcher {
  readonly formats: readonly WindowFormat[];
  measure(row: WindowRow): Promise<WindowScores>;
}
