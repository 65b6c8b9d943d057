/**
 * Syllables of an utterance: the peaks of the nucleus model's probability. Articulation rate leaves pauses out, speaking rate
 * counts them in.
 */

export interface SyllableMeasures {
  readonly syllables: number;
  readonly articulationRatePerS: number | null;
  readonly speakingRatePerS: number | null;
  /** Why the rates are null. */
  readonly reason: 'too_short' | null;
}

const FRAMES_PER_S = 100;
/** From the dev split of the synthetic speech (models/syllables/train): where found and true counts balance. */
export const NUCLEUS_MIN = 0.35;
/** Nuclei closer than this do not occur: 20 a second is more than twice what the fastest speakers reach. */
const APART_FRAMES = 5;
/** Less speech holds so few nuclei that one more or less changes the rate by a third. */
const SPEECH_FRAMES_MIN = 50;

/** Frames (10 ms) of the nuclei, in order: local maxima, the surest first, each well apart from those surer than it. */
export function nucleiOf(nucleus: ArrayLike<number>): number[] {
  const peaks: number[] = [];
  for (let frame = 0; frame < nucleus.length; frame++) if (isPeak(nucleus, frame)) peaks.push(frame);
  const kept: number[] = [];
  for (const frame of peaks.sort((a, b) => nucleus[b] - nucleus[a] || a - b))
    if (kept.every((other) => Math.abs(other - frame) >= APART_FRAMES)) kept.push(frame);
  return kept.sort((a, b) => a - b);
}

function isPeak(nucleus: ArrayLike<number>, frame: number): boolean {
  const here = nucleus[frame];
  return here >= NUCLEUS_MIN && here > (nucleus[frame - 1] ?? 0) && here >= (nucleus[frame + 1] ?? 0);
}

/**
 * `nucleus` over the utterance, a value each 10 ms. `spokenMs`: its speech without pauses; `spanMs`: from its first speech to
 * its last, pauses in (contour.ts tells both).
 */
export function syllableMeasures(
  nucleus: ArrayLike<number>,
  { spokenMs, spanMs }: { readonly spokenMs: number; readonly spanMs: number },
): SyllableMeasures {
  const syllables = nucleiOf(nucleus).length;
  if (spokenMs < (SPEECH_FRAMES_MIN * 1_000) / FRAMES_PER_S)
    return { syllables, articulationRatePerS: null, speakingRatePerS: null, reason: 'too_short' };
  return {
    syllables,
    articulationRatePerS: (syllables * 1_000) / spokenMs,
    speakingRatePerS: (syllables * 1_000) / spanMs,
    reason: null,
  };
}
