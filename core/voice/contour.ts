/**
 * The melody, loudness and pauses of one utterance, from its 10 ms contours. Pitch is told in semitones, so that voices
 * compare; what rests on too little voice is null, with the reason.
 */
import { mean, percentile, standardDeviation, semitones, medianOf } from './measures.ts';

/** Contours of one utterance, a value each 10 ms. */
export interface UtteranceContours {
  /** Hz; null where unvoiced. */
  readonly f0Hz: readonly (number | null)[];
  readonly levelDbfs: readonly number[];
  readonly speech: readonly boolean[];
}

export interface PitchMeasures {
  /** Geometric mean. */
  readonly f0MeanHz: number | null;
  readonly f0RangeSt: number | null;
  readonly f0SlopeStPerS: number | null;
  /** The very end, of the last 300 ms of voice, against the second before: above 0 rises, below 0 falls. */
  readonly finalMovementSt: number | null;
  readonly f0SdSt: number | null;
  readonly monotony: number | null;
  readonly voicedMs: number;
  readonly reason: 'too_little_voice' | null;
}

export interface LevelMeasures {
  readonly levelMeanDbfs: number | null;
  readonly levelRangeDb: number | null;
}

export interface PauseMeasures {
  readonly pauses: number;
  readonly pauseMs: number;
  /** Share of the utterance from its first speech to its last. */
  readonly pauseShare: number | null;
  /** From the first speech to the last; spokenMs leaves the pauses out. */
  readonly spanMs: number;
  readonly spokenMs: number;
}

export type ContourMeasures = PitchMeasures & LevelMeasures & PauseMeasures;

const FRAME_MS = 10;
/** Under this much voice a mean pitch is that of a vowel or two, and a range or a slope says nothing. */
const VOICED_MS_MIN = 300;
const FINAL_MS = 300;
const BEFORE_FINAL_MS = 1_000;
const BEFORE_FINAL_MS_MIN = 150;
/** Shorter silences inside speech are closures of stops (de Jong & Wempe take 300 ms, speech timing work 150 to 250). */
const PAUSE_MS_MIN = 150;
/** A frame this far from the utterance's median pitch is taken for an octave error, unless half a second agrees with it. */
const OCTAVE_AWAY_ST = 9;
const NEIGHBOURHOOD_FRAMES = 25;
const NEIGHBOUR_AWAY_ST = 5;
/** Where monotony is one half: flat reading lies under it, lively reading over it. */
const MONOTONY_HALF_SD_ST = 2;

export function contourMeasures(contours: UtteranceContours): ContourMeasures {
  return { ...pitchMeasures(contours.f0Hz), ...levelMeasures(contours), ...pauseMeasures(contours.speech) };
}

interface Voiced {
  readonly frame: number;
  readonly st: number;
}

function pitchMeasures(f0Hz: UtteranceContours['f0Hz']): PitchMeasures {
  const voiced = withoutOctaveJumps(f0Hz);
  const voicedMs = voiced.length * FRAME_MS;
  if (voicedMs < VOICED_MS_MIN) return { ...NO_PITCH, voicedMs, reason: 'too_little_voice' };
  const tones = voiced.map(({ st }) => st);
  const f0SdSt = standardDeviation(tones);
  return {
    f0MeanHz: 2 ** (mean(tones) / 12),
    f0RangeSt: percentile(tones, 0.95) - percentile(tones, 0.05),
    f0SlopeStPerS: slopeStPerS(voiced),
    finalMovementSt: finalMovementSt(voiced),
    f0SdSt,
    monotony: MONOTONY_HALF_SD_ST / (MONOTONY_HALF_SD_ST + f0SdSt),
    voicedMs,
    reason: null,
  };
}

const NO_PITCH = {
  f0MeanHz: null,
  f0RangeSt: null,
  f0SlopeStPerS: null,
  finalMovementSt: null,
  f0SdSt: null,
  monotony: null,
};

/** Voiced frames in semitones over 1 Hz; those an octave off both the utterance and their neighbours are left out. */
function withoutOctaveJumps(f0Hz: UtteranceContours['f0Hz']): Voiced[] {
  const voiced = f0Hz.flatMap((f0, frame) => (f0 !== null && f0 > 0 ? [{ frame, st: semitones(f0, 1) }] : []));
  const middle = medianOf(voiced.map(({ st }) => st));
  return voiced.filter(({ frame, st }, i) => {
    if (Math.abs(st - middle) < OCTAVE_AWAY_ST) return true;
    const around = voiced
      .slice(Math.max(0, i - NEIGHBOURHOOD_FRAMES), i + NEIGHBOURHOOD_FRAMES + 1)
      .filter((other) => Math.abs(other.frame - frame) <= NEIGHBOURHOOD_FRAMES);
    const agreeing = around.filter((other) => Math.abs(other.st - st) < NEIGHBOUR_AWAY_ST).length;
    return agreeing > NEIGHBOURHOOD_FRAMES;
  });
}

/** Least squares over voiced frames. */
function slopeStPerS(voiced: readonly Voiced[]): number {
  const atS = voiced.map(({ frame }) => (frame * FRAME_MS) / 1_000);
  const [meanS, meanSt] = [mean(atS), mean(voiced.map(({ st }) => st))];
  const covariance = voiced.reduce((sum, { st }, i) => sum + (atS[i] - meanS) * (st - meanSt), 0);
  const variance = atS.reduce((sum, s) => sum + (s - meanS) ** 2, 0);
  return variance === 0 ? 0 : covariance / variance;
}

/** Medians, since the last periods of an utterance are the ones most often mistaken. */
function finalMovementSt(voiced: readonly Voiced[]): number | null {
  const finalFrames = FINAL_MS / FRAME_MS;
  const end = voiced.slice(-finalFrames);
  const before = voiced.slice(0, -finalFrames).slice(-BEFORE_FINAL_MS / FRAME_MS);
  if (before.length * FRAME_MS < BEFORE_FINAL_MS_MIN) return null;
  const last = end.slice(Math.floor(end.length / 2));
  return medianOf(last.map(({ st }) => st)) - medianOf(before.map(({ st }) => st));
}

/** Mean power and spread of the frames that are speech. */
function levelMeasures({ levelDbfs, speech }: UtteranceContours): LevelMeasures {
  const spoken = levelDbfs.filter((_, frame) => speech[frame]);
  if (spoken.length === 0) return { levelMeanDbfs: null, levelRangeDb: null };
  return {
    levelMeanDbfs: 10 * Math.log10(mean(spoken.map((db) => 10 ** (db / 10)))),
    levelRangeDb: percentile(spoken, 0.9) - percentile(spoken, 0.1),
  };
}

function pauseMeasures(speech: readonly boolean[]): PauseMeasures {
  const first = speech.indexOf(true);
  if (first < 0) return { pauses: 0, pauseMs: 0, pauseShare: null, spanMs: 0, spokenMs: 0 };
  let [pauses, pauseMs, silentMs] = [0, 0, 0];
  const last = speech.lastIndexOf(true);
  for (let frame = first; frame <= last; frame++) {
    if (!speech[frame]) {
      silentMs += FRAME_MS;
      continue;
    }
    if (silentMs >= PAUSE_MS_MIN) {
      pauses += 1;
      pauseMs += silentMs;
    }
    silentMs = 0;
  }
  const spanMs = (last + 1 - first) * FRAME_MS;
  return { pauses, pauseMs, pauseShare: pauseMs / spanMs, spanMs, spokenMs: spanMs - pauseMs };
}
