/** The last seconds of one voice at 4 kHz with their envelope, and how well they fit themselves at a lag. For loops.ts. */
import { FRAME_MS } from '../units/time.ts';
import { VOICE_SAMPLES_PER_MS } from './voiceAudio.ts';

/** Two samples of voice audio make one here: half the cost, and a loop shows as clearly. */
const DECIMATE = 2;
/** Samples of a frame of 10 ms. */
export const FRAME_LENGTH = (FRAME_MS * VOICE_SAMPLES_PER_MS) / DECIMATE;
/** Three playings of the longest grain, and a little. */
export const HISTORY_FRAMES = 320;
/** Kept up to a quarter more, so that old frames are dropped seldom. */
const KEPT_FRAMES_MAX = 1.25 * HISTORY_FRAMES;
/** Kept as 16 bits: half the memory of every call, and finer than any line. */
const FULL_SCALE = 32_767;
/** The envelope finds a lag within this; the samples say the rest. */
const LAG_SLACK_SAMPLES = 1.2 * FRAME_LENGTH;
const REFINE_FRAMES = 30;
const TONE_LAG_MIN = (2 * FRAME_LENGTH) / FRAME_MS;
const TONE_LAG_MAX = (20 * FRAME_LENGTH) / FRAME_MS;

interface HistoryState {
  samples: Int16Array;
  envelope: Float32Array;
  frames: number;
  /** Frames dropped before those kept. */
  dropped: number;
  fill: number;
  odd: number | null;
}

export function createLoopHistory() {
  let state: HistoryState = {
    samples: new Int16Array(KEPT_FRAMES_MAX * FRAME_LENGTH),
    envelope: new Float32Array(KEPT_FRAMES_MAX),
    frames: 0,
    dropped: 0,
    fill: 0,
    odd: null,
  };

  function makeRoom(): void {
    if (state.frames < KEPT_FRAMES_MAX) return;
    const old = KEPT_FRAMES_MAX - HISTORY_FRAMES;
    state.samples.copyWithin(0, old * FRAME_LENGTH);
    state.envelope.copyWithin(0, old);
    state.frames -= old;
    state.dropped += old;
  }

  function endFrame(): void {
    const { samples, frames } = state;
    let energy = 0;
    for (let i = frames * FRAME_LENGTH; i < (frames + 1) * FRAME_LENGTH; i += 1) energy += samples[i] * samples[i];
    // The square root of the amplitude: between loudness, which lost packets throw far down, and power, which peaks rule.
    state.envelope[frames] = (energy / FRAME_LENGTH / FULL_SCALE ** 2) ** 0.25;
    state.frames += 1;
    state.fill = 0;
  }

  /** Normalised correlation of `count` samples before `end` with those `lag` earlier, taking every `stride`-th. */
  function correlate(end: number, count: number, lag: number, stride: number): number {
    const { samples } = state;
    let cross = 0;
    let own = 0;
    let before = 0;
    for (let i = Math.max(lag, end - count); i < end; i += stride) {
      const a = samples[i];
      const b = samples[i - lag];
      cross += a * b;
      own += a * a;
      before += b * b;
    }
    const norm = Math.sqrt(own * before);
    return norm > 0 ? cross / norm : 0;
  }

  const end = (): number => state.frames * FRAME_LENGTH;

  return {
    /** Takes audio at 8 kHz and tells each frame that it completes, by its number in the call. */
    push(audio: Float32Array, onFrame: (frame: number) => void): void {
      for (const sample of audio) {
        if (state.odd === null) {
          state.odd = sample;
          continue;
        }
        state.samples[state.frames * FRAME_LENGTH + state.fill] = Math.round(
          ((state.odd + sample) / DECIMATE) * FULL_SCALE,
        );
        state.odd = null;
        state.fill += 1;
        if (state.fill < FRAME_LENGTH) continue;
        endFrame();
        onFrame(state.dropped + state.frames - 1);
        makeRoom();
      }
    },
    rms(frames: number): number {
      const from = Math.max(0, state.frames - frames);
      let power = 0;
      for (let i = from; i < state.frames; i += 1) power += state.envelope[i] ** 4;
      return Math.sqrt(power / Math.max(1, state.frames - from));
    },
    /** Of the last `count` frames' envelope with that `lag` frames earlier, means removed; 0 while too little is known. */
    envelopeCorrelation(lag: number, count: number): number {
      const { envelope, frames } = state;
      if (frames < lag + count) return 0;
      let sumA = 0;
      let sumB = 0;
      let ab = 0;
      let aa = 0;
      let bb = 0;
      for (let i = frames - count; i < frames; i += 1) {
        const a = envelope[i];
        const b = envelope[i - lag];
        sumA += a;
        sumB += b;
        ab += a * b;
        aa += a * a;
        bb += b * b;
      }
      const norm = Math.sqrt((aa - (sumA * sumA) / count) * (bb - (sumB * sumB) / count));
      return norm > 0 ? (ab - (sumA * sumB) / count) / norm : 0;
    },
    /** The lag in samples around `near` at which the newest samples fit best. */
    bestLag(near: number): number {
      let best = near;
      let bestFit = -1;
      for (let lag = Math.ceil(near - LAG_SLACK_SAMPLES); lag <= near + LAG_SLACK_SAMPLES; lag += 1) {
        const fit = correlate(end(), REFINE_FRAMES * FRAME_LENGTH, lag, 2);
        if (fit > bestFit) [best, bestFit] = [lag, fit];
      }
      return best;
    },
    correlation: (lag: number, frames: number): number => correlate(end(), frames * FRAME_LENGTH, lag, 1),
    toneCorrelation(frames: number): number {
      let best = 0;
      for (let lag = TONE_LAG_MIN; lag <= TONE_LAG_MAX; lag += 1)
        best = Math.max(best, correlate(end(), frames * FRAME_LENGTH, lag, 2));
      return best;
    },
    /** Sums of products of one frame with what lay `lag` samples before it. */
    compareFrame(frame: number, lag: number): { cross: number; own: number; before: number } {
      const { samples } = state;
      const start = (frame - state.dropped) * FRAME_LENGTH;
      const sums = { cross: 0, own: 0, before: 0 };
      for (let i = Math.max(start, lag); i < start + FRAME_LENGTH; i += 1) {
        sums.cross += samples[i] * samples[i - lag];
        sums.own += samples[i] * samples[i];
        sums.before += samples[i - lag] * samples[i - lag];
      }
      return sums;
    },
    save: () => ({
      ...state,
      samples: state.samples.slice(0, (state.frames + 1) * FRAME_LENGTH),
      envelope: state.envelope.slice(0, state.frames),
    }),
    load(saved: unknown): void {
      const kept = saved as HistoryState;
      state.samples.set(kept.samples);
      state.envelope.set(kept.envelope);
      state = { ...kept, samples: state.samples, envelope: state.envelope };
    },
  };
}
