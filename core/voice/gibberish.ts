/**
 * Gibberish: stretches that sound like speech and say nothing. Takes the window model's steps of 160 ms of one channel with the
 * share of each step that is speech. A step counts as bad when its garbling is high and its intelligibility is low; bad steps
 * bridged over short pauses make a stretch. A loop found on the same stretch is the loop's: whoever joins findings drops the other.
 */
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { samplesFromMs } from '../units/time.ts';
import { voiceSpan, type GibberishFinding } from './findings.ts';

export const QUALITY_STEP_MS = 160;
const STEP_SAMPLES = samplesFromMs(QUALITY_STEP_MS);

export interface QualityStep {
  /** Number of the step on the call's timeline: it covers [step, step + 1) x 160 ms. Steps come in order; some may be missing. */
  readonly step: number;
  /** Share of the step's frames that are speech, 0..1. */
  readonly speechShare: number;
  /** The model's outputs of those names, 0..1. */
  readonly garbled: number;
  readonly intelligibility: number;
}

const SPEECH_SHARE_MIN = 0.3;
/** A stretch begins at the first value and goes on down to the second. */
const GARBLED_BEGIN = 0.5;
const GARBLED_GO_ON = 0.3;
const INTELLIGIBILITY_MAX = 0.5;
/** Bad speech of at least this long in all, so that a cough, a laugh or a mumbled word is none. */
const BAD_STEPS_MIN = Math.ceil(1_100 / QUALITY_STEP_MS);
/** Pauses and good steps in between of at most this long. */
const BRIDGE_STEPS = Math.floor(480 / QUALITY_STEP_MS);
/** Mean over the bad steps. */
const GARBLED_MEAN_MIN = 0.7;

interface Stretch {
  startStep: number;
  endStep: number;
  badSteps: number;
  garbledSum: number;
  intelligibilitySum: number;
}

export function gibberish(channel: Channel): Stage<QualityStep, GibberishFinding> {
  let stretch: Stretch | null = null;

  function close(emit: Emit<GibberishFinding>): void {
    const closed = stretch;
    stretch = null;
    if (closed === null || closed.badSteps < BAD_STEPS_MIN) return;
    if (closed.garbledSum / closed.badSteps < GARBLED_MEAN_MIN) return;
    const intelligibility = Math.round((closed.intelligibilitySum / closed.badSteps) * 1e3) / 1e3;
    const span = voiceSpan(channel, closed.startStep * STEP_SAMPLES, closed.endStep * STEP_SAMPLES);
    emit({ kind: 'gibberish', ...span, intelligibility });
  }

  return {
    push({ step, speechShare, garbled, intelligibility }, emit) {
      if (stretch !== null && step - stretch.endStep > BRIDGE_STEPS) close(emit);
      const limit = stretch === null ? GARBLED_BEGIN : GARBLED_GO_ON;
      const isBad = speechShare >= SPEECH_SHARE_MIN && garbled >= limit && intelligibility <= INTELLIGIBILITY_MAX;
      if (!isBad) return;
      stretch ??= { startStep: step, endStep: step, badSteps: 0, garbledSum: 0, intelligibilitySum: 0 };
      stretch.endStep = step + 1;
      stretch.badSteps += 1;
      stretch.garbledSum += garbled;
      stretch.intelligibilitySum += intelligibility;
    },
    flush: close,
    save: () => (stretch === null ? null : { ...stretch }),
    load(saved) {
      stretch = saved === null ? null : { ...(saved as Stretch) };
    },
  };
}
