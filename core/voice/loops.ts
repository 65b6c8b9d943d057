/**
 * Loops: stuck synthesis that plays one grain of 0.1 to 1 s again and again. Speech never repeats itself sample by sample; a loop
 * does, whatever codec, line noise or lost packets lie over it.
 *
 * Coarse to fine, so that it costs little: five times a second the envelope of the last stretch is compared with itself at lags of
 * 10 ms steps; where it fits, the samples (at 4 kHz) around that lag are. Once a period is found, each frame is compared
 * with the one a period before it, backwards to find where the loop began, and onwards until it ends.
 */
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { FRAME_MS, FRAME_SAMPLES } from '../units/time.ts';
import { voiceSpan, type LoopFinding } from './findings.ts';
import { createLoopHistory, FRAME_LENGTH, HISTORY_FRAMES } from './loopHistory.ts';
import type { VoiceAudio } from './voiceAudio.ts';

const SEARCH_EVERY_FRAMES = 20;
const LAG_FRAMES_MIN = 100 / FRAME_MS;
const LAG_FRAMES_MAX = 1_000 / FRAME_MS;
/** The repeat must have gone on for half a second and two periods: three playings of the grain. */
const MATCH_FRAMES_MIN = 500 / FRAME_MS;
const MATCH_PERIODS_MIN = 2;
/** Below it the other side's echo would be told as a loop of its own. */
const LEVEL_RMS_MIN = 10 ** (-46 / 20);
const ENVELOPE_CORRELATION_MIN = 0.75;
const CANDIDATES_MAX = 4;
const CORRELATION_MIN = 0.8;
/**
 * A tone repeats at its own period too: what fits itself this well at under 20 ms is one, or hum. Held vowels stay below.
 * Tones that come and go pass here; no speech model takes them for speech.
 */
const TONE_CORRELATION_MIN = 0.97;
/** Memory of the frame by frame comparison, and where it says that the loop is over. */
const FOLLOW_DECAY = 0.8;
const FOLLOW_CORRELATION_MIN = 0.6;
/** Lost packets break the fit for a while. */
const UNFIT_FRAMES_MAX = 150 / FRAME_MS;

interface Following {
  startFrame: number;
  lastMatchFrame: number;
  periodSamples: number;
  cross: number;
  own: number;
  before: number;
}

export function loops(channel: Channel): Stage<VoiceAudio, LoopFinding> {
  const history = createLoopHistory();
  let following: Following | null = null;
  /** What has been told already is not told again as part of the next loop. */
  let toldFrame = 0;

  function close(emit: Emit<LoopFinding>): void {
    if (following === null) return;
    const { startFrame, lastMatchFrame, periodSamples } = following;
    following = null;
    toldFrame = lastMatchFrame + 1;
    const repeated = (toldFrame - startFrame) * FRAME_LENGTH - periodSamples;
    if (repeated < MATCH_FRAMES_MIN * FRAME_LENGTH || repeated < MATCH_PERIODS_MIN * periodSamples) return;
    const span = voiceSpan(channel, startFrame * FRAME_SAMPLES, toldFrame * FRAME_SAMPLES);
    emit({ kind: 'loop', ...span, periodSamples: Math.round((periodSamples * FRAME_SAMPLES) / FRAME_LENGTH) });
  }

  /** Adds a frame to the comparison; false once the frames no longer fit. */
  function fits(state: Following, frame: number): boolean {
    const { cross, own, before } = history.compareFrame(frame, state.periodSamples);
    state.cross = state.cross * FOLLOW_DECAY + cross;
    state.own = state.own * FOLLOW_DECAY + own;
    state.before = state.before * FOLLOW_DECAY + before;
    const norm = Math.sqrt(state.own * state.before);
    return norm <= 0 || state.cross / norm >= FOLLOW_CORRELATION_MIN;
  }

  function lock(frame: number, periodSamples: number): void {
    const state = { startFrame: frame, lastMatchFrame: frame, periodSamples, cross: 0, own: 0, before: 0 };
    const periodFrames = Math.ceil(periodSamples / FRAME_LENGTH);
    const oldest = Math.max(toldFrame, frame - HISTORY_FRAMES + periodFrames + 1);
    let first = frame;
    for (let at = frame; at > oldest && first - at <= UNFIT_FRAMES_MAX; at -= 1) if (fits(state, at)) first = at;
    const startFrame = Math.max(toldFrame, first - Math.round(periodSamples / FRAME_LENGTH));
    following = { ...state, startFrame, cross: 0, own: 0, before: 0 };
  }

  function search(frame: number): void {
    if (history.rms(MATCH_FRAMES_MIN) < LEVEL_RMS_MIN) return;
    let tried = 0;
    let middle = envelopeFit(LAG_FRAMES_MIN - 1);
    let right = envelopeFit(LAG_FRAMES_MIN);
    for (let lag = LAG_FRAMES_MIN; lag <= LAG_FRAMES_MAX && tried < CANDIDATES_MAX; lag += 1) {
      const left = middle;
      middle = right;
      right = envelopeFit(lag + 1);
      if (middle < ENVELOPE_CORRELATION_MIN || middle < left || middle < right) continue;
      tried += 1;
      const periodSamples = history.bestLag(lag * FRAME_LENGTH);
      const frames = matchFrames(lag);
      if (history.correlation(periodSamples, frames) < CORRELATION_MIN) continue;
      if (history.toneCorrelation(frames) < TONE_CORRELATION_MIN) lock(frame, periodSamples);
      return;
    }
  }

  const matchFrames = (lagFrames: number): number => Math.max(MATCH_FRAMES_MIN, MATCH_PERIODS_MIN * lagFrames);
  const envelopeFit = (lagFrames: number): number => history.envelopeCorrelation(lagFrames, matchFrames(lagFrames));

  function onFrame(frame: number, emit: Emit<LoopFinding>): void {
    if (following !== null) {
      if (fits(following, frame)) following.lastMatchFrame = frame;
      else if (frame - following.lastMatchFrame > UNFIT_FRAMES_MAX) close(emit);
    } else if (frame % SEARCH_EVERY_FRAMES === 0) {
      search(frame);
    }
  }

  return {
    push({ samples }, emit) {
      history.push(samples, (frame) => {
        onFrame(frame, emit);
      });
    },
    flush: close,
    save: () => ({ history: history.save(), following: following === null ? null : { ...following }, toldFrame }),
    load(saved) {
      const state = saved as { history: unknown; following: Following | null; toldFrame: number };
      history.load(state.history);
      following = state.following === null ? null : { ...state.following };
      toldFrame = state.toldFrame;
    },
  };
}
