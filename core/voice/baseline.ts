/**
 * A speaker's own way of speaking, learnt from the utterances so far, and how far an utterance departs from it. Two measures
 * or more that depart together are a change of tone; one alone is mostly what the words ask for.
 */
import { medianOf, semitones } from './measures.ts';

export const TONE_MEASURES = ['f0', 'level', 'rate', 'arousal'] as const;
export type ToneMeasure = (typeof TONE_MEASURES)[number];

/** What is known of an utterance; null where it could not be measured. */
export interface UtteranceTone {
  readonly f0MeanHz: number | null;
  readonly levelMeanDbfs: number | null;
  readonly articulationRatePerS: number | null;
  readonly arousal: number | null;
}

/** Against the speaker's baseline; null where either is unknown. */
export interface ToneShift {
  readonly f0ShiftSt: number | null;
  readonly levelShiftDb: number | null;
  readonly rateShiftPerS: number | null;
  readonly arousalShift: number | null;
}

export interface ToneChange {
  readonly direction: 'raised' | 'lowered' | 'mixed';
  readonly measures: readonly ToneMeasure[];
}

export interface ToneReading {
  readonly shift: ToneShift;
  readonly toneChange: ToneChange | null;
  /** Earlier utterances that the baseline rests on; shifts are null under the minimum. */
  readonly baselineUtterances: number;
}

export interface SpeakerBaseline {
  /** Reads an utterance against the ones before it, then counts it among them. */
  push(utterance: UtteranceTone): ToneReading;
  save(): unknown;
  load(state: unknown): void;
}

interface ToneLimits {
  /** How much one speaker's utterances usually differ (deviation), before this speaker is known. */
  readonly usualDeviation: number;
  /** Smaller shifts are not heard as another tone, however steady the speaker. */
  readonly shiftMin: number;
}

/**
 * Usual deviations are of the order that readers and callers show from utterance to utterance. A shift that counts is about
 * three times what is just heard: pitch 1 st, level 1 to 2 dB, rate 5 to 10 % (Quene 2007); arousal is a score of 0..1 whose
 * high and low halves lie about 0.5 apart.
 */
export const TONE_LIMITS: Readonly<Record<ToneMeasure, ToneLimits>> = {
  f0: { usualDeviation: 1.5, shiftMin: 3 },
  level: { usualDeviation: 2.5, shiftMin: 5 },
  rate: { usualDeviation: 0.7, shiftMin: 1.2 },
  arousal: { usualDeviation: 0.12, shiftMin: 0.25 },
};

/** Deviations from the speaker's own median from which a shift counts: two are one utterance in twenty, by chance. */
const DEVIATIONS_MIN = 2;
const MEASURES_MIN = 2;
/** A median of two already rests on both; of one it is that utterance. */
const BASELINE_UTTERANCES_MIN = 2;
/** The usual deviation weighs like this many utterances, so that a few alike do not make a hair's breadth a change. */
const USUAL_WEIGHT = 5;
/** The baseline follows a speaker over a long call. */
const UTTERANCES_KEPT = 40;
/** Of a normal distribution: deviation over median absolute deviation. */
const DEVIATION_OF_MAD = 1.4826;

type Values = Record<ToneMeasure, number | null>;

export function createSpeakerBaseline(): SpeakerBaseline {
  let heard: Values[] = [];

  return {
    push(utterance) {
      const values = valuesOf(utterance);
      const shifts = Object.fromEntries(
        TONE_MEASURES.map((measure) => [measure, shiftOf(measure, values[measure], knownOf(heard, measure))]),
      ) as Record<ToneMeasure, Shift | null>;
      const baselineUtterances = heard.length;
      heard = [...heard, values].slice(-UTTERANCES_KEPT);
      return { shift: told(shifts), toneChange: toneChangeOf(shifts), baselineUtterances };
    },
    save: () => heard.map((values) => ({ ...values })),
    load(state) {
      heard = (state as Values[]).map((values) => ({ ...values }));
    },
  };
}

const valuesOf = (utterance: UtteranceTone): Values => ({
  f0: utterance.f0MeanHz === null ? null : semitones(utterance.f0MeanHz, 1),
  level: utterance.levelMeanDbfs,
  rate: utterance.articulationRatePerS,
  arousal: utterance.arousal,
});

const knownOf = (heard: readonly Values[], measure: ToneMeasure): number[] =>
  heard.flatMap((values) => values[measure] ?? []);

interface Shift {
  readonly by: number;
  readonly counts: boolean;
}

function shiftOf(measure: ToneMeasure, value: number | null, known: readonly number[]): Shift | null {
  if (value === null || known.length < BASELINE_UTTERANCES_MIN) return null;
  const { usualDeviation, shiftMin } = TONE_LIMITS[measure];
  const middle = medianOf(known);
  const own = DEVIATION_OF_MAD * medianOf(known.map((each) => Math.abs(each - middle)));
  const weight = USUAL_WEIGHT + known.length;
  const deviation = Math.sqrt((USUAL_WEIGHT * usualDeviation ** 2 + known.length * own ** 2) / weight);
  const by = value - middle;
  return { by, counts: Math.abs(by) >= Math.max(shiftMin, DEVIATIONS_MIN * deviation) };
}

const told = (shifts: Record<ToneMeasure, Shift | null>): ToneShift => ({
  f0ShiftSt: shifts.f0?.by ?? null,
  levelShiftDb: shifts.level?.by ?? null,
  rateShiftPerS: shifts.rate?.by ?? null,
  arousalShift: shifts.arousal?.by ?? null,
});

function toneChangeOf(shifts: Record<ToneMeasure, Shift | null>): ToneChange | null {
  const measures = TONE_MEASURES.filter((measure) => shifts[measure]?.counts === true);
  if (measures.length < MEASURES_MIN) return null;
  const raised = measures.filter((measure) => (shifts[measure]?.by ?? 0) > 0).length;
  if (raised === measures.length) return { direction: 'raised', measures };
  return { direction: raised === 0 ? 'lowered' : 'mixed', measures };
}
