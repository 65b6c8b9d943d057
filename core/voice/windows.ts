/**
 * Cuts one channel into windows for the window models and marries their answers to its labels. A window is asked for once its
 * labels are decided, its context has been heard and somebody speaks in it; answers may come in any order, windows go on in
 * the order of time. A saved state holds what was asked and not answered, so that it is asked again.
 */
import { resample } from '../audio/resample.ts';
import type { LabelledCell } from '../conversation/label.ts';
import type { Hop } from '../features/measure.ts';
import type { WindowFormat, WindowRow, WindowScores } from '../inference/windowModel.ts';
import type { Emit } from '../stage/stage.ts';
import { emptyColumns, fill, FRAME_FLAGS, type FrameColumns } from './frameColumns.ts';
import { createSampleStore } from './sampleStore.ts';

export interface MeasuredWindow {
  readonly startFrame: number;
  /** Fewer than the format's windowFrames only at the call's end. */
  readonly frameCount: number;
  /** The labels of its frames; the arrays are of the format's length. */
  readonly columns: FrameColumns;
  /** Its own audio at the format's rate, without context. */
  readonly samples: Float32Array;
  /** Null where no model was asked. */
  readonly scores: WindowScores | null;
}

export interface WindowRequest {
  readonly startFrame: number;
  readonly row: WindowRow;
}

export interface Windows {
  hear(hop: Hop): void;
  /** The next frame's labels, in order. */
  label(cell: LabelledCell, emit: Emit<MeasuredWindow>): void;
  /** Windows that want scoring, each given out once. */
  requests(): WindowRequest[];
  scored(startFrame: number, scores: WindowScores, emit: Emit<MeasuredWindow>): void;
  /** No more audio and labels: the last windows are cut. They may want scoring too. */
  flush(emit: Emit<MeasuredWindow>): void;
  save(): unknown;
  load(state: unknown): void;
}

/** `asked` while somebody works on it: not saved as such. */
type Progress = 'filling' | 'wanted' | 'asked' | 'answered';

interface Pending {
  readonly startFrame: number;
  frameCount: number;
  speechFrames: number;
  columns: FrameColumns;
  progress: Progress;
  scores: WindowScores | null;
}

/** `models`: `none` when every model of this format is switched off; the windows then pass unscored. */
export function createWindows(format: WindowFormat, fromHz: number, models: 'some' | 'none'): Windows {
  const { windowFrames, beforeFrames, afterFrames, rateHz } = format;
  const frameSamples = rateHz / 100;
  const resampler = resample({ fromHz, toHz: rateHz });
  const audio = createSampleStore();
  let pending: Pending[] = [];
  let nextFrame = 0;

  const isFull = ({ frameCount }: Pending): boolean => frameCount === windowFrames;
  const contextEnd = ({ startFrame }: Pending): number => (startFrame + windowFrames + afterFrames) * frameSamples;
  const neededEnd = (window: Pending): number =>
    contextEnd(window) - (models === 'none' ? afterFrames * frameSamples : 0);

  function decide(window: Pending): void {
    const isWanted = window.speechFrames > 0 && window.speechFrames >= format.speechShareMin * windowFrames;
    window.progress = models === 'some' && isWanted ? 'wanted' : 'answered';
  }

  /** Windows that are full and whose context was heard are decided; after the end all are. */
  function decideReady(heardAll: (window: Pending) => boolean): void {
    for (const window of pending) {
      if (window.progress === 'filling' && heardAll(window)) decide(window);
    }
  }

  function emitAnswered(emit: Emit<MeasuredWindow>): void {
    while (pending.length > 0 && pending[0].progress === 'answered') {
      const { startFrame, frameCount, columns, scores } = pending.shift() as Pending;
      const from = startFrame * frameSamples;
      const samples = audio.read(from, from + frameCount * frameSamples);
      emit({ startFrame, frameCount, columns, samples, scores });
    }
    const firstFrame = pending.length > 0 ? pending[0].startFrame : nextFrame;
    audio.forget((firstFrame - beforeFrames) * frameSamples);
  }

  const isHeard = (window: Pending): boolean => isFull(window) && audio.end >= neededEnd(window);

  return {
    hear({ hopIndex, samples, missing }) {
      const run = { start: hopIndex * samples.length, samples, missing };
      resampler.push(run, (resampled) => audio.append(resampled.samples));
    },
    label(cell, emit) {
      const last = pending.at(-1);
      const window = last === undefined || isFull(last) ? open(nextFrame) : last;
      fill(window.columns, window.frameCount, cell);
      window.frameCount += 1;
      if (cell.speech) window.speechFrames += 1;
      nextFrame += 1;
      decideReady(isHeard);
      emitAnswered(emit);
    },
    requests() {
      decideReady(isHeard);
      const wanted = pending.filter(({ progress }) => progress === 'wanted');
      return wanted.map((window) => {
        window.progress = 'asked';
        const { startFrame } = window;
        const samples = audio.read((startFrame - beforeFrames) * frameSamples, contextEnd(window));
        return { startFrame, row: { format: format.name, samples } };
      });
    },
    scored(startFrame, scores, emit) {
      const window = pending.find((one) => one.startFrame === startFrame && one.progress === 'asked');
      if (window === undefined) throw new Error(`no window at frame ${startFrame} waits for scores`);
      window.scores = scores;
      window.progress = 'answered';
      emitAnswered(emit);
    },
    flush(emit) {
      resampler.flush((resampled) => audio.append(resampled.samples));
      decideReady(() => true);
      emitAnswered(emit);
    },
    save: () => ({
      resampler: resampler.save(),
      audio: audio.save(),
      pending: structuredClone(pending).map((window) =>
        window.progress === 'asked' ? { ...window, progress: 'wanted' } : window,
      ),
      nextFrame,
    }),
    load(saved) {
      const state = saved as { resampler: unknown; audio: unknown; pending: Pending[]; nextFrame: number };
      resampler.load(state.resampler);
      audio.load(state.audio);
      pending = structuredClone(state.pending);
      nextFrame = state.nextFrame;
    },
  };

  function open(startFrame: number): Pending {
    const window: Pending = {
      startFrame,
      frameCount: 0,
      speechFrames: 0,
      columns: emptyColumns(windowFrames),
      progress: 'filling',
      scores: null,
    };
    pending.push(window);
    return window;
  }
}

/** Whether a frame of these labels is speech. */
export const isSpeechFrame = ({ flags }: FrameColumns, frame: number): boolean =>
  (flags[frame] & FRAME_FLAGS.speech) !== 0;
