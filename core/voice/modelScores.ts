/** Tells what a model that the user added says: one `model_score` fact a window, the mean of each of its outputs. */
import { over } from '../conversation/span.ts';
import type { Finding } from '../facts/facts.ts';
import type { Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import type { MeasuredWindow } from './windows.ts';

export function modelScores(channel: Channel): Stage<MeasuredWindow, Finding> {
  return {
    push({ startFrame, frameCount, scores }, emit) {
      for (const [model, outputs] of Object.entries(scores ?? {})) {
        if (typeof outputs === 'string') continue;
        const means = Object.entries(outputs).map(([name, values]) => [name, meanOf(values)]);
        const span = over(startFrame, startFrame + frameCount);
        emit({
          kind: 'model_score',
          ...span,
          channel,
          model,
          scores: Object.fromEntries(means) as Record<string, number>,
        });
      }
    },
    flush: () => undefined,
    save: () => null,
    load: () => undefined,
  };
}

const meanOf = (values: Float32Array): number =>
  Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 1_000) / 1_000;
