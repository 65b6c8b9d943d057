/**
 * Dropouts: holes of digital silence torn into speech. A voice that pauses fades; a hole falls from speech to the line's
 * silence within a frame and comes back as abruptly. Holes close to each other are one incident.
 */
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { FRAME_MS, FRAME_SAMPLES } from '../units/time.ts';
import type { LabelledTick } from './label.ts';
import { over } from './span.ts';

/**
 * A stop consonant's closure lasts up to about 100 ms, and synthesis joins phrases with some 150 ms of silence: shorter
 * holes cannot be told from these by level, and neither can a lone one.
 */
const HOLE_FRAMES_MIN = 160 / FRAME_MS;
const HOLES_MIN = 2;
const HOLE_FRAMES_MAX = 500 / FRAME_MS;
/** Speech at both edges of a hole lies at least this far above it. */
const EDGE_ABOVE_HOLE_DB = 30;
const GROUP_FRAMES = 2_000 / FRAME_MS;

interface DropoutState {
  /** Levels of the frame before the present silence, and of the silence's first frame (it may be cut in the middle). */
  beforeDbfs: number;
  edgeDbfs: number;
  silentSince: number | null;
  holeDbfs: number;
  group: { startFrame: number; endFrame: number; silentFrames: number; holes: number } | null;
}

export function dropouts(channel: Channel): Stage<LabelledTick, Finding> {
  let state: DropoutState = { beforeDbfs: -100, edgeDbfs: -100, silentSince: null, holeDbfs: -100, group: null };

  function close(emit: Emit<Finding>): void {
    if (state.group === null) return;
    const { startFrame, endFrame, silentFrames, holes } = state.group;
    state.group = null;
    if (holes < HOLES_MIN) return;
    const silentSamples = silentFrames * FRAME_SAMPLES;
    emit({ kind: 'dropout', ...over(startFrame, endFrame), channel, silentSamples, holes });
  }

  /** Speech is back at `frame`: was what lies behind a hole? */
  function endSilence(frame: number, levelDbfs: number): void {
    const { silentSince, holeDbfs, edgeDbfs, group } = state;
    state.silentSince = null;
    if (silentSince === null) return;
    const frames = frame - silentSince;
    const loud = holeDbfs + EDGE_ABOVE_HOLE_DB;
    if (frames < HOLE_FRAMES_MIN || frames > HOLE_FRAMES_MAX || edgeDbfs < loud || levelDbfs < loud) return;
    state.group = {
      startFrame: group?.startFrame ?? silentSince,
      endFrame: frame,
      silentFrames: (group?.silentFrames ?? 0) + frames,
      holes: (group?.holes ?? 0) + 1,
    };
  }

  return {
    push(tick, emit) {
      const { silent, levelDbfs } = tick[channel];
      if (state.group !== null && tick.frame - state.group.endFrame >= GROUP_FRAMES) close(emit);
      if (silent) {
        if (state.silentSince === null) state = { ...state, silentSince: tick.frame, edgeDbfs: state.beforeDbfs };
        state.holeDbfs = levelDbfs;
      } else {
        endSilence(tick.frame, levelDbfs);
      }
      state.beforeDbfs = levelDbfs;
    },
    flush: close,
    save: () => structuredClone(state),
    load(saved) {
      state = structuredClone(saved) as DropoutState;
    },
  };
}
