/**
 * Responses: the wait from the caller's end of speech to the agent's onset, in ordinary exchanges only: the agent did not
 * begin inside what the caller last said, was silent when the caller ended, and was the next to speak.
 */
import type { Finding } from '../facts/facts.ts';
import type { Tap } from '../facts/openCall.ts';
import type { Stage } from '../stage/stage.ts';
import type { LabelledTick } from './label.ts';
import { over, sampleOf } from './span.ts';

interface ResponseState {
  callerOn: boolean;
  agentOn: boolean;
  /** The agent began inside the caller's present run of speech: what it says next is no answer to that run's end. */
  agentCutIn: boolean;
  /** Where the caller ended while the agent was silent and owes an answer; null when nobody waits. */
  waitingSince: number | null;
}

export function responses(tap: Tap): Stage<LabelledTick, Finding> {
  let state: ResponseState = { callerOn: false, agentOn: false, agentCutIn: false, waitingSince: null };

  return {
    push({ frame, caller, agent }, emit) {
      if (caller.speech && !state.callerOn) state.agentCutIn = false;
      if (caller.speech && agent.speech && state.callerOn && !state.agentOn) state.agentCutIn = true;
      if (state.callerOn && !caller.speech && !agent.speech && !state.agentCutIn) state.waitingSince = frame;
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
