/** Labels of consecutive 10 ms frames of one channel, a typed array a signal: small in memory and in saved states. */
import type { LabelledCell } from '../conversation/label.ts';

export interface FrameColumns {
  readonly levelDbfs: Float32Array;
  /** Of speech, 0..1. */
  readonly probability: Float32Array;
  /** Sums of FRAME_FLAGS. */
  readonly flags: Uint8Array;
}

export const FRAME_FLAGS = { speech: 1, clipped: 2, gap: 4, silent: 8, echo: 16 } as const;

/** A lone full-scale sample is a peak; several in one frame are a flat top. */
const CLIPPED_SAMPLES_MIN = 3;

export const emptyColumns = (frames: number): FrameColumns => ({
  levelDbfs: new Float32Array(frames),
  probability: new Float32Array(frames),
  flags: new Uint8Array(frames),
});

export function fill(columns: FrameColumns, frame: number, cell: LabelledCell): void {
  columns.levelDbfs[frame] = cell.levelDbfs;
  columns.probability[frame] = cell.probability;
  columns.flags[frame] = flagsOf(cell);
}

function flagsOf({ speech, clippedSamples, missing, silent, echo }: LabelledCell): number {
  return (
    (speech ? FRAME_FLAGS.speech : 0) |
    (clippedSamples >= CLIPPED_SAMPLES_MIN ? FRAME_FLAGS.clipped : 0) |
    (missing ? FRAME_FLAGS.gap : 0) |
    (silent ? FRAME_FLAGS.silent : 0) |
    (echo ? FRAME_FLAGS.echo : 0)
  );
}
