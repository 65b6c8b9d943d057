/**
 * How each utterance of one channel sounds: gathers what the models and the labels say of it, and when it is over tells its
 * prosody, and whether it departs from how this speaker spoke so far.
 */
import { over } from '../conversation/span.ts';
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { rounded } from '../units/weightedMean.ts';
import { createSpeakerBaseline } from './baseline.ts';
import { beginUtterance, gather, type Utterance } from './utterance.ts';
import { prosodyOf, toneOf } from './prosody.ts';
import { isSpeechFrame, type MeasuredWindow } from './windows.ts';

/** A longer silence ends an utterance: within a turn people pause for less, between turns for more. */
const PAUSE_FRAMES = 70;
/** One who never pauses is told of in parts, so that what is held stays small. */
const UTTERANCE_FRAMES_MAX = 3_000;
/** Less speech is a token: there is nothing to say of its melody. */
const SPEECH_FRAMES_MIN = 30;

export function utterances(channel: Channel): Stage<MeasuredWindow, Finding> {
  const baseline = createSpeakerBaseline();
  let open: Utterance | null = null;

  function close(emit: Emit<Finding>): void {
    const utterance = open;
    open = null;
    if (utterance === null || utterance.speechFrames < SPEECH_FRAMES_MIN) return;
    const prosody = prosodyOf(utterance);
    const span = { ...over(utterance.startFrame, utterance.endFrame), channel };
    emit({ kind: 'prosody', ...span, ...prosody });
    const { shift, toneChange } = baseline.push(toneOf(prosody));
    if (toneChange === null) return;
    emit({
      kind: 'tone_change',
      ...span,
      direction: toneChange.direction,
      f0ShiftSt: rounded(shift.f0ShiftSt, 100),
      levelShiftDb: rounded(shift.levelShiftDb, 10),
      rateShift: rounded(shift.rateShiftPerS, 100),
      arousalShift: rounded(shift.arousalShift, 1_000),
    });
  }

  const isOver = ({ startFrame, endFrame }: Utterance, frame: number): boolean =>
    frame - endFrame >= PAUSE_FRAMES || frame - startFrame >= UTTERANCE_FRAMES_MAX;

  return {
    push(window, emit) {
      /** The first frame of the window that no utterance has taken yet. */
      let from = 0;
      for (let frame = 0; frame < window.frameCount; frame += 1) {
        const at = window.startFrame + frame;
        if (open !== null && isOver(open, at)) {
          gather(open, window, from, frame);
          close(emit);
        }
        if (!isSpeechFrame(window.columns, frame)) continue;
        if (open === null) {
          open = beginUtterance(at);
          from = frame;
        }
        open.endFrame = at + 1;
        open.speechFrames += 1;
      }
      if (open !== null) gather(open, window, from, window.frameCount);
    },
    flush: close,
    save: () => ({ baseline: baseline.save(), open: structuredClone(open) }),
    load(saved) {
      const state = structuredClone(saved) as { baseline: unknown; open: Utterance | null };
      baseline.load(state.baseline);
      open = state.open;
    },
  };
}
