/** Overlaps: runs in which both sides speak, of 100 ms or more. */
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import type { LabelledTick } from './label.ts';
import type { ConversationLimits } from './limits.ts';
import { begun, framesOf, over } from './span.ts';

interface OverlapState {
  frame: number;
  callerOnset: number;
  agentOnset: number;
  callerOn: boolean;
  agentOn: boolean;
  startFrame: number | null;
  startedBy: Channel;
}

export function overlaps({ overlapMsMin }: ConversationLimits): Stage<LabelledTick, Finding> {
  const framesMin = framesOf(overlapMsMin);
  let state: OverlapState = {
    frame: 0,
    callerOnset: 0,
    agentOnset: 0,
    callerOn: false,
    agentOn: false,
    startFrame: null,
    startedBy: 'caller',
  };

  function noteOnsets({ frame, caller, agent }: LabelledTick): void {
    if (caller.speech && !state.callerOn) state.callerOnset = frame;
    if (agent.speech && !state.agentOn) state.agentOnset = frame;
    state.callerOn = caller.speech;
    state.agentOn = agent.speech;
  }

  function close(emit: Emit<Finding>): void {
    const { startFrame, frame, startedBy } = state;
    state.startFrame = null;
    if (startFrame === null || frame - startFrame < framesMin) return;
    emit({ kind: 'overlap', ...over(startFrame, frame), startedBy });
  }

  return {
    push(tick, emit) {
      noteOnsets(tick);
      if (!state.callerOn || !state.agentOn) {
        close(emit);
      } else {
        if (state.startFrame === null) {
          state.startFrame = tick.frame;
          state.startedBy = state.callerOnset >= state.agentOnset ? 'caller' : 'agent';
        }
        if (tick.frame + 1 - state.startFrame === framesMin) {
          emit({ kind: 'overlap', ...begun(state.startFrame), startedBy: state.startedBy });
        }
      }
      state.frame = tick.frame + 1;
    },
    flush: close,
    save: () => ({ ...state }),
    load(saved) {
      state = { ...(saved as OverlapState) };
    },
  };
}
