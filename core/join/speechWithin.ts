/** One side's speech as it lies in a stretch of the call. */
import type { Channel } from '../units/channel.ts';
import type { HeardSpeech } from './joinInput.ts';

export interface Stretch {
  readonly startSample: number;
  readonly endSample: number;
}

/** In order; stretches that touch or overlap are one. */
export function speechOf(speech: readonly HeardSpeech[], channel: Channel): Stretch[] {
  const sorted = speech
    .filter((each) => each.channel === channel && each.endSample > each.startSample)
    .sort((a, b) => a.startSample - b.startSample || a.endSample - b.endSample);
  const merged: Stretch[] = [];
  for (const { startSample, endSample } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && startSample <= last.endSample)
      merged[merged.length - 1] = { ...last, endSample: Math.max(last.endSample, endSample) };
    else merged.push({ startSample, endSample });
  }
  return merged;
}

export const within = (speech: readonly Stretch[], { startSample, endSample }: Stretch): Stretch[] =>
  speech
    .filter((each) => each.endSample > startSample && each.startSample < endSample)
    .map((each) => ({
      startSample: Math.max(each.startSample, startSample),
      endSample: Math.min(each.endSample, endSample),
    }));

export const samplesOf = (speech: readonly Stretch[]): number =>
  speech.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0);
