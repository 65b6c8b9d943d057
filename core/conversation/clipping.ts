/** Clipping: stretches of speech in which samples stand at full scale again and again. */
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import type { LabelledTick } from './label.ts';
import { over } from './span.ts';

/** A lone full-scale sample is a peak; several in one 10 ms frame are a flat top. */
const CLIPPED_SAMPLES_MIN = 3;
const CLIPPED_FRAMES_MIN = 10;
/** The same fault goes on after a pause between words or sentences. */
const BRIDGE_FRAMES = 100;

interface ClippingState {
  startFrame: number | null;
  endFrame: number;
  clippedFrames: number;
  clippedSamples: number;
}

const NONE: ClippingState = { startFrame: null, endFrame: 0, clippedFrames: 0, clippedSamples: 0 };

/** `samplesPerFrame`: at the analysis rate, in which clipped samples are counted. */
export function clipping(channel: Channel, samplesPerFrame: number): Stage<LabelledTick, Finding> {
  let state = NONE;

  function close(emit: Emit<Finding>): void {
    const { startFrame, endFrame, clippedFrames, clippedSamples } = state;
    state = NONE;
    if (startFrame === null || clippedFrames < CLIPPED_FRAMES_MIN) return;
    const clippedShare = clippedSamples / ((endFrame - startFrame) * samplesPerFrame);
    emit({
      kind: 'clipping',
      ...over(startFrame, endFrame),
      channel,
      clippedShare: Math.round(clippedShare * 1e4) / 1e4,
    });
  }

  return {
    push(tick, emit) {
      const { clippedSamples } = tick[channel];
      if (state.startFrame !== null && tick.frame - state.endFrame >= BRIDGE_FRAMES) close(emit);
      if (clippedSamples < CLIPPED_SAMPLES_MIN) return;
      state = {
        startFrame: state.startFrame ?? tick.frame,
        endFrame: tick.frame + 1,
        clippedFrames: state.clippedFrames + 1,
        clippedSamples: state.clippedSamples + clippedSamples,
      };
    },
    flush: close,
    save: () => ({ ...state }),
    load(saved) {
      state = { ...(saved as ClippingState) };
    },
  };
}
