/**
 * The second half of a call's way: scored hops of both channels in, findings out.
 *
 *     align -> label -> { segments, overlaps, interruptions, responses, dead air, turns, incidents, signals }
 */
import { align, type ChannelHop } from '../conversation/align.ts';
import { clipping } from '../conversation/clipping.ts';
import { deadAir } from '../conversation/deadAir.ts';
import { dropouts } from '../conversation/dropouts.ts';
import { frames } from '../conversation/frames.ts';
import { interruptions } from '../conversation/interruptions.ts';
import { label, type Labelled, type LabelledTick } from '../conversation/label.ts';
import { LIMITS, type ConversationLimits } from '../conversation/limits.ts';
import { noiseBursts } from '../conversation/noiseBursts.ts';
import { overlaps } from '../conversation/overlaps.ts';
import { responses } from '../conversation/responses.ts';
import { segments } from '../conversation/segments.ts';
import { turns } from '../conversation/turns.ts';
import type { Finding } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { fanOut, pipe } from '../stage/pipe.ts';
import type { Stage } from '../stage/stage.ts';
import { FRAME_MS } from '../units/time.ts';
import { speechModelOf } from './hear.ts';

export function judge(call: OpenCall, limits: ConversationLimits = LIMITS): Stage<ChannelHop, Finding> {
  const samplesPerFrame = (speechModelOf(call).rateHz * FRAME_MS) / 1_000;
  const detectors = fanOut<LabelledTick, Finding>(
    segments('caller'),
    segments('agent'),
    overlaps(limits),
    interruptions(limits, call.tap),
    responses(call.tap),
    deadAir(limits),
    turns(limits),
    noiseBursts(),
    clipping('caller', samplesPerFrame),
    clipping('agent', samplesPerFrame),
    dropouts('caller'),
    dropouts('agent'),
    frames('caller'),
    frames('agent'),
  );
  return pipe(align(), label(limits), passingFindings(detectors));
}

/** Findings made on the way to the labels pass the detectors by. */
function passingFindings(detectors: Stage<LabelledTick, Finding>): Stage<Labelled, Finding> {
  return {
    ...detectors,
    push(labelled, emit) {
      if (labelled.type === 'finding') emit(labelled.finding);
      else detectors.push(labelled, emit);
    },
  };
}
