/**
 * Decides for each 10 ms frame of one channel whether it is speech, once for all, as soon as that is known and a bounded
 * look-ahead later at most. Pauses under 200 ms are bridged, runs under 50 ms dropped.
 */
import { FRAME_MS } from '../units/time.ts';
import type { ConversationLimits } from './limits.ts';
import { createRawSpeech, rawLagFramesOf, type RawSpeechOptions } from './rawSpeech.ts';
import type { HeardCell } from './speakerLevels.ts';

export interface SpeechMask {
  /** Takes the next frame. */
  push(cell: HeardCell): void;
  /** Frames before this one are decided. */
  readonly decidedFrames: number;
  /** Whether a decided frame, of the last `lagFramesOf(limits)` ones, is speech. */
  isSpeech(frame: number): boolean;
  /** Noise level of the channel as known now. */
  readonly noiseDbfs: number;
  save(): unknown;
  load(state: unknown): void;
}

/** The longest look-ahead: until a frame is known, then the bridging of a pause and the dropping of a short run. */
export const lagFramesOf = (limits: ConversationLimits): number =>
  rawLagFramesOf(limits) + (limits.pauseMs + limits.segmentMsMin) / FRAME_MS;

const NEVER = -1_000_000;

export function createSpeechMask(options: RawSpeechOptions): SpeechMask {
  const { limits } = options;
  const pauseFrames = limits.pauseMs / FRAME_MS;
  const segmentFramesMin = limits.segmentMsMin / FRAME_MS;
  const ringLength = lagFramesOf(limits) + 2;
  const raw = createRawSpeech(options);
  let state = {
    /** Frames taken, and frames of which it is known whether they are raw speech. */
    frame: 0,
    rawFrames: 0,
    decidedFrames: 0,
    /** A ring by frame number. */
    labels: new Uint8Array(ringLength),
    runStart: NEVER,
    runEnd: NEVER,
  };

  /** Grows the current run by a raw speech frame, or starts a new one; a run that is long enough becomes labels. */
  function extendRun(at: number): void {
    const joins = at - state.runEnd < pauseFrames;
    const labelledTo = joins && state.runEnd - state.runStart >= segmentFramesMin ? state.runEnd : null;
    if (!joins) state.runStart = at;
    state.runEnd = at + 1;
    if (state.runEnd - state.runStart < segmentFramesMin) return;
    for (let k = labelledTo ?? state.runStart; k <= at; k += 1) state.labels[k % ringLength] = 1;
  }

  /** Draws the line between decided and open after it is known of frame `at`. */
  function settle(at: number): void {
    const isLongEnough = state.runEnd - state.runStart >= segmentFramesMin;
    const isClosed = at + 1 - state.runEnd >= pauseFrames;
    state.decidedFrames = isClosed ? at + 1 : isLongEnough ? state.runEnd : state.runStart;
  }

  return {
    push(cell) {
      state.labels[state.frame % ringLength] = 0;
      raw.push(cell, (isSpeech) => {
        if (isSpeech) extendRun(state.rawFrames);
        settle(state.rawFrames);
        state.rawFrames += 1;
      });
      state.frame += 1;
    },
    get decidedFrames() {
      return state.decidedFrames;
    },
    isSpeech: (frame) => state.labels[frame % ringLength] === 1,
    get noiseDbfs() {
      return raw.noiseDbfs;
    },
    save: () => ({ ...structuredClone(state), raw: raw.save() }),
    load(saved) {
      const { raw: savedRaw, ...rest } = structuredClone(saved) as typeof state & { raw: unknown };
      raw.load(savedRaw);
      state = rest;
    },
  };
}
