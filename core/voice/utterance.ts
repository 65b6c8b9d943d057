/** What is gathered of one utterance, window by window. Its audio is not kept: periods are measured as it passes. */
import { FRAME_MS } from '../units/time.ts';
import { addTo, noMean, type WeightedMean } from '../units/weightedMean.ts';
import { VOICE_FORMAT } from '../inference/windowModel.ts';
import { periodMeasures } from './periods.ts';
import { arousalOf, nucleusOf, pitchOf, VOICED } from './voiceModels.ts';
import { isSpeechFrame, type MeasuredWindow } from './windows.ts';

/** Its frames that lie in one window. */
export interface Piece {
  readonly levelDbfs: Float32Array;
  /** 1: speech. */
  readonly speech: Uint8Array;
  /** 0 where unvoiced; null where pitch was not measured. */
  readonly f0Hz: Float32Array | null;
  readonly nucleus: Float32Array | null;
}

export interface Utterance {
  readonly startFrame: number;
  /** One past its last speech frame so far. */
  endFrame: number;
  speechFrames: number;
  readonly pieces: Piece[];
  /** Weighted by periods. */
  readonly jitter: WeightedMean;
  readonly shimmer: WeightedMean;
  readonly harmonicity: WeightedMean;
  /** Weighted by speech frames. */
  readonly arousal: WeightedMean;
}

export const beginUtterance = (startFrame: number): Utterance => ({
  startFrame,
  endFrame: startFrame,
  speechFrames: 0,
  pieces: [],
  jitter: noMean(),
  shimmer: noMean(),
  harmonicity: noMean(),
  arousal: noMean(),
});

/** Adds the window's frames [from, to). */
export function gather(utterance: Utterance, window: MeasuredWindow, from: number, to: number): void {
  if (to <= from) return;
  const { columns, scores } = window;
  const speech = Uint8Array.from({ length: to - from }, (_, i) => (isSpeechFrame(columns, from + i) ? 1 : 0));
  const pitch = pitchOf(scores);
  const f0Hz = pitch?.f0Hz.slice(from, to).map((hz, i) => (pitch.voicing[from + i] >= VOICED ? hz : 0)) ?? null;
  const nucleus = nucleusOf(scores)?.slice(from, to) ?? null;
  utterance.pieces.push({ levelDbfs: columns.levelDbfs.slice(from, to), speech, f0Hz, nucleus });
  if (f0Hz !== null) addPeriods(utterance, window.samples, f0Hz, speech, from);
  const arousal = arousalOf(scores);
  if (arousal !== null) addArousal(utterance.arousal, arousal, columns.flags.length / arousal.length, speech, from);
}

function addPeriods(
  { jitter, shimmer, harmonicity }: Utterance,
  samples: Float32Array,
  f0Hz: Float32Array,
  speech: Uint8Array,
  from: number,
): void {
  const { rateHz } = VOICE_FORMAT;
  const frameSamples = (rateHz * FRAME_MS) / 1_000;
  const voice = Array.from(f0Hz, (hz, i) => (hz > 0 && speech[i] === 1 ? hz : null));
  const audio = samples.subarray(from * frameSamples, (from + f0Hz.length) * frameSamples);
  const { jitterPercent, shimmerPercent, harmonicityDb, periods } = periodMeasures({
    samples: audio,
    rateHz,
    f0Hz: voice,
  });
  addTo(jitter, jitterPercent, periods);
  addTo(shimmer, shimmerPercent, periods);
  addTo(harmonicity, harmonicityDb, periods);
}

function addArousal(
  into: WeightedMean,
  arousal: Float32Array,
  stepFrames: number,
  speech: Uint8Array,
  from: number,
): void {
  speech.forEach((isSpeech, i) => {
    if (isSpeech === 1) addTo(into, arousal[Math.floor((from + i) / stepFrames)], 1);
  });
}
