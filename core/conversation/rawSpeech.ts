/**
 * Says of each frame of one channel whether it is speech, before pauses are bridged. Where the line is clean the level
 * decides within what the speech model confirms: a model that sums over time hears onsets late, the level hears them to
 * the frame. Where noise reaches the level of speech, the edge model decides.
 */
import { LevelHistogram } from '../features/levelHistogram.ts';
import { FRAME_MS } from '../units/time.ts';
import { EDGE_FRAMES_AHEAD, EDGE_WINDOW_FRAMES, edgeProbability } from './edgeModel.ts';
import type { ConversationLimits } from './limits.ts';
import { createSpeechFeatures, FEATURES_A_FRAME, type HeardCell } from './speechFeatures.ts';

export interface RawSpeechOptions {
  readonly limits: ConversationLimits;
  /**
   * `audible`: on a clean digital line everything clearly audible counts, whatever it sounds like (an agent's own output:
   * a stuck or garbled voice holds the floor too). `speech`: only what a model confirms.
   */
  readonly counts: 'speech' | 'audible';
}

export interface RawSpeech {
  /** Takes the next frame; tells of frames, in order and once each, as soon as they are known. */
  push(cell: HeardCell, tell: (isSpeech: boolean) => void): void;
  readonly noiseDbfs: number;
  save(): unknown;
  load(state: unknown): void;
}

/** How many frames may be unknown at a time. */
export const rawLagFramesOf = ({ onsetSearchMs }: ConversationLimits): number =>
  Math.max(onsetSearchMs / FRAME_MS, EDGE_FRAMES_AHEAD);

/** Where the model is sure, a frame has to be only this far above the noise. */
const SURE_ABOVE_NOISE_DB = 2;
/** On a clean line, sound this far above the line's noise is audible. */
const AUDIBLE_ABOVE_NOISE_DB = 16;
/** Clutter is what the speech model does not take for speech; this share of it has to lie under the level of speech. */
const CLUTTER_SHARE = 0.75;
const CLUTTER_FRAMES_KEPT = 1_000;
const CLUTTER_FRAMES_MIN = 100;
const REFRESH_EVERY_FRAMES = 10;
const EDGE_SPEECH = 0.4;

const LEVEL_OK = 1;
const SURE = 2;
const NOISY = 4;
const NEVER = -1_000_000;

export function createRawSpeech({ limits, counts }: RawSpeechOptions): RawSpeech {
  const onsetFrames = limits.onsetSearchMs / FRAME_MS;
  const offsetFrames = limits.offsetSearchMs / FRAME_MS;
  const rows = rawLagFramesOf(limits) + EDGE_WINDOW_FRAMES + 1;
  const features = createSpeechFeatures(limits);
  const clutter = new LevelHistogram(CLUTTER_FRAMES_KEPT);
  let state = {
    frame: 0,
    knownFrames: 0,
    inSpeech: false,
    lastModelFrame: NEVER,
    isNoisy: false,
    /** Rings by frame number. */
    evidence: new Uint8Array(rows),
    features: new Float32Array(rows * FEATURES_A_FRAME),
  };

  function learnClutter({ levelDbfs, missing, echo, probability }: HeardCell): void {
    if (!missing && !echo && probability < limits.speechOff) clutter.add(levelDbfs);
    if (state.frame % REFRESH_EVERY_FRAMES !== 0 || clutter.frames < CLUTTER_FRAMES_MIN) return;
    state.isNoisy = clutter.percentile(CLUTTER_SHARE) > features.peakDbfs - limits.belowPeakDb;
  }

  function weigh({ levelDbfs, missing, echo }: HeardCell, probability: number): number {
    if (missing || echo) return 0;
    const { noiseDbfs, peakDbfs } = features;
    const floorDbfs = peakDbfs - limits.belowPeakDb;
    if (counts === 'audible' && noiseDbfs < limits.cleanLineDbfs) {
      if (levelDbfs >= Math.max(floorDbfs, noiseDbfs + AUDIBLE_ABOVE_NOISE_DB)) return LEVEL_OK | SURE;
    }
    const levelOk = levelDbfs >= Math.max(floorDbfs, noiseDbfs + limits.aboveNoiseDb);
    const aboveNoise = levelDbfs >= Math.max(floorDbfs, noiseDbfs + SURE_ABOVE_NOISE_DB);
    const sure = aboveNoise && probability >= limits.speechOn;
    if (sure) return SURE;
    if (state.isNoisy) return aboveNoise ? NOISY : 0;
    return levelOk ? LEVEL_OK : 0;
  }

  /** Null: not known yet. */
  function isSpeech(at: number): boolean | null {
    const evidence = state.evidence[at % rows];
    if (evidence === 0) return false;
    if ((evidence & SURE) !== 0) return true;
    if ((evidence & NOISY) !== 0) {
      if (state.frame - at < EDGE_FRAMES_AHEAD) return null;
      if (edgeProbability(state.features, rows, at) < EDGE_SPEECH) return false;
    }
    if (state.lastModelFrame >= at - offsetFrames) return true;
    return state.frame - at >= onsetFrames ? false : null;
  }

  return {
    push(cell, tell) {
      const probability = cell.echo || cell.missing ? 0 : cell.probability;
      const { frame } = state;
      features.push(cell, state.features, (frame % rows) * FEATURES_A_FRAME);
      learnClutter(cell);
      state.inSpeech = probability >= limits.speechOn || (state.inSpeech && probability >= limits.speechOff);
      if (state.inSpeech) state.lastModelFrame = frame;
      state.evidence[frame % rows] = weigh(cell, probability);
      while (state.knownFrames <= frame) {
        const known = isSpeech(state.knownFrames);
        if (known === null) break;
        state.knownFrames += 1;
        tell(known);
      }
      state.frame += 1;
    },
    get noiseDbfs() {
      return features.noiseDbfs;
    },
    save: () => ({ ...structuredClone(state), featureState: features.save(), clutter: clutter.save() }),
    load(saved) {
      const {
        featureState,
        clutter: savedClutter,
        ...rest
      } = structuredClone(saved) as typeof state & {
        featureState: unknown;
        clutter: unknown;
      };
      features.load(featureState);
      clutter.load(savedClutter);
      state = rest;
    },
  };
}
