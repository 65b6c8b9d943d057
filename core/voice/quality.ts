/** Tells one `quality` fact for each window with enough speech in it: the means over the steps in which somebody speaks. */
import { over } from '../conversation/span.ts';
import type { Finding } from '../facts/facts.ts';
import type { Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { FRAME_SAMPLES } from '../units/time.ts';
import { qualityOf } from './voiceModels.ts';
import { isSpeechFrame, type MeasuredWindow } from './windows.ts';

/** Less speech than this says too little (half a second is about two syllables). */
const SPEECH_FRAMES_MIN = 50;

/** Keeps nothing from window to window. */
export function quality(channel: Channel): Stage<MeasuredWindow, Finding> {
  return {
    push({ startFrame, frameCount, columns, scores }, emit) {
      const outputs = qualityOf(scores);
      if (outputs === null) return;
      const stepFrames = columns.flags.length / outputs.intelligibility.length;
      const speechIn = speechFramesOf(columns, stepFrames, outputs.intelligibility.length);
      const speechFrames = speechIn.reduce((sum, frames) => sum + frames, 0);
      if (speechFrames < SPEECH_FRAMES_MIN) return;
      const mean = (values: Float32Array): number => {
        const sum = speechIn.reduce((total, frames, step) => total + frames * values[step], 0);
        return Math.round((sum / speechFrames) * 1_000) / 1_000;
      };
      emit({
        kind: 'quality',
        ...over(startFrame, startFrame + frameCount),
        channel,
        speechSamples: speechFrames * FRAME_SAMPLES,
        intelligibility: mean(outputs.intelligibility),
        signalMos: mean(outputs.signal),
        backgroundMos: mean(outputs.background),
        overallMos: mean(outputs.overall),
      });
    },
    flush: () => undefined,
    save: () => null,
    load: () => undefined,
  };
}

/** How many frames of each step are speech. */
export function speechFramesOf(columns: MeasuredWindow['columns'], stepFrames: number, steps: number): number[] {
  return Array.from({ length: steps }, (_, step) => {
    let count = 0;
    for (let frame = step * stepFrames; frame < (step + 1) * stepFrames; frame += 1) {
      if (isSpeechFrame(columns, frame)) count += 1;
    }
    return count;
  });
}
