/**
 * Says of each frame of one channel whether it is speech, before pauses are bridged. The edge model says where there is a
 * voice; the level, which knows edges to the frame, draws them on a line whose noise stays under the level of speech.
 */
import { LevelHistogram } from '../features/levelHistogram.ts';
import { FRAME_MS } from '../units/time.ts';
import { EDGE_DELAY_MS } from '../inference/speechModel.ts';
import type { ConversationLimits } from './limits.ts';
import { createSpeakerLevels, type HeardCell } from './speakerLevels.ts';

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

const EDGE_FRAMES_AHEAD = EDGE_DELAY_MS / FRAME_MS;

/** How many frames may be unknown at a time. */
export const rawLagFramesOf = ({ onsetSearchMs, voiceWaitMs }: ConversationLimits): number =>
  EDGE_FRAMES_AHEAD + (onsetSearchMs + voiceWaitMs) / FRAME_MS;

/** Where the model hears a voice, a frame of a clean line has to be only this far above the noise. */
const VOICE_ABOVE_NOISE_DB = 2;
/** On a clean line, sound this far above the line's noise is audible. */
const AUDIBLE_ABOVE_NOISE_DB = 16;
/** Clutter is what the speech model does not take for speech; this share of it has to lie under the level of speech. */
const CLUTTER_SHARE = 0.75;
const CLUTTER_FRAMES_KEPT = 1_000;
const CLUTTER_FRAMES_MIN = 100;
const REFRESH_EVERY_FRAMES = 10;

/** What a frame's level alone says: nothing to hear, speech if there is a voice near, speech if there is one in it, speech. */
const NOTHING = 0;
const NEAR_VOICE = 1;
const IN_VOICE = 2;
const SURE = 3;
const NEVER = -1_000_000;

export function createRawSpeech({ limits, counts }: RawSpeechOptions): RawSpeech {
  const onsetFrames = limits.onsetSearchMs / FRAME_MS;
  const offsetFrames = limits.offsetSearchMs / FRAME_MS;
  const lateFrames = limits.speechLateMs / FRAME_MS;
  const waitFrames = limits.voiceWaitMs / FRAME_MS;
  const rows = rawLagFramesOf(limits) + 1;
  const levels = createSpeakerLevels();
  const clutter = new LevelHistogram(CLUTTER_FRAMES_KEPT);
  let state = {
    frame: 0,
    knownFrames: 0,
    isNoisy: false,
    /** The run of what may be a voice: its start, null outside one, and whether it is known to be one. */
    runStart: null as number | null,
    isVoice: false,
    lastVoiceFrame: NEVER,
    /** Rings by frame number; `speech` is Silero's word. */
    evidence: new Uint8Array(rows),
    speech: new Uint8Array(rows),
    voice: new Uint8Array(rows),
  };

  function learnClutter({ levelDbfs, missing, echo, probability }: HeardCell): void {
    if (!missing && !echo && probability < limits.speechOff) clutter.add(levelDbfs);
    if (state.frame % REFRESH_EVERY_FRAMES !== 0 || clutter.frames < CLUTTER_FRAMES_MIN) return;
    state.isNoisy = clutter.percentile(CLUTTER_SHARE) > levels.peakDbfs - limits.belowPeakDb;
  }

  function weigh({ levelDbfs, missing, echo }: HeardCell): number {
    if (missing || echo) return NOTHING;
    const { noiseDbfs, peakDbfs } = levels;
    const floorDbfs = peakDbfs - limits.belowPeakDb;
    if (counts === 'audible' && noiseDbfs < limits.cleanLineDbfs) {
      if (levelDbfs >= Math.max(floorDbfs, noiseDbfs + AUDIBLE_ABOVE_NOISE_DB)) return SURE;
    }
    if (state.isNoisy) return IN_VOICE;
    if (levelDbfs >= Math.max(floorDbfs, noiseDbfs + limits.aboveNoiseDb)) return NEAR_VOICE;
    return levelDbfs >= Math.max(floorDbfs, noiseDbfs + VOICE_ABOVE_NOISE_DB) ? IN_VOICE : NOTHING;
  }

  function hearSpeech(probability: number): void {
    state.speech[state.frame % rows] = probability >= limits.speechSure ? 1 : 0;
  }

  /**
   * The edge model's word on an earlier frame. Where Silero is sure, and still is a little later, that counts too: it has
   * heard far more voices, only later; and the edge model has no word where audio ended or was missing soon after.
   */
  function hearVoice(at: number, edgeProbability: number | null): void {
    if (at < 0) return;
    const isSure = state.speech[at % rows] === 1 && state.speech[(at + lateFrames) % rows] === 1;
    const probability = isSure ? 1 : (edgeProbability ?? 0);
    state.voice[at % rows] = 0;
    if (probability < limits.voiceMaybe) {
      state.runStart = null;
      state.isVoice = false;
      return;
    }
    state.runStart ??= at;
    if (!state.isVoice && probability < limits.voiceSure) return;
    const first = state.isVoice ? at : Math.max(state.runStart, at - waitFrames);
    for (let frame = first; frame <= at; frame += 1) state.voice[frame % rows] = 1;
    state.isVoice = true;
    state.lastVoiceFrame = at;
  }

  /** Frame `at` may still turn out to be of a voice that is not sure yet. */
  const mayBecomeVoice = (at: number, voiceKnownTo: number): boolean =>
    state.runStart !== null && !state.isVoice && at >= state.runStart && voiceKnownTo - at < waitFrames;

  /** Null: not known yet. */
  function isSpeech(at: number): boolean | null {
    const evidence = state.evidence[at % rows];
    if (evidence === NOTHING) return false;
    if (evidence === SURE) return true;
    const voiceKnownTo = state.frame - EDGE_FRAMES_AHEAD;
    if (at > voiceKnownTo) return null;
    if (evidence === IN_VOICE)
      return state.voice[at % rows] === 1 ? true : mayBecomeVoice(at, voiceKnownTo) ? null : false;
    if (state.lastVoiceFrame >= at - offsetFrames) return true;
    if (voiceKnownTo - at < onsetFrames) return null;
    return mayBecomeVoice(at + onsetFrames, voiceKnownTo) ? null : false;
  }

  return {
    push(cell, tell) {
      const { frame } = state;
      levels.push(cell);
      learnClutter(cell);
      hearSpeech(cell.echo || cell.missing ? 0 : cell.probability);
      hearVoice(frame - EDGE_FRAMES_AHEAD, cell.edgeProbability);
      state.evidence[frame % rows] = weigh(cell);
      while (state.knownFrames <= frame) {
        const known = isSpeech(state.knownFrames);
        if (known === null) break;
        state.knownFrames += 1;
        tell(known);
      }
      state.frame += 1;
    },
    get noiseDbfs() {
      return levels.noiseDbfs;
    },
    save: () => ({ ...structuredClone(state), levels: levels.save(), clutter: clutter.save() }),
    load(saved) {
      const {
        levels: savedLevels,
        clutter: savedClutter,
        ...rest
      } = structuredClone(saved) as typeof state & {
        levels: unknown;
        clutter: unknown;
      };
      levels.load(savedLevels);
      clutter.load(savedClutter);
      state = rest;
    },
  };
}
