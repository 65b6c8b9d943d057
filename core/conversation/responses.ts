/**
 * Responses: the wait from the caller's end of speech to the agent's onset, in ordinary exchanges only: the agent was
 * silent when the caller ended, and was the next to speak.
 */
import type { Finding } from '../facts/facts.ts';
import type { Tap } from '../facts/openCall.ts';
import type { Stage } from '../stage/stage.ts';
import type { LabelledTick } from './label.ts';
import { over, sampleOf } from './span.ts';

interface ResponseState {
  callerOn: boolean;
  agentOn: boolean;
  /** Where the caller ended while the agent was silent and owes an answer; null when nobody waits. */
  waitingSince: number | null;
}

export function responses(tap: Tap): Stage<LabelledTick, Finding> {
  let state: ResponseState = { callerOn: false, agentOn: false, waitingSince: null };

  return {
    push({ frame, caller, agent }, emit) {
      if (state.callerOn && !caller.speech && !agent.speech) state.waitingSince = frame;
      if (caller.speech && !agent.speech) state.waitingSince = null;
      if (agent.speech) {
        // Both in one frame: the agent starts as the caller ends.
        const waitingSince = state.callerOn && !caller.speech && !state.agentOn ? frame : state.waitingSince;
        if (waitingSince !== null) {
          emit({ kind: 'response', ...over(waitingSince, frame), latencySamples: sampleOf(frame - waitingSince), tap });
        }
        state.waitingSince = null;
      }
      state.callerOn = caller.speech;
      state.agentOn = agent.speech;
    },
    flush: () => undefined,
    save: () => ({ ...state }),
    load(saved) {
      state = { ...(saved as ResponseState) };
    },
  };
}
