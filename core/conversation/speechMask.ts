/**
 * Decides for each 10 ms frame of one channel whether it is speech, once for all, as soon as that is known and a bounded
 * look-ahead later at most. The speech model says that there is speech; the level says where exactly it begins and ends,
 * because a model that sums over time hears onsets late. Pauses under 200 ms are bridged, runs under 50 ms dropped.
 */
import { LevelHistogram } from '../features/levelHistogram.ts';
import { FRAME_MS } from '../units/time.ts';
import type { Cell } from './align.ts';
import type { ConversationLimits } from './limits.ts';

/** A frame of which it is known whether the other side's echo explains it. */
export interface HeardCell extends Cell {
  readonly echo: boolean;
}

export interface SpeechMask {
  /** Takes the next frame. */
  push(cell: HeardCell): void;
  /** Frames before this one are decided. */
  readonly decidedFrames: number;
  /** Whether a decided frame, of the last `lagFramesOf(limits)` ones, is speech. */
  isSpeech(frame: number): boolean;
  /** Noise level of the channel as known now. */
  readonly noiseDbfs: number;
  /** Level that the speaker's loudest frames reach. */
  readonly peakDbfs: number;
  save(): unknown;
  load(state: unknown): void;
}

export interface SpeechMaskOptions {
  readonly limits: ConversationLimits;
  /**
   * `audible`: on a clean digital line everything clearly audible counts, whatever it sounds like (an agent's own output:
   * a stuck or garbled voice holds the floor too). `speech`: only what the speech model confirms.
   */
  readonly counts: 'speech' | 'audible';
}

const NOISE_FRAMES_KEPT = 1_000;
const NOISE_SHARE = 0.05;
const PEAK_FRAMES_KEPT = 1_500;
const PEAK_SHARE = 0.97;
/** Telephone speech peaks near here before anything is known of the speaker (ITU-T P.56 nominal -26 dBov mean). */
const PEAK_DBFS_AT_FIRST = -25;
const PEAK_FRAMES_MIN = 50;
/** Where the model is sure, a frame has to be only this far above the noise. */
const SURE_ABOVE_NOISE_DB = 2;
/** On a clean line, sound this far above the line's noise is audible. */
const AUDIBLE_ABOVE_NOISE_DB = 16;
/** How often the percentiles are read again; they change slowly. */
const REFRESH_EVERY_FRAMES = 10;

/** The longest look-ahead: the search for an onset, then the bridging of a pause and the dropping of a short run. */
export const lagFramesOf = ({ onsetSearchMs, pauseMs, segmentMsMin }: ConversationLimits): number =>
  (onsetSearchMs + pauseMs + segmentMsMin) / FRAME_MS;

interface MaskState {
  frame: number;
  noiseDbfs: number;
  peakDbfs: number;
  inSpeech: boolean;
  lastModelFrame: number;
  /** Frames before these are decided: as raw speech, and finally. */
  rawFrames: number;
  decidedFrames: number;
  /** Rings by frame number: bit 1 = level is right, bit 2 = speech for sure; and the labels. */
  evidence: Uint8Array;
  labels: Uint8Array;
  runStart: number;
  runEnd: number;
}

const LEVEL_OK = 1;
const SURE = 2;
const NEVER = -1_000_000;

export function createSpeechMask({ limits, counts }: SpeechMaskOptions): SpeechMask {
  const onsetFrames = limits.onsetSearchMs / FRAME_MS;
  const offsetFrames = limits.offsetSearchMs / FRAME_MS;
  const pauseFrames = limits.pauseMs / FRAME_MS;
  const segmentFramesMin = limits.segmentMsMin / FRAME_MS;
  const noise = new LevelHistogram(NOISE_FRAMES_KEPT);
  const peaks = new LevelHistogram(PEAK_FRAMES_KEPT);
  const ringLength = lagFramesOf(limits) + 2;
  let state: MaskState = {
    frame: 0,
    noiseDbfs: -80,
    peakDbfs: PEAK_DBFS_AT_FIRST,
    inSpeech: false,
    lastModelFrame: NEVER,
    rawFrames: 0,
    decidedFrames: 0,
    evidence: new Uint8Array(ringLength),
    labels: new Uint8Array(ringLength),
    runStart: NEVER,
    runEnd: NEVER,
  };

  function learn({ levelDbfs, missing }: Cell, probability: number): void {
    if (missing) return;
    noise.add(levelDbfs);
    if (probability >= limits.speechOn) peaks.add(levelDbfs);
    if (state.frame % REFRESH_EVERY_FRAMES !== 0) return;
    state.noiseDbfs = noise.percentile(NOISE_SHARE);
    if (peaks.frames >= PEAK_FRAMES_MIN) state.peakDbfs = peaks.percentile(PEAK_SHARE);
  }

  function weigh({ levelDbfs, missing, echo }: HeardCell, probability: number): number {
    if (missing || echo) return 0;
    const { noiseDbfs, peakDbfs } = state;
    const floorDbfs = peakDbfs - limits.belowPeakDb;
    if (counts === 'audible' && noiseDbfs < limits.cleanLineDbfs) {
      const audible = levelDbfs >= Math.max(floorDbfs, noiseDbfs + AUDIBLE_ABOVE_NOISE_DB);
      if (audible) return LEVEL_OK | SURE;
    }
    const levelOk = levelDbfs >= Math.max(floorDbfs, noiseDbfs + limits.aboveNoiseDb);
    const sure = probability >= limits.speechOn && levelDbfs >= Math.max(floorDbfs, noiseDbfs + SURE_ABOVE_NOISE_DB);
    return (levelOk ? LEVEL_OK : 0) | (sure ? SURE : 0);
  }

  /** Whether a frame is raw speech: sure, or of speech level near what the model confirmed. Null: not known yet. */
  function rawSpeech(at: number): boolean | null {
    const evidence = state.evidence[at % ringLength];
    if ((evidence & SURE) !== 0) return true;
    if ((evidence & LEVEL_OK) === 0) return false;
    if (state.lastModelFrame >= at - offsetFrames) return true;
    return state.frame - at >= onsetFrames ? false : null;
  }

  /** Grows the current run by a raw speech frame, or starts a new one; a run that is long enough becomes labels. */
  function extendRun(at: number): void {
    const joins = at - state.runEnd < pauseFrames;
    const labelledTo = joins && state.runEnd - state.runStart >= segmentFramesMin ? state.runEnd : null;
    if (!joins) state.runStart = at;
    state.runEnd = at + 1;
    if (state.runEnd - state.runStart < segmentFramesMin) return;
    for (let k = labelledTo ?? state.runStart; k <= at; k += 1) state.labels[k % ringLength] = 1;
  }

  /** Draws the line between decided and open after frame `at` is known to be raw speech or not. */
  function settle(at: number): void {
    const isLongEnough = state.runEnd - state.runStart >= segmentFramesMin;
    const isClosed = at + 1 - state.runEnd >= pauseFrames;
    state.decidedFrames = isClosed ? at + 1 : isLongEnough ? state.runEnd : state.runStart;
  }

  return {
    push(cell) {
      const probability = cell.echo || cell.missing ? 0 : cell.probability;
      const { frame } = state;
      learn(cell, probability);
      state.inSpeech = probability >= limits.speechOn || (state.inSpeech && probability >= limits.speechOff);
      if (state.inSpeech) state.lastModelFrame = frame;
      state.labels[frame % ringLength] = 0;
      state.evidence[frame % ringLength] = weigh(cell, probability);
      while (state.rawFrames <= frame) {
        const raw = rawSpeech(state.rawFrames);
        if (raw === null) break;
        if (raw) extendRun(state.rawFrames);
        settle(state.rawFrames);
        state.rawFrames += 1;
      }
      state.frame += 1;
    },
    get decidedFrames() {
      return state.decidedFrames;
    },
    isSpeech: (frame) => state.labels[frame % ringLength] === 1,
    get noiseDbfs() {
      return state.noiseDbfs;
    },
    get peakDbfs() {
      return state.peakDbfs;
    },
    save: () => ({ ...structuredClone(state), noise: noise.save(), peaks: peaks.save() }),
    load(saved) {
      const {
        noise: savedNoise,
        peaks: savedPeaks,
        ...rest
      } = structuredClone(saved) as MaskState & {
        noise: unknown;
        peaks: unknown;
      };
      noise.load(savedNoise);
      peaks.load(savedPeaks);
      state = rest;
    },
  };
}
