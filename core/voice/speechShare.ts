/** Remembers where somebody spoke in the last while, to say how much of a stretch is speech. */
export interface SpeechShare {
  /** More speech, after all that was added before. */
  add(startSample: number, samples: number): void;
  /** Share of [from, to) that is speech, 0..1. */
  of(from: number, to: number): number;
  save(): unknown;
  load(state: unknown): void;
}

interface Run {
  startSample: number;
  endSample: number;
}

export function createSpeechShare(keptSamples: number): SpeechShare {
  let runs: Run[] = [];
  return {
    add(startSample, samples) {
      const last = runs.at(-1);
      if (last?.endSample === startSample) last.endSample += samples;
      else {
        runs = runs.filter(({ endSample }) => endSample > startSample - keptSamples);
        runs.push({ startSample, endSample: startSample + samples });
      }
    },
    of(from, to) {
      const shared = runs.reduce(
        (sum, run) => sum + Math.max(0, Math.min(run.endSample, to) - Math.max(run.startSample, from)),
        0,
      );
      return to > from ? shared / (to - from) : 0;
    },
    save: () => structuredClone(runs),
    load(saved) {
      runs = structuredClone(saved) as Run[];
    },
  };
}
