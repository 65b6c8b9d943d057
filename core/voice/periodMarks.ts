/**
 * Marks the glottal periods of voiced speech: from the strongest sample in the middle of each voiced run outwards, each next
 * mark where the waveform resembles itself best about one period on (as Praat's "To PointProcess (cc)" does).
 */

export const CONTOUR_STEP_S = 0.01;

/** `f0Hz`: one value for each 10 ms from the first sample on, told for the middle of it; null where unvoiced. */
export interface VoicedAudio {
  readonly samples: Float32Array;
  readonly rateHz: number;
  readonly f0Hz: readonly (number | null)[];
}

/** How far from one period on the next mark is searched, in periods. */
const NEXT_MIN = 0.8;
const NEXT_MAX = 1.25;
/** A waveform less like the last period than this is no period. At the edge of a run more is asked. */
const LIKENESS_MIN = 0.3;
const LIKENESS_MIN_AT_EDGE = 0.7;
/** Periods this much weaker than the loudest sample are noise that happens to repeat. */
const PEAK_SHARE_MIN = 0.01;
const PEAK_SHARE_MIN_AT_EDGE = 0.023333;

interface Run {
  readonly startS: number;
  readonly endS: number;
}

interface Match {
  readonly atS: number;
  readonly likeness: number;
  readonly peak: number;
}

/** Times of the marks in seconds, run by run: a period never reaches from one voiced run into another. */
export function markPeriods(audio: VoicedAudio): number[][] {
  const loudest = peakOf(audio.samples);
  if (loudest === 0) return [];
  return voicedRuns(audio.f0Hz).map((run) => marksOfRun(audio, run, loudest));
}

function voicedRuns(f0Hz: VoicedAudio['f0Hz']): Run[] {
  const runs: Run[] = [];
  let start: number | null = null;
  for (let frame = 0; frame <= f0Hz.length; frame++) {
    const voiced = frame < f0Hz.length && f0Hz[frame] !== null;
    if (voiced) start ??= frame;
    else if (start !== null) {
      runs.push({ startS: start * CONTOUR_STEP_S, endS: frame * CONTOUR_STEP_S });
      start = null;
    }
  }
  return runs;
}

function marksOfRun(audio: VoicedAudio, run: Run, loudest: number): number[] {
  const middleS = (run.startS + run.endS) / 2;
  const f0Hz = f0At(audio.f0Hz, middleS);
  if (f0Hz === null) return [];
  const firstS = extremumNear(audio, middleS, 1 / f0Hz);
  const before = marksOutwards(audio, run, firstS, loudest, -1).reverse();
  return [...before, firstS, ...marksOutwards(audio, run, firstS, loudest, 1)];
}

function marksOutwards(audio: VoicedAudio, run: Run, firstS: number, loudest: number, direction: -1 | 1): number[] {
  const marks: number[] = [];
  let atS = firstS;
  for (;;) {
    const f0Hz = f0At(audio.f0Hz, atS);
    if (f0Hz === null) return marks;
    const periodS = 1 / f0Hz;
    const match = bestMatch(audio, atS, periodS, direction);
    atS = match?.atS ?? atS + direction * periodS;
    const outside = atS < run.startS || atS > run.endS;
    const likenessMin = outside ? LIKENESS_MIN_AT_EDGE : LIKENESS_MIN;
    const peakMin = loudest * (outside ? PEAK_SHARE_MIN_AT_EDGE : PEAK_SHARE_MIN);
    if (match !== null && match.likeness > likenessMin && match.peak > peakMin) marks.push(atS);
    if (outside) return marks;
  }
}

/** The contour between the middles of its frames; null outside voiced frames. */
function f0At(f0Hz: VoicedAudio['f0Hz'], atS: number): number | null {
  const here = f0Hz[Math.floor(atS / CONTOUR_STEP_S)] ?? null;
  if (here === null) return null;
  const position = atS / CONTOUR_STEP_S - 0.5;
  const left = f0Hz[Math.floor(position)] ?? here;
  const right = f0Hz[Math.floor(position) + 1] ?? here;
  const share = position - Math.floor(position);
  return left * (1 - share) + right * share;
}

function extremumNear({ samples, rateHz }: VoicedAudio, middleS: number, periodS: number): number {
  const first = Math.max(0, Math.ceil((middleS - periodS / 2) * rateHz));
  const last = Math.min(samples.length - 1, Math.floor((middleS + periodS / 2) * rateHz));
  let best = first;
  for (let i = first; i <= last; i++) if (Math.abs(samples[i]) > Math.abs(samples[best])) best = i;
  return (best + parabolaOffset(samples[best - 1] ?? 0, samples[best] ?? 0, samples[best + 1] ?? 0)) / rateHz;
}

/** Where one period around `atS` resembles the waveform best, 0.8 to 1.25 periods on; null where nothing resembles it. */
function bestMatch(audio: VoicedAudio, atS: number, periodS: number, direction: -1 | 1): Match | null {
  const { samples, rateHz } = audio;
  const nearS = atS + direction * periodS * (direction > 0 ? NEXT_MIN : NEXT_MAX);
  const farS = atS + direction * periodS * (direction > 0 ? NEXT_MAX : NEXT_MIN);
  const from = Math.round((atS - periodS / 2) * rateHz);
  const count = Math.round((atS + periodS / 2) * rateHz) - from + 1;
  const first = Math.floor((nearS - periodS / 2) * rateHz);
  const last = Math.ceil((farS - periodS / 2) * rateHz);
  let [here, after, afterPeak] = [0, 0, 0];
  let best = { likeness: -1, before: 0, after: 0, start: 0, peak: 0 };
  for (let start = Math.max(0, first); start <= last; start++) {
    const compared = compare(samples, from, start, count);
    const [before, herePeak] = [here, afterPeak];
    [here, after, afterPeak] = [after, compared.likeness, compared.peak];
    if (here > best.likeness && here >= before && here >= after)
      best = { likeness: here, before, after, start: start - 1, peak: herePeak };
  }
  if (best.likeness <= -1) return null;
  const offset = parabolaOffset(best.before, best.likeness, best.after);
  const likeness = best.likeness + ((best.after - best.before) / 4) * offset;
  return { atS: atS + (best.start + offset - from) / rateHz, likeness, peak: best.peak };
}

function compare(samples: Float32Array, one: number, other: number, count: number): { likeness: number; peak: number } {
  let [product, oneSquared, otherSquared, peak] = [0, 0, 0, 0];
  const begin = Math.max(0, -one);
  const end = Math.min(count, samples.length - one, samples.length - other);
  for (let i = begin; i < end; i++) {
    const a = samples[one + i];
    const b = samples[other + i];
    product += a * b;
    oneSquared += a * a;
    otherSquared += b * b;
    if (Math.abs(b) > peak) peak = Math.abs(b);
  }
  return { likeness: product === 0 ? 0 : product / Math.sqrt(oneSquared * otherSquared), peak };
}

/** Where between -0.5 and 0.5 the top of the parabola through three neighbours lies. */
export function parabolaOffset(before: number, here: number, after: number): number {
  const curvature = 2 * here - before - after;
  return curvature === 0 ? 0 : Math.max(-0.5, Math.min(0.5, (after - before) / (2 * curvature)));
}

function peakOf(samples: Float32Array): number {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak;
}
