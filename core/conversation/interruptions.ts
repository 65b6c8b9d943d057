/**
 * Interruptions, by the caller (barge-ins) and by the agent: an onset inside the other side's speech, followed until it is
 * known what it was. This file finds the onsets; `episode.ts` follows each to its outcome.
 */
import type { Finding } from '../facts/facts.ts';
import type { Tap } from '../facts/openCall.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { beginEpisode, endEpisode, stepEpisode, type Episode, type EpisodeRules } from './episode.ts';
import type { LabelledTick } from './label.ts';
import type { ConversationLimits } from './limits.ts';
import { framesOf } from './span.ts';
import { SILENT_SO_FAR, talkAt, type Talk } from './talk.ts';

interface InterruptionState {
  frame: number;
  caller: Talk;
  agent: Talk;
  episode: Episode | null;
}

export function interruptions(limits: ConversationLimits, tap: Tap): Stage<LabelledTick, Finding> {
  const resumeFrames = framesOf(limits.resumeMs);
  const rules: EpisodeRules = {
    confirmFrames: { caller: framesOf(limits.overlapMsMin), agent: framesOf(limits.agentInterruptsMsMin) },
    yieldFrames: framesOf(limits.yieldMs),
    holdFrames: framesOf(limits.yieldHoldMs),
    backchannelFramesMax: framesOf(limits.backchannelMsMax),
    turnEndFrames: framesOf(limits.turnEndMs),
    tap,
  };
  let state: InterruptionState = { frame: 0, caller: SILENT_SO_FAR, agent: SILENT_SO_FAR, episode: null };

  function begin(by: Channel, onsetFrame: number): void {
    state.episode = beginEpisode(by, onsetFrame);
  }

  /** The caller starts while the agent speaks: a barge-in, unless it is the caller who had the floor and goes on. */
  function callerStarts(before: Talk): void {
    const { caller, agent, frame } = state;
    if (!agent.on) return;
    const isNew = caller.stretchStart === caller.onset;
    if (isNew) begin('caller', caller.onset);
    else if (agentStartedInPause(before, agent) && frame - agent.onset < resumeFrames) begin('agent', agent.onset);
  }

  /** The agent took a pause of the caller's for its end: the caller was within a stretch, the agent began a new one. */
  function agentStartedInPause(callerBefore: Talk, agent: Talk): boolean {
    return agent.stretchStart === agent.onset && agent.onset >= callerBefore.end;
  }

  /** The agent starts while the caller speaks: an interruption by the agent, unless the agent only goes on. */
  function agentStarts(): void {
    const { caller, agent } = state;
    if (!caller.on || caller.onset === agent.onset) return;
    const agentGoesOn = agent.stretchStart < agent.onset;
    if (!agentGoesOn) begin('agent', agent.onset);
    else if (caller.stretchStart === caller.onset && caller.onset > agent.stretchStart) begin('caller', caller.onset);
  }

  return {
    push(tick, emit) {
      const before = { caller: state.caller, agent: state.agent };
      state.frame = tick.frame;
      state.caller = talkAt(state.caller, tick.frame, tick.caller, resumeFrames);
      state.agent = talkAt(state.agent, tick.frame, tick.agent, resumeFrames);
      if (state.episode === null) {
        if (state.caller.on && !before.caller.on) callerStarts(before.caller);
        else if (state.agent.on && !before.agent.on) agentStarts();
      }
      if (state.episode !== null) state.episode = stepEpisode(state.episode, state, rules, emit);
    },
    flush(emit: Emit<Finding>) {
      if (state.episode !== null) endEpisode(state.episode, state.frame + 1, rules, emit);
      state.episode = null;
    },
    save: () => structuredClone(state),
    load(saved) {
      state = structuredClone(saved) as InterruptionState;
    },
  };
}
