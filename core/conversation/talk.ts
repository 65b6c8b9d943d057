/** One side's talking as the interruption rules see it: runs of speech, and stretches of runs with short pauses only. */
import type { LabelledCell } from './label.ts';

export interface Talk {
  readonly on: boolean;
  /** The last onset and the frame after the last speech; far in the past before there was any. */
  readonly onset: number;
  readonly end: number;
  /** Where the present stretch began: runs whose pauses are shorter than `resumeFrames` form one. */
  readonly stretchStart: number;
  /** Levels of the last frames of speech, and the loudest of the run, in dBFS: a cut is loud to its end. */
  readonly tailDbfs: readonly number[];
  readonly loudestDbfs: number;
}

const LONG_AGO = -1_000_000;
const TAIL_FRAMES = 3;
/** A voice that ends by itself fades this far under its loudest; one that is cut does not. */
const CUT_WITHIN_DB = 27;

export const SILENT_SO_FAR: Talk = {
  on: false,
  onset: LONG_AGO,
  end: LONG_AGO,
  stretchStart: LONG_AGO,
  tailDbfs: [],
  loudestDbfs: -100,
};

export function talkAt(before: Talk, frame: number, { speech, levelDbfs }: LabelledCell, resumeFrames: number): Talk {
  if (!speech) return before.on ? { ...before, on: false, end: frame } : before;
  const tailDbfs = [...before.tailDbfs.slice(1 - TAIL_FRAMES), levelDbfs];
  if (before.on) return { ...before, tailDbfs, loudestDbfs: Math.max(before.loudestDbfs, levelDbfs) };
  return {
    on: true,
    onset: frame,
    end: before.end,
    stretchStart: frame - before.end < resumeFrames ? before.stretchStart : frame,
    tailDbfs: [levelDbfs],
    loudestDbfs: levelDbfs,
  };
}

export const endedByCut = ({ tailDbfs, loudestDbfs }: Talk): boolean =>
  Math.max(...tailDbfs) >= loudestDbfs - CUT_WITHIN_DB;
