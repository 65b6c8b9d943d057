/**
 * Harmonicity of voiced speech: how much of its power repeats with the period, against the rest, in dB. The autocorrelation of
 * a Hann-windowed stretch over that of the window itself, at one period's lag (Boersma 1993).
 */
import { CONTOUR_STEP_S, type VoicedAudio } from './periodMarks.ts';

/** 4.5 periods of the lowest pitch looked for, as Praat's "To Harmonicity (ac)" takes them. */
const WINDOW_S = 4.5 / 75;
/** The peak is looked for this far around the contour's period: contours err, and an octave apart is another period. */
const LAG_SEARCH_SHARE = 0.12;
/** Neighbours on each side from which the autocorrelation between two lags is told. */
const SINC_NEIGHBOURS = 10;
const STEPS_BETWEEN_LAGS = 16;
/** Windows of 60 ms overlap enough at 20 ms; each frame more costs as much again. */
const EVERY_FRAMES = 2;
const CORRELATION_MAX = 0.99999;
const CORRELATION_MIN = 0.001;
/** A quieter frame, against the loudest sample, holds no voice worth measuring (Praat's silence threshold). */
const SILENCE_SHARE = 0.1;

/** Mean over the voiced frames whose whole window lies in the audio, in dB; null when there is none. */
export function harmonicityDb({ samples, rateHz, f0Hz }: VoicedAudio): number | null {
  const count = Math.round(WINDOW_S * rateHz);
  const window = hann(count);
  const windowCorrelation = Float64Array.from(window, (_, lag) => correlationAt(window, lag));
  const windowed = new Float64Array(count);
  const loudest = samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
  let [sumDb, frames] = [0, 0];
  f0Hz.forEach((f0, frame) => {
    const start = Math.round((frame + 0.5) * CONTOUR_STEP_S * rateHz - count / 2);
    if (frame % EVERY_FRAMES !== 0 || f0 === null || start < 0 || start + count > samples.length) return;
    if (cut(samples, start, window, windowed) < SILENCE_SHARE * loudest) return;
    const correlation = bestCorrelation(windowed, windowCorrelation, rateHz / f0);
    if (correlation < CORRELATION_MIN) return;
    const repeats = Math.min(correlation, CORRELATION_MAX);
    sumDb += 10 * Math.log10(repeats / (1 - repeats));
    frames += 1;
  });
  return frames === 0 ? null : sumDb / frames;
}

/** Writes the windowed stretch without its mean, and tells its peak before the window. */
function cut(samples: Float32Array, start: number, window: Float64Array, into: Float64Array): number {
  let mean = 0;
  for (let i = 0; i < window.length; i++) mean += samples[start + i] / window.length;
  let peak = 0;
  for (let i = 0; i < window.length; i++) {
    const value = samples[start + i] - mean;
    peak = Math.max(peak, Math.abs(value));
    into[i] = value * window[i];
  }
  return peak;
}

/** The greatest normalised autocorrelation around the lag, between whole lags too. */
function bestCorrelation(windowed: Float64Array, windowCorrelation: Float64Array, periodSamples: number): number {
  const lowest = Math.max(2, Math.floor(periodSamples * (1 - LAG_SEARCH_SHARE)));
  const highest = Math.ceil(periodSamples * (1 + LAG_SEARCH_SHARE));
  const first = Math.max(0, lowest - SINC_NEIGHBOURS);
  const power = correlationAt(windowed, 0) / windowCorrelation[0];
  if (power === 0) return 0;
  const lags = Float64Array.from(
    { length: highest + SINC_NEIGHBOURS - first + 1 },
    (_, i) => correlationAt(windowed, first + i) / power / windowCorrelation[first + i],
  );
  let top = lowest - first;
  for (let i = lowest - first; i <= highest - first; i++) if (lags[i] > lags[top]) top = i;
  let best = lags[top];
  for (const weights of SINC_WEIGHTS)
    best = Math.max(best, weighted(lags, top, weights), weighted(lags, top - 1, weights));
  return best;
}

function correlationAt(values: Float64Array, lag: number): number {
  let sum = 0;
  for (let i = lag; i < values.length; i++) sum += values[i] * values[i - lag];
  return sum;
}

/** Band-limited interpolation, a sinc under a raised cosine: the neighbours' weights for each step between two lags. */
const SINC_WEIGHTS = Array.from({ length: STEPS_BETWEEN_LAGS - 1 }, (_, step) =>
  Float64Array.from({ length: 2 * SINC_NEIGHBOURS }, (_, i) => {
    const distance = (step + 1) / STEPS_BETWEEN_LAGS + SINC_NEIGHBOURS - 1 - i;
    const taper = 0.5 + 0.5 * Math.cos((Math.PI * distance) / (SINC_NEIGHBOURS + 1));
    return (taper * Math.sin(Math.PI * distance)) / (Math.PI * distance);
  }),
);

/** The value a step after `base`; what lies outside counts as 0. */
function weighted(values: Float64Array, base: number, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += (values[base - SINC_NEIGHBOURS + 1 + i] ?? 0) * weights[i];
  return sum;
}

const hann = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / count));
