/**
 * What is broken in one channel's speech: loops, gibberish, dropouts. One fault, one finding: a stuck loop is unintelligible
 * too, and scrambled grains have cut edges, so lesser findings are held back a while and dropped where a greater one turns
 * out to cover them. Faults are told of speech only: the echo of the other side's loop is none of this voice's.
 */
import type { Finding, FindingOf } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { asSampleIndex, FRAME_MS, FRAME_SAMPLES, samplesFromMs } from '../units/time.ts';
import { dropouts } from './dropouts.ts';
import { gibberish, QUALITY_STEP_MS } from './gibberish.ts';
import { loops } from './loops.ts';
import { speechFramesOf } from './quality.ts';
import { createSpeechShare } from './speechShare.ts';
import { qualityOf } from './voiceModels.ts';
import { isSpeechFrame, type MeasuredWindow } from './windows.ts';

type Incident = FindingOf<'loop' | 'gibberish' | 'dropout'>;

/** A loop is found within a second and a half of its start and told when it ends; what it covers ends about when it does. */
const HELD_SAMPLES = samplesFromMs(3_000);
/** Findings that long ago can cover nothing any more. */
const KEPT_SAMPLES = samplesFromMs(60_000);
/** A hole is silence, so a part of the stretch suffices. */
const SPEECH_SHARE_MIN = 0.3;
/** The greater fault first. */
const RANK = ['loop', 'gibberish', 'dropout'];

export function incidents(channel: Channel): Stage<MeasuredWindow, Finding> {
  const found = { loops: loops(channel), gibberish: gibberish(channel), dropouts: dropouts(channel) };
  const speech = createSpeechShare(KEPT_SAMPLES);
  let held: Incident[] = [];
  /** Told already; they cover what comes later on the same stretch. */
  let told: Incident[] = [];
  let endSample = 0;

  const hold = (incident: Incident): void => void held.push(incident);

  function listen({ startFrame, frameCount, columns, samples, scores }: MeasuredWindow): void {
    for (let frame = 0; frame < frameCount; frame += 1) {
      if (isSpeechFrame(columns, frame)) speech.add((startFrame + frame) * FRAME_SAMPLES, FRAME_SAMPLES);
    }
    endSample = (startFrame + frameCount) * FRAME_SAMPLES;
    const audio = { startSample: asSampleIndex(startFrame * FRAME_SAMPLES), samples };
    found.loops.push(audio, (loop) => hold(loop));
    found.dropouts.push(audio, hold);
    const outputs = qualityOf(scores);
    if (outputs === null) return;
    const stepFrames = QUALITY_STEP_MS / FRAME_MS;
    const spoken = speechFramesOf(columns, stepFrames, outputs.garbled.length);
    spoken.forEach((frames, i) => {
      const step = startFrame / stepFrames + i;
      const [garbled, intelligibility] = [outputs.garbled[i], outputs.intelligibility[i]];
      found.gibberish.push({ step, speechShare: frames / stepFrames, garbled, intelligibility }, hold);
    });
  }

  /** Tells what was held long enough, the greater faults first, but for what a greater one covers. */
  function release(until: number, emit: Emit<Finding>): void {
    const due = held.filter((incident) => endOf(incident) <= until || incident.kind === 'loop');
    held = held.filter((incident) => !due.includes(incident));
    for (const incident of due.sort((a, b) => RANK.indexOf(a.kind) - RANK.indexOf(b.kind))) {
      const isCovered = told.some(
        (greater) => RANK.indexOf(greater.kind) < RANK.indexOf(incident.kind) && covers(greater, incident),
      );
      const end = Math.min(endOf(incident), endSample);
      if (isCovered || speech.of(incident.startSample, end) < SPEECH_SHARE_MIN) continue;
      const inCall = { ...incident, endSample: asSampleIndex(end) };
      told.push(inCall);
      emit(inCall);
    }
    told = told.filter((incident) => endOf(incident) > until - KEPT_SAMPLES);
  }

  return {
    push(window, emit) {
      listen(window);
      release(endSample - HELD_SAMPLES, emit);
    },
    flush(emit) {
      found.loops.flush(hold);
      found.gibberish.flush(hold);
      found.dropouts.flush(hold);
      release(Infinity, emit);
      told = [];
    },
    save: () => ({
      stages: [found.loops.save(), found.gibberish.save(), found.dropouts.save()],
      speech: speech.save(),
      held: structuredClone(held),
      told: structuredClone(told),
      endSample,
    }),
    load(saved) {
      const state = saved as {
        stages: unknown[];
        speech: unknown;
        held: Incident[];
        told: Incident[];
        endSample: number;
      };
      found.loops.load(state.stages[0]);
      found.gibberish.load(state.stages[1]);
      found.dropouts.load(state.stages[2]);
      speech.load(state.speech);
      held = structuredClone(state.held);
      told = structuredClone(state.told);
      endSample = state.endSample;
    },
  };
}

const endOf = (incident: Incident): number => incident.endSample ?? Infinity;

/** Half of it or more. */
function covers(greater: Incident, lesser: Incident): boolean {
  const shared = Math.min(endOf(lesser), endOf(greater)) - Math.max(lesser.startSample, greater.startSample);
  return 2 * shared >= endOf(lesser) - lesser.startSample;
}
