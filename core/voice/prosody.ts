/** From what was gathered of an utterance to its measures, rounded to what they can be trusted for. */
import type { Prosody } from '../facts/facts.ts';
import { FRAME_MS, FRAME_SAMPLES, samplesFromMs } from '../units/time.ts';
import { meanOf, rounded } from '../units/weightedMean.ts';
import type { UtteranceTone } from './baseline.ts';
import { contourMeasures } from './contour.ts';
import { syllableMeasures } from './syllableRate.ts';
import type { Piece, Utterance } from './utterance.ts';

/** When models said nothing of more than this share of an utterance, the rest does not stand for it. */
const UNMEASURED_SHARE_MAX = 0.5;

export function prosodyOf(utterance: Utterance): Prosody {
  const { startFrame, endFrame, speechFrames, pieces } = utterance;
  const frames = endFrame - startFrame;
  const speech = joined(pieces, frames, ({ speech: each }) => Array.from(each, (is) => is === 1));
  const f0Hz = joined(pieces, frames, ({ f0Hz: each, speech: spoken }) =>
    Array.from(spoken, (is, i) => (each !== null && is === 1 && each[i] > 0 ? each[i] : null)),
  );
  const levelDbfs = joined(pieces, frames, ({ levelDbfs: each }) => Array.from(each));
  const contour = contourMeasures({ f0Hz, levelDbfs, speech });
  const hasPitch = isKnown(pieces, ({ f0Hz: each }) => each !== null);
  const hasNuclei = isKnown(pieces, ({ nucleus }) => nucleus !== null);
  const nucleus = joined(pieces, frames, ({ nucleus: each, speech: spoken }) =>
    Array.from(spoken, (is, i) => (is === 1 ? (each?.[i] ?? 0) : 0)),
  );
  const syllables = hasNuclei ? syllableMeasures(nucleus, contour) : null;
  const voiced = <Value>(value: Value): Value | null => (hasPitch ? value : null);
  return {
    speechSamples: speechFrames * FRAME_SAMPLES,
    levelDbfs: rounded(contour.levelMeanDbfs, 10) ?? levelDbfs[0],
    levelRangeDb: rounded(contour.levelRangeDb, 10) ?? 0,
    pauseCount: contour.pauses,
    pauseSamples: samplesFromMs(contour.pauseMs),
    voicedShare: voiced(rounded(Math.min(1, contour.voicedMs / (speechFrames * FRAME_MS)), 1_000)),
    f0Hz: voiced(rounded(contour.f0MeanHz, 10)),
    f0RangeSt: voiced(rounded(contour.f0RangeSt, 100)),
    f0SlopeStPerS: voiced(rounded(contour.f0SlopeStPerS, 100)),
    f0FinalSt: voiced(rounded(contour.finalMovementSt, 100)),
    f0SdSt: voiced(rounded(contour.f0SdSt, 100)),
    monotony: voiced(rounded(contour.monotony, 1_000)),
    syllables: syllables?.syllables ?? null,
    speakingRate: rounded(syllables?.speakingRatePerS ?? null, 100),
    articulationRate: rounded(syllables?.articulationRatePerS ?? null, 100),
    jitterPercent: rounded(meanOf(utterance.jitter), 1_000),
    shimmerPercent: rounded(meanOf(utterance.shimmer), 100),
    harmonicityDb: rounded(meanOf(utterance.harmonicity), 10),
    arousal: rounded(meanOf(utterance.arousal), 1_000),
    unknown: hasPitch ? (contour.reason ?? '') : 'not_measured',
  };
}

export const toneOf = ({ f0Hz, levelDbfs, articulationRate, arousal }: Prosody): UtteranceTone => ({
  f0MeanHz: f0Hz,
  levelMeanDbfs: levelDbfs,
  articulationRatePerS: articulationRate,
  arousal,
});

/** The pieces' values in a row, without what follows the last speech frame. */
const joined = <Value>(pieces: readonly Piece[], frames: number, valuesOf: (piece: Piece) => Value[]): Value[] =>
  pieces.flatMap(valuesOf).slice(0, frames);

function isKnown(pieces: readonly Piece[], isMeasured: (piece: Piece) => boolean): boolean {
  let [all, unknown] = [0, 0];
  for (const piece of pieces) {
    const spoken = piece.speech.reduce((sum, is) => sum + is, 0);
    all += spoken;
    if (!isMeasured(piece)) unknown += spoken;
  }
  return unknown <= UNMEASURED_SHARE_MAX * all;
}
