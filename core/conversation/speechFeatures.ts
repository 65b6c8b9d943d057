/**
 * What the edge model sees of a 10 ms frame: how far each band and the whole lie above the channel's noise, how far under
 * the speaker's peaks, whether that is a level of speech, and what the speech model says. All relative, so that neither level nor line matter.
 */
import { BANDS_HZ } from '../features/bands.ts';
import { LevelHistogram } from '../features/levelHistogram.ts';
import type { Cell } from './align.ts';
import type { ConversationLimits } from './limits.ts';

export interface HeardCell extends Cell {
  /** The other side's echo explains this frame. */
  readonly echo: boolean;
}

export const FEATURES_A_FRAME = BANDS_HZ.length + 4;

export interface SpeechFeatures {
  /** Takes the next frame and writes its features to `into` from `at` on. */
  push(cell: HeardCell, into: Float32Array, at: number): void;
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
/** Features are in units of this many decibels, and bounded. */
const UNIT_DB = 20;

export function createSpeechFeatures(limits: ConversationLimits): SpeechFeatures {
  const noise = new LevelHistogram(NOISE_FRAMES_KEPT);
  const peaks = new LevelHistogram(PEAK_FRAMES_KEPT);
  const bandNoise = BANDS_HZ.map(() => new LevelHistogram(NOISE_FRAMES_KEPT));
  let state = {
    frame: 0,
    noiseDbfs: NOISE_DBFS_AT_FIRST,
    peakDbfs: PEAK_DBFS_AT_FIRST,
    bandNoiseDbfs: BANDS_HZ.map(() => NOISE_DBFS_AT_FIRST),
  };

  function learn({ levelDbfs, bandsDbfs, missing, echo, probability }: HeardCell): void {
    if (!missing) {
      noise.add(levelDbfs);
      bandsDbfs.forEach((level, band) => bandNoise[band].add(level));
      if (!echo && probability >= SPEECH_PROBABILITY) peaks.add(levelDbfs);
    }
    if (state.frame % REFRESH_EVERY_FRAMES === 0 && noise.frames > 0) {
      state.noiseDbfs = noise.percentile(NOISE_SHARE);
      state.bandNoiseDbfs = bandNoise.map((histogram) => histogram.percentile(NOISE_SHARE));
      if (peaks.frames >= PEAK_FRAMES_MIN) state.peakDbfs = peaks.percentile(PEAK_SHARE);
    }
    state.frame += 1;
  }

  return {
    push(cell, into, at) {
      learn(cell);
      const { noiseDbfs, peakDbfs, bandNoiseDbfs } = state;
      const isUnheard = cell.missing || cell.echo;
      for (let band = 0; band < BANDS_HZ.length; band += 1) {
        into[at + band] = isUnheard ? 0 : bounded((cell.bandsDbfs[band] - bandNoiseDbfs[band]) / UNIT_DB, 0, 3);
      }
      const rest = at + BANDS_HZ.length;
      into[rest] = isUnheard ? 0 : bounded((cell.levelDbfs - noiseDbfs) / UNIT_DB, 0, 3);
      into[rest + 1] = isUnheard ? -3 : bounded((cell.levelDbfs - peakDbfs) / UNIT_DB, -3, 0.5);
      into[rest + 2] = isUnheard ? 0 : cell.probability;
      const threshold = Math.max(peakDbfs - limits.belowPeakDb, noiseDbfs + limits.aboveNoiseDb);
      into[rest + 3] = !isUnheard && cell.levelDbfs >= threshold ? 1 : 0;
    },
    get noiseDbfs() {
      return state.noiseDbfs;
    },
    get peakDbfs() {
      return state.peakDbfs;
    },
    save: () => ({
      ...structuredClone(state),
      noise: noise.save(),
      peaks: peaks.save(),
      bandNoise: bandNoise.map((histogram) => histogram.save()),
    }),
    load(saved) {
      const {
        noise: n,
        peaks: p,
        bandNoise: b,
        ...rest
      } = structuredClone(saved) as typeof state & {
        noise: unknown;
        peaks: unknown;
        bandNoise: unknown[];
      };
      noise.load(n);
      peaks.load(p);
      b.forEach((part, band) => bandNoise[band].load(part));
      state = rest;
    },
  };
}

const bounded = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));
