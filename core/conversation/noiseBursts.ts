/** Noise bursts: sound on the caller's side, clearly audible and no speech, while the agent speaks. */
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { LabelledTick } from './label.ts';
import { over } from './span.ts';

/** Quieter sounds do not trigger anybody's voice detector. */
const BURST_DBFS_MIN = -45;
const BURST_FRAMES_MIN = 5;
const BRIDGE_FRAMES = 20;

interface BurstState {
  startFrame: number | null;
  endFrame: number;
  loudFrames: number;
  peakDbfs: number;
  touchesSpeech: boolean;
}

const NONE: BurstState = { startFrame: null, endFrame: 0, loudFrames: 0, peakDbfs: -100, touchesSpeech: false };

export function noiseBursts(): Stage<LabelledTick, Finding> {
  let state = NONE;

  function close(emit: Emit<Finding>): void {
    const { startFrame, endFrame, loudFrames, peakDbfs, touchesSpeech } = state;
    state = NONE;
    if (startFrame === null || touchesSpeech || loudFrames < BURST_FRAMES_MIN) return;
    emit({ kind: 'noise_burst', ...over(startFrame, endFrame), channel: 'caller', levelDbfs: peakDbfs });
  }

  return {
    push({ frame, caller, agent }, emit) {
      const loud = caller.audible && !caller.echo && caller.levelDbfs >= BURST_DBFS_MIN;
      const near = state.startFrame !== null && frame - state.endFrame < BRIDGE_FRAMES;
      if (!near) close(emit);
      if (near && caller.speech) state = { ...state, touchesSpeech: true };
      if (!loud || caller.speech || (!agent.speech && !near)) return;
      state = {
        startFrame: state.startFrame ?? frame,
        endFrame: frame + 1,
        loudFrames: state.loudFrames + 1,
        peakDbfs: Math.max(state.peakDbfs, Math.round(caller.levelDbfs * 10) / 10),
        touchesSpeech: state.touchesSpeech,
      };
    },
    flush: close,
    save: () => ({ ...state }),
    load(saved) {
      state = { ...(saved as BurstState) };
    },
  };
}
