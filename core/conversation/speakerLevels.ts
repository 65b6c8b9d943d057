/** Follows one channel's levels: its noise, and what the speaker's loudest frames reach. Slow, by percentiles. */
import { LevelHistogram } from '../features/levelHistogram.ts';
import type { Cell } from './align.ts';

export interface HeardCell extends Cell {
  /** The other side's echo explains this frame. */
  readonly echo: boolean;
}

export interface SpeakerLevels {
  push(cell: HeardCell): void;
  readonly noiseDbfs: number;
  /** The level that the speaker's loudest frames reach. */
  readonly peakDbfs: number;
  save(): unknown;
  load(state: unknown): void;
}

const NOISE_FRAMES_KEPT = 1_000;
const NOISE_SHARE = 0.05;
const PEAK_FRAMES_KEPT = 1_500;
const PEAK_SHARE = 0.97;
/** Telephone speech peaks near here before anything is known of the speaker (ITU-T P.56 nominal -26 dBov mean). */
const PEAK_DBFS_AT_FIRST = -25;
const NOISE_DBFS_AT_FIRST = -80;
const PEAK_FRAMES_MIN = 50;
const SPEECH_PROBABILITY = 0.5;
/** The percentiles change slowly; they are read again so often. */
const REFRESH_EVERY_FRAMES = 10;

export function createSpeakerLevels(): SpeakerLevels {
  const noise = new LevelHistogram(NOISE_FRAMES_KEPT);
  const peaks = new LevelHistogram(PEAK_FRAMES_KEPT);
  let state = { frame: 0, noiseDbfs: NOISE_DBFS_AT_FIRST, peakDbfs: PEAK_DBFS_AT_FIRST };

  return {
    push({ levelDbfs, missing, echo, probability }) {
      if (!missing) {
        noise.add(levelDbfs);
        if (!echo && probability >= SPEECH_PROBABILITY) peaks.add(levelDbfs);
      }
      if (state.frame % REFRESH_EVERY_FRAMES === 0 && noise.frames > 0) {
        state.noiseDbfs = noise.percentile(NOISE_SHARE);
        if (peaks.frames >= PEAK_FRAMES_MIN) state.peakDbfs = peaks.percentile(PEAK_SHARE);
      }
      state.frame += 1;
    },
    get noiseDbfs() {
      return state.noiseDbfs;
    },
    get peakDbfs() {
      return state.peakDbfs;
    },
    save: () => ({ ...state, noise: noise.save(), peaks: peaks.save() }),
    load(saved) {
      const { noise: n, peaks: p, ...rest } = saved as typeof state & { noise: unknown; peaks: unknown };
      noise.load(n);
      peaks.load(p);
      state = { ...rest };
    },
  };
}
