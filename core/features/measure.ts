/**
 * Cuts a channel's audio into hops of 32 ms for the speech model, and measures each 10 ms frame that ends within the hop:
 * level, clipping, missing audio.
 */
import { asSampleIndex, FRAME_MS, TIMELINE_RATE_HZ, type SampleIndex } from '../units/time.ts';
import type { Emit, Stage, StageState } from '../stage/stage.ts';
import type { Run } from '../audio/place.ts';

export interface Frame {
  /** RMS level in dBFS (a full-scale square wave is 0), not below LEVEL_DBFS_MIN. */
  readonly levelDbfs: number;
  readonly peak: number;
  readonly clippedSamples: number;
  readonly missing: boolean;
}

export interface Hop {
  readonly hopIndex: number;
  /** Where it lies on the call's timeline; only the call's last hop may be shorter than its window. */
  readonly startSample: SampleIndex;
  readonly endSample: SampleIndex;
  /** One window of the speech model, at the analysis rate. */
  readonly samples: Float32Array;
  /** No sample of this hop ever came. */
  readonly missing: boolean;
  /** The frames that end within this hop, in order: three or four. */
  readonly frames: readonly Frame[];
}

export const LEVEL_DBFS_MIN = -100;
/** G.711's top steps decode to 0.965..0.98 of full scale, so a clipped wave may come out that much lower. */
const CLIP_LEVEL = 0.965;

export interface MeasureOptions {
  readonly rateHz: number;
  readonly hopSamples: number;
}

interface MeasureState {
  hopIndex: number;
  hop: Float32Array;
  hopFill: number;
  hopMissing: number;
  frames: Frame[];
  frameFill: number;
  energy: number;
  peak: number;
  clipped: number;
  frameMissing: number;
}

export function measure({ rateHz, hopSamples }: MeasureOptions): Stage<Run, Hop> {
  const frameLength = (rateHz * FRAME_MS) / 1000;
  const timelineStep = TIMELINE_RATE_HZ / rateHz;
  let state: MeasureState = freshState(hopSamples);

  function endFrame(): void {
    state.frames.push({
      levelDbfs: levelDbfs(state.energy / frameLength),
      peak: state.peak,
      clippedSamples: state.clipped,
      missing: state.frameMissing > 0,
    });
    state.frameFill = state.energy = state.peak = state.clipped = state.frameMissing = 0;
  }

  function endHop(emit: Emit<Hop>): void {
    const { hopIndex, hop, hopFill, frames, hopMissing } = state;
    const startSample = asSampleIndex(hopIndex * hopSamples * timelineStep);
    const endSample = asSampleIndex(startSample + hopFill * timelineStep);
    emit({ hopIndex, startSample, endSample, samples: hop, missing: hopMissing === hopFill, frames });
    state.hopIndex += 1;
    state.hop = new Float32Array(hopSamples);
    state.frames = [];
    state.hopFill = state.hopMissing = 0;
  }

  return {
    push({ samples, missing }, emit) {
      for (const sample of samples) {
        const magnitude = Math.abs(sample);
        state.energy += sample * sample;
        if (magnitude > state.peak) state.peak = magnitude;
        if (magnitude >= CLIP_LEVEL) state.clipped += 1;
        if (missing) {
          state.frameMissing += 1;
          state.hopMissing += 1;
        }
        state.hop[state.hopFill] = sample;
        state.hopFill += 1;
        state.frameFill += 1;
        if (state.frameFill === frameLength) endFrame();
        if (state.hopFill === hopSamples) endHop(emit);
      }
    },
    flush(emit) {
      if (state.hopFill > 0) endHop(emit);
    },
    save: () => structuredClone(state),
    load(saved: StageState) {
      state = structuredClone(saved) as MeasureState;
    },
  };
}

const freshState = (hopSamples: number): MeasureState => ({
  hopIndex: 0,
  hop: new Float32Array(hopSamples),
  hopFill: 0,
  hopMissing: 0,
  frames: [],
  frameFill: 0,
  energy: 0,
  peak: 0,
  clipped: 0,
  frameMissing: 0,
});

const levelDbfs = (meanSquare: number): number =>
  meanSquare <= 0 ? LEVEL_DBFS_MIN : Math.max(LEVEL_DBFS_MIN, 10 * Math.log10(meanSquare));
