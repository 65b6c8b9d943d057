/**
 * The second part of a call's way: scored hops of both channels in, labels of each 10 ms out, and what the detectors find.
 *
 *     align -> label -> { segments, overlaps, interruptions, responses, dead air, turns, incidents }
 */
import { align, type ChannelHop } from '../conversation/align.ts';
import { clipping } from '../conversation/clipping.ts';
import { deadAir } from '../conversation/deadAir.ts';
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
import type { Emit, Stage } from '../stage/stage.ts';
import { FRAME_MS } from '../units/time.ts';
import { speechModelOf } from './hear.ts';

export function judge(call: OpenCall, limits: ConversationLimits = LIMITS): Stage<ChannelHop, Labelled> {
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
  );
  return pipe(align(), label(limits), withFindings(detectors));
}

/** Ticks pass the detectors and go on, followed by what was found in them; earlier findings pass by. */
function withFindings(detectors: Stage<LabelledTick, Finding>): Stage<Labelled, Labelled> {
  const tell = (emit: Emit<Labelled>) => (finding: Finding) => emit({ type: 'finding', finding });
  return {
    ...detectors,
    push(labelled, emit) {
      emit(labelled);
      if (labelled.type === 'tick') detectors.push(labelled, tell(emit));
    },
    flush: (emit) => detectors.flush(tell(emit)),
  };
}
