/**
 * Dead air: both sides silent for 3 s or more, counted once. The silence before anybody has spoken belongs to setting the
 * call up and is left out. The floor is owed by the side that did not speak last.
 */
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import { otherChannel, type Channel } from '../units/channel.ts';
import type { LabelledTick } from './label.ts';
import type { ConversationLimits } from './limits.ts';
import { begun, framesOf, over } from './span.ts';

interface DeadAirState {
  frame: number;
  silentSince: number | null;
  lastSpeaker: Channel | null;
}

export function deadAir({ deadAirMs }: ConversationLimits): Stage<LabelledTick, Finding> {
  const framesMin = framesOf(deadAirMs);
  let state: DeadAirState = { frame: 0, silentSince: null, lastSpeaker: null };

  function close(emit: Emit<Finding>): void {
    const { silentSince, frame, lastSpeaker } = state;
    state.silentSince = null;
    if (silentSince === null || lastSpeaker === null || frame - silentSince < framesMin) return;
    emit({ kind: 'dead_air', ...over(silentSince, frame), owedBy: otherChannel(lastSpeaker) });
  }

  return {
    push(tick, emit) {
      const { frame, caller, agent } = tick;
      if (caller.speech || agent.speech) {
        close(emit);
        state.lastSpeaker = lastOf(tick, state.lastSpeaker);
      } else if (state.lastSpeaker !== null) {
        state.silentSince ??= frame;
        if (frame + 1 - state.silentSince === framesMin) {
          emit({ kind: 'dead_air', ...begun(state.silentSince), owedBy: otherChannel(state.lastSpeaker) });
        }
      }
      state.frame = frame + 1;
    },
    flush: close,
    save: () => ({ ...state }),
    load(saved) {
      state = { ...(saved as DeadAirState) };
    },
  };
}

/** While both speak, whoever spoke last before keeps that role: the one who goes on longer decides. */
function lastOf({ caller, agent }: LabelledTick, before: Channel | null): Channel {
  if (caller.speech && agent.speech) return before ?? 'caller';
  return caller.speech ? 'caller' : 'agent';
}
