/** Packs one channel's 10 ms signals into one `frames` fact a second. */
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import type { LabelledCell, LabelledTick } from './label.ts';
import { over } from './span.ts';

const FRAMES_A_ROW = 100;
const CLIPPED_SAMPLES_MIN = 3;

export const FRAME_FLAGS = { speech: 1, clipped: 2, gap: 4, silent: 8, echo: 16 } as const;

interface RowState {
  startFrame: number;
  count: number;
  levelCdb: Int16Array;
  speech255: Uint8Array;
  flags: Uint8Array;
}

const emptyRow = (startFrame: number): RowState => ({
  startFrame,
  count: 0,
  levelCdb: new Int16Array(FRAMES_A_ROW),
  speech255: new Uint8Array(FRAMES_A_ROW),
  flags: new Uint8Array(FRAMES_A_ROW),
});

export function frames(channel: Channel): Stage<LabelledTick, Finding> {
  let row = emptyRow(0);

  function close(emit: Emit<Finding>): void {
    if (row.count === 0) return;
    const { startFrame, count } = row;
    emit({
      kind: 'frames',
      ...over(startFrame, startFrame + count),
      channel,
      frameCount: count,
      levelCdb: row.levelCdb.slice(0, count),
      speech255: row.speech255.slice(0, count),
      flags: row.flags.slice(0, count),
    });
    row = emptyRow(startFrame + count);
  }

  return {
    push(tick, emit) {
      const cell = tick[channel];
      row.levelCdb[row.count] = Math.round(cell.levelDbfs * 100);
      row.speech255[row.count] = Math.round(cell.probability * 255);
      row.flags[row.count] = flagsOf(cell);
      row.count += 1;
      if (row.count === FRAMES_A_ROW) close(emit);
    },
    flush: close,
    save: () => structuredClone(row),
    load(saved) {
      row = structuredClone(saved) as RowState;
    },
  };
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
