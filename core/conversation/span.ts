/** Frames to positions: findings are made on ticks and told in samples of the timeline. */
import type { FactStatus } from '../facts/facts.ts';
import { asSampleIndex, FRAME_MS, FRAME_SAMPLES, type SampleIndex } from '../units/time.ts';

export const sampleOf = (frame: number): SampleIndex => asSampleIndex(frame * FRAME_SAMPLES);
export const framesOf = (ms: number): number => Math.round(ms / FRAME_MS);

interface Told {
  readonly status: FactStatus;
  readonly revision: number;
  readonly startSample: SampleIndex;
  readonly endSample: SampleIndex | null;
}

/** Something that has begun and still goes on. */
export const begun = (startFrame: number): Told => ({
  status: 'provisional',
  revision: 0,
  startSample: sampleOf(startFrame),
  endSample: null,
});

/** The same thing once it is over. */
export const over = (startFrame: number, endFrame: number): Told => ({
  status: 'final',
  revision: 1,
  startSample: sampleOf(startFrame),
  endSample: sampleOf(endFrame),
});
