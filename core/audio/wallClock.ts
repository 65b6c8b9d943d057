/**
 * Wall time of sample 0, estimated from arrivals. Audio can only arrive late, never early, so the truth lies on the lower
 * envelope of arrival - media time. The envelope is taken over recent audio, so that it follows the drift between the
 * sender's sample clock and ours.
 */
export interface WallClock {
  /** One arrival: `mediaEndMs` is the media time of the last sample that came. */
  arrived(arrivedAtMs: number, mediaEndMs: number): void;
  readonly sample0Ms: number;
  save(): unknown;
  load(state: unknown): void;
}

/** Two windows of this length are kept, so the envelope covers the last 30 to 60 s: 100 ppm of drift are 6 ms. */
const WINDOW_MS = 30_000;

export function createWallClock(startedAtMs: number): WallClock {
  let state = { windowEndMs: WINDOW_MS, previousMs: Infinity, currentMs: Infinity };

  return {
    arrived(arrivedAtMs, mediaEndMs) {
      if (mediaEndMs >= state.windowEndMs) {
        const windowEndMs = (Math.floor(mediaEndMs / WINDOW_MS) + 1) * WINDOW_MS;
        state = { windowEndMs, previousMs: state.currentMs, currentMs: Infinity };
      }
      state.currentMs = Math.min(state.currentMs, arrivedAtMs - mediaEndMs);
    },
    get sample0Ms() {
      const envelopeMs = Math.min(state.previousMs, state.currentMs);
      return Number.isFinite(envelopeMs) ? envelopeMs : startedAtMs;
    },
    save: () => ({ ...state }),
    load(saved) {
      state = { ...(saved as typeof state) };
    },
  };
}
