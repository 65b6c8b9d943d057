/** Packs one channel's 10 ms signals into one `frames` fact a second. */
import { over } from '../conversation/span.ts';
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { pitchOf, VOICED } from './voiceModels.ts';
import type { MeasuredWindow } from './windows.ts';

const FRAMES_A_ROW = 100;

/** Beside FRAME_FLAGS: pitch was measured here. */
export const PITCH_MEASURED = 32;

interface RowState {
  startFrame: number;
  count: number;
  levelCdb: Int16Array;
  speech255: Uint8Array;
  f0Dhz: Uint16Array;
  voicing255: Uint8Array;
  flags: Uint8Array;
}

const emptyRow = (startFrame: number): RowState => ({
  startFrame,
  count: 0,
  levelCdb: new Int16Array(FRAMES_A_ROW),
  speech255: new Uint8Array(FRAMES_A_ROW),
  f0Dhz: new Uint16Array(FRAMES_A_ROW),
  voicing255: new Uint8Array(FRAMES_A_ROW),
  flags: new Uint8Array(FRAMES_A_ROW),
});

export function frames(channel: Channel): Stage<MeasuredWindow, Finding> {
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
      f0Dhz: row.f0Dhz.slice(0, count),
      voicing255: row.voicing255.slice(0, count),
      flags: row.flags.slice(0, count),
    });
    row = emptyRow(startFrame + count);
  }

  return {
    push({ frameCount, columns, scores }, emit) {
      const pitch = pitchOf(scores);
      for (let frame = 0; frame < frameCount; frame += 1) {
        row.levelCdb[row.count] = Math.round(columns.levelDbfs[frame] * 100);
        row.speech255[row.count] = Math.round(columns.probability[frame] * 255);
        row.flags[row.count] = columns.flags[frame];
        if (pitch !== null) {
          const voicing = pitch.voicing[frame];
          row.voicing255[row.count] = Math.round(voicing * 255);
          row.f0Dhz[row.count] = voicing >= VOICED ? Math.round(pitch.f0Hz[frame] * 10) : 0;
          row.flags[row.count] |= PITCH_MEASURED;
        }
        row.count += 1;
        if (row.count === FRAMES_A_ROW) close(emit);
      }
    },
    flush: close,
    save: () => structuredClone(row),
    load(saved) {
      row = structuredClone(saved) as RowState;
    },
  };
}
