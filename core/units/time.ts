/**
 * The one clock of a call: an integer sample index at 16 kHz, counted from the call's first sample.
 * Milliseconds are derived from it at the edges and never summed.
 */
export const TIMELINE_RATE_HZ = 16_000;
export const SAMPLES_PER_MS = TIMELINE_RATE_HZ / 1000;

/** Signals are measured every 10 ms; frame k covers [k, k + 1) x 160 samples of the timeline. */
export const FRAME_MS = 10;
export const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS;

declare const sampleIndex: unique symbol;
/** A position on a call's timeline. Branded because a bare number of another rate or unit would go unnoticed. */
export type SampleIndex = number & { readonly [sampleIndex]: true };

export const asSampleIndex = (samples: number): SampleIndex => samples as SampleIndex;
export const samplesFromMs = (ms: number): number => Math.round(ms * SAMPLES_PER_MS);
export const msFromSamples = (samples: number): number => samples / SAMPLES_PER_MS;
