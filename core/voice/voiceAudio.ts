/** What the detectors on a voice's samples take: one channel's audio at 8 kHz, in order and without holes in its numbering. */
import type { SampleIndex } from '../units/time.ts';

export const VOICE_RATE_HZ = 8_000;
/** Timeline samples in one sample of voice audio. */
export const TIMELINE_STEP = 2;
export const VOICE_SAMPLES_PER_MS = VOICE_RATE_HZ / 1_000;

export interface VoiceAudio {
  /** Of the first sample, on the call's timeline; each run starts where the one before it ended. */
  readonly startSample: SampleIndex;
  /** At 8 kHz, in [-1, 1]; zeros where audio is missing. Any length. */
  readonly samples: Float32Array;
}
