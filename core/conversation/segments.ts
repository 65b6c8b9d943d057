/** Speech segments: one `speech` fact for each run of speech of one side, told when it begins and when it has ended. */
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import type { LabelledTick } from './label.ts';
import { begun, over } from './span.ts';

interface SegmentState {
  /** The next frame; where an open segment ends if the call does. */
  frame: number;
  startFrame: number | null;
  power: number;
  probability: number;
}

export function segments(channel: Channel): Stage<LabelledTick, Finding> {
  let state: SegmentState = { frame: 0, startFrame: null, power: 0, probability: 0 };

  function close(emit: Emit<Finding>): void {
    if (state.startFrame === null) return;
    const frames = state.frame - state.startFrame;
    emit({
      kind: 'speech',
      ...over(state.startFrame, state.frame),
      channel,
      levelDbfs: meanLevel(state.power, frames),
      probabilityMean: round(state.probability / frames, 1_000),
    });
    state.startFrame = null;
  }

  return {
    push(tick, emit) {
      const cell = tick[channel];
      if (cell.speech) {
        const level = 10 ** (cell.levelDbfs / 10);
        if (state.startFrame === null) {
          state = { ...state, startFrame: tick.frame, power: 0, probability: 0 };
          emit({
            kind: 'speech',
            ...begun(tick.frame),
            channel,
            levelDbfs: meanLevel(level, 1),
            probabilityMean: round(cell.probability, 1_000),
          });
        }
        state.power += level;
        state.probability += cell.probability;
      } else {
        close(emit);
      }
      state.frame = tick.frame + 1;
    },
    flush: close,
    save: () => ({ ...state }),
    load(saved) {
      state = { ...(saved as SegmentState) };
    },
  };
}

const round = (value: number, steps: number): number => Math.round(value * steps) / steps;
const meanLevel = (power: number, frames: number): number => round(10 * Math.log10(power / frames + 1e-10), 10);
