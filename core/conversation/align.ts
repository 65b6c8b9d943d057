/**
 * Brings both channels' scored hops onto one clock: a tick every 10 ms with one cell a channel. A tick is given out as
 * soon as both channels have come that far.
 */
import type { Frame } from '../features/measure.ts';
import type { ScoredHop } from '../inference/listen.ts';
import { EDGE_VALUES_A_WINDOW } from '../inference/speechModel.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { FRAME_MS } from '../units/time.ts';

export interface Cell extends Frame {
  /** Speech probability of the window that ends with or after this frame; 0 where audio is missing. */
  readonly probability: number;
  /** The edge model's word on the frame EDGE_DELAY_MS before this one; null where this audio is missing. */
  readonly edgeProbability: number | null;
}

export interface Tick {
  readonly frame: number;
  readonly caller: Cell;
  readonly agent: Cell;
}

export interface ChannelHop extends ScoredHop {
  readonly channel: Channel;
}

/** Length of a hop: one window of the speech model. */
const HOP_MS = 32;

/** What stands for a channel that ended a fraction of a frame earlier than the other. */
const NOTHING: Cell = {
  levelDbfs: -100,
  peak: 0,
  clippedSamples: 0,
  missing: true,
  probability: 0,
  edgeProbability: null,
};

export function align(): Stage<ChannelHop, Tick> {
  let state = { frame: 0, caller: [] as Cell[], agent: [] as Cell[] };

  function emitReady(count: number, emit: Emit<Tick>): void {
    for (let i = 0; i < count; i += 1) {
      emit({ frame: state.frame, caller: state.caller[i] ?? NOTHING, agent: state.agent[i] ?? NOTHING });
      state.frame += 1;
    }
    state.caller.splice(0, count);
    state.agent.splice(0, count);
  }

  return {
    push({ channel, hop, probability, edge }, emit) {
      const ahead = state[channel];
      for (const frame of hop.frames) {
        const edgeProbability = edge === null ? null : edge[valueOfFrame(state.frame + ahead.length, hop.hopIndex)];
        ahead.push({ ...frame, probability: probability ?? 0, edgeProbability });
      }
      emitReady(Math.min(state.caller.length, state.agent.length), emit);
    },
    flush: (emit) => emitReady(Math.max(state.caller.length, state.agent.length), emit),
    save: () => structuredClone(state),
    load(saved) {
      state = structuredClone(saved) as typeof state;
    },
  };
}

/** Which of a hop's values covers the end of a frame: frames end within the hop they come with. */
function valueOfFrame(frame: number, hopIndex: number): number {
  const lastMs = (frame + 1) * FRAME_MS - 1;
  return Math.floor((lastMs - hopIndex * HOP_MS) / (HOP_MS / EDGE_VALUES_A_WINDOW));
}
