/**
 * How regular a voice is: jitter (periods' lengths), shimmer (periods' strengths) and harmonicity of the voiced speech of an
 * utterance, by Praat's definitions. Cost is bounded: of long utterances the first seconds of voice are measured.
 */
import { harmonicityDb } from './harmonicity.ts';
import { CONTOUR_STEP_S, markPeriods, type VoicedAudio } from './periodMarks.ts';

export interface PeriodMeasures {
  /** Mean difference of neighbouring periods' lengths, in percent of the mean length. */
  readonly jitterPercent: number | null;
  /** Mean difference of neighbouring periods' strengths, in percent of the mean strength. */
  readonly shimmerPercent: number | null;
  readonly harmonicityDb: number | null;
  /** How many periods the measures rest on. */
  readonly periods: number;
  /** Why they are null. */
  readonly reason: 'too_little_voice' | null;
}

const PERIOD_S_MIN = 0.0001;
const PERIOD_S_MAX = 0.02;
/** Neighbours that differ more than by these factors are a wrong mark or a new sound, not a rough voice (Praat's defaults). */
const PERIOD_FACTOR_MAX = 1.3;
const AMPLITUDE_FACTOR_MAX = 1.6;
/** Strength is told from this share of the periods on both sides of a mark. */
const AMPLITUDE_REACH = 0.2;
/** Fewer periods, about a third of a second of a low voice, say more about the vowel than about the voice. */
const PERIODS_MIN = 30;
/** Voice beyond this much of an utterance changes the means little, and costs as much as the rest. */
const VOICED_S_MAX = 10;

export function periodMeasures(audio: VoicedAudio): PeriodMeasures {
  const measured = { ...audio, f0Hz: firstVoice(audio.f0Hz) };
  const runs = markPeriods(measured);
  const periods = runs.reduce((sum, marks) => sum + Math.max(0, marks.length - 1), 0);
  if (periods < PERIODS_MIN)
    return { jitterPercent: null, shimmerPercent: null, harmonicityDb: null, periods, reason: 'too_little_voice' };
  return {
    jitterPercent: jitterPercent(runs),
    shimmerPercent: shimmerPercent(audio, runs),
    harmonicityDb: harmonicityDb(measured),
    periods,
    reason: null,
  };
}

function firstVoice(f0Hz: VoicedAudio['f0Hz']): (number | null)[] {
  let left = VOICED_S_MAX / CONTOUR_STEP_S;
  return f0Hz.map((f0) => (f0 !== null && left-- > 0 ? f0 : null));
}

const isPeriod = (lengthS: number): boolean => lengthS >= PERIOD_S_MIN && lengthS <= PERIOD_S_MAX;
const factorOf = (a: number, b: number): number => Math.max(a / b, b / a);

function jitterPercent(runs: readonly number[][]): number | null {
  const lengths = runs.map((marks) => marks.slice(1).map((mark, i) => mark - marks[i]));
  const differences = lengths.flatMap((run) =>
    run.slice(1).flatMap((length, i) => {
      const alike = isPeriod(length) && isPeriod(run[i]) && factorOf(length, run[i]) <= PERIOD_FACTOR_MAX;
      return alike ? [Math.abs(length - run[i])] : [];
    }),
  );
  return percentOf(differences, lengths.flat().filter(isPeriod));
}

function shimmerPercent(audio: VoicedAudio, runs: readonly number[][]): number | null {
  const strengths = runs.map((marks) => strengthsOf(audio, marks));
  const differences = strengths.flatMap((run) =>
    run.slice(1).flatMap(({ atS, strength }, i) => {
      const before = run[i];
      const alike = isPeriod(atS - before.atS) && factorOf(strength, before.strength) <= AMPLITUDE_FACTOR_MAX;
      return alike ? [Math.abs(strength - before.strength)] : [];
    }),
  );
  const all = strengths.flat().map(({ strength }) => strength);
  return percentOf(differences, all);
}

interface Strength {
  readonly atS: number;
  readonly strength: number;
}

function strengthsOf(audio: VoicedAudio, marks: readonly number[]): Strength[] {
  return marks.slice(1, -1).flatMap((atS, i) => {
    const beforeS = atS - marks[i];
    const afterS = marks[i + 2] - atS;
    if (!isPeriod(beforeS) || !isPeriod(afterS) || factorOf(beforeS, afterS) > PERIOD_FACTOR_MAX) return [];
    const strength = rmsAround(audio, atS, AMPLITUDE_REACH * beforeS, AMPLITUDE_REACH * afterS);
    return strength > 0 ? [{ atS, strength }] : [];
  });
}

/** Root mean square under a Hann window whose two sides may differ in length. */
function rmsAround({ samples, rateHz }: VoicedAudio, atS: number, beforeS: number, afterS: number): number {
  const first = Math.max(0, Math.ceil((atS - beforeS) * rateHz));
  const last = Math.min(samples.length - 1, Math.floor((atS + afterS) * rateHz));
  let [sum, weights] = [0, 0];
  for (let i = first; i <= last; i++) {
    const distanceS = i / rateHz - atS;
    const weight = 0.5 + 0.5 * Math.cos((Math.PI * distanceS) / (distanceS < 0 ? beforeS : afterS));
    sum += (samples[i] * weight) ** 2;
    weights += weight ** 2;
  }
  return weights === 0 ? 0 : Math.sqrt(sum / weights);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function percentOf(differences: readonly number[], values: readonly number[]): number | null {
  return differences.length === 0 || values.length === 0 ? null : (100 * mean(differences)) / mean(values);
}
