/**
 * Turns: maximal runs of one side's segments that the other side's speech, backchannels aside, does not answer. A turn is
 * told anew with each segment that joins it, and finally when the other side's turn begins.
 */
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import { CHANNELS, otherChannel, type Channel } from '../units/channel.ts';
import { FRAME_SAMPLES } from '../units/time.ts';
import type { LabelledTick } from './label.ts';
import type { ConversationLimits } from './limits.ts';
import { framesOf, over } from './span.ts';

interface OpenTurn {
  channel: Channel;
  startFrame: number;
  endFrame: number;
  speechFrames: number;
  segmentCount: number;
}

interface Run {
  startFrame: number;
  /** The other side spoke when this run began. */
  insideOther: boolean;
}

interface TurnState {
  frame: number;
  turnIndex: number;
  open: OpenTurn | null;
  runs: Record<Channel, Run | null>;
}

export function turns({ backchannelMsMax }: ConversationLimits): Stage<LabelledTick, Finding> {
  const backchannelFramesMax = framesOf(backchannelMsMax);
  let state: TurnState = { frame: 0, turnIndex: 0, open: null, runs: { caller: null, agent: null } };

  function tell(turn: OpenTurn, status: 'provisional' | 'final', emit: Emit<Finding>): void {
    emit({
      kind: 'turn',
      ...over(turn.startFrame, turn.endFrame),
      status,
      // A turn of one segment is revision 0; each segment more, and the end, come later.
      revision: status === 'final' ? turn.segmentCount : turn.segmentCount - 1,
      channel: turn.channel,
      turnIndex: state.turnIndex,
      speechSamples: turn.speechFrames * FRAME_SAMPLES,
    });
  }

  function join(channel: Channel, startFrame: number, endFrame: number, emit: Emit<Finding>): void {
    if (state.open?.channel === channel) {
      state.open.endFrame = endFrame;
      state.open.segmentCount += 1;
      state.open.speechFrames += endFrame - startFrame;
    } else {
      close(emit);
      state.open = { channel, startFrame, endFrame, speechFrames: endFrame - startFrame, segmentCount: 1 };
    }
    tell(state.open, 'provisional', emit);
  }

  function close(emit: Emit<Finding>): void {
    if (state.open === null) return;
    tell(state.open, 'final', emit);
    state.open = null;
    state.turnIndex += 1;
  }

  function endRun(channel: Channel, endFrame: number, emit: Emit<Finding>): void {
    const run = state.runs[channel];
    state.runs[channel] = null;
    if (run === null) return;
    const isBackchannel =
      run.insideOther &&
      state.runs[otherChannel(channel)] !== null &&
      endFrame - run.startFrame <= backchannelFramesMax;
    if (!isBackchannel) join(channel, run.startFrame, endFrame, emit);
  }

  return {
    push(tick, emit) {
      for (const channel of CHANNELS) {
        if (!tick[channel].speech) endRun(channel, tick.frame, emit);
        else state.runs[channel] ??= { startFrame: tick.frame, insideOther: tick[otherChannel(channel)].speech };
      }
      state.frame = tick.frame + 1;
    },
    flush(emit) {
      for (const channel of CHANNELS) endRun(channel, state.frame, emit);
      close(emit);
    },
    save: () => structuredClone(state),
    load(saved) {
      state = structuredClone(saved) as TurnState;
    },
  };
}
