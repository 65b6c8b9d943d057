/**
 * Labels each tick: who speaks, what is echo, what is audible. Labels are final when given out, a bounded look-ahead after
 * the sound, so everything behind this stage sees the conversation in order and never has to take anything back.
 */
import { LEVEL_DBFS_MIN } from '../features/measure.ts';
import type { Finding } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import type { Cell, Tick } from './align.ts';
import { createEchoDetector } from './echo.ts';
import type { ConversationLimits } from './limits.ts';
import { createSpeechMask, lagFramesOf } from './speechMask.ts';
import type { HeardCell } from './speakerLevels.ts';

export interface LabelledCell extends HeardCell {
  readonly speech: boolean;
  /** Clearly above the channel's noise, whatever it is. */
  readonly audible: boolean;
  /** At the level of the line itself: nothing is heard. */
  readonly silent: boolean;
}

export interface LabelledTick {
  readonly type: 'tick';
  readonly frame: number;
  readonly caller: LabelledCell;
  readonly agent: LabelledCell;
}

export type Labelled = LabelledTick | { readonly type: 'finding'; readonly finding: Finding };

/** Sound this far above the noise is clearly audible. */
const AUDIBLE_DB = 15;
/** Up to this far above the noise there is only the line. */
const SILENT_DB = 4;

/** A frame that stands for the time after the call, so that the look-ahead can run out. */
const AFTERWARDS: Cell = {
  levelDbfs: LEVEL_DBFS_MIN,
  peak: 0,
  clippedSamples: 0,
  missing: true,
  probability: 0,
  edgeProbability: null,
};

type Waiting = Omit<LabelledTick, 'type'>;

export function label(limits: ConversationLimits): Stage<Tick, Labelled> {
  const lagFrames = lagFramesOf(limits);
  const echo = createEchoDetector();
  const masks = {
    caller: createSpeechMask({ limits, counts: 'speech' }),
    agent: createSpeechMask({ limits, counts: 'audible' }),
  };
  /** Ticks whose labels are not decided yet, the oldest first. */
  let waiting: Waiting[] = [];
  let nextFrame = 0;
  let flushed = false;

  /** Echo and audibility are known at once, speech only when it is decided. */
  function describe(cell: HeardCell, noiseDbfs: number): LabelledCell {
    return {
      ...cell,
      speech: false,
      audible: !cell.missing && cell.levelDbfs >= noiseDbfs + AUDIBLE_DB,
      silent: !cell.missing && cell.levelDbfs <= noiseDbfs + SILENT_DB,
    };
  }

  function step({ frame, ...cells }: Tick, emit: Emit<Labelled>): void {
    const tell: Emit<Finding> = (finding) => emit({ type: 'finding', finding });
    const { noiseDbfs } = masks.caller;
    const explained = echo.explains(frame, cells.caller.levelDbfs, cells.agent.levelDbfs, noiseDbfs, tell);
    const caller = { ...cells.caller, echo: explained && !cells.caller.missing };
    const agent = { ...cells.agent, echo: false };
    masks.caller.push(caller);
    masks.agent.push(agent);
    waiting.push({
      frame,
      caller: describe(caller, masks.caller.noiseDbfs),
      agent: describe(agent, masks.agent.noiseDbfs),
    });
    emitDecided(emit);
  }

  function emitDecided(emit: Emit<Labelled>): void {
    const decidedFrames = Math.min(masks.caller.decidedFrames, masks.agent.decidedFrames);
    const count = waiting.filter((tick) => tick.frame < decidedFrames).length;
    for (const { frame, caller, agent } of waiting.splice(0, count)) {
      emit({
        type: 'tick',
        frame,
        caller: { ...caller, speech: masks.caller.isSpeech(frame) },
        agent: { ...agent, speech: masks.agent.isSpeech(frame) },
      });
    }
  }

  return {
    push(tick, emit) {
      nextFrame = tick.frame + 1;
      step(tick, emit);
    },
    flush(emit) {
      if (flushed) return;
      flushed = true;
      const inCall: Emit<Labelled> = (out) => {
        if (out.type === 'finding' || out.frame < nextFrame) emit(out);
      };
      for (let k = 0; k < lagFrames; k += 1)
        step({ frame: nextFrame + k, caller: AFTERWARDS, agent: AFTERWARDS }, inCall);
      waiting = [];
    },
    save: () => ({
      echo: echo.save(),
      masks: [masks.caller.save(), masks.agent.save()],
      waiting: structuredClone(waiting),
      nextFrame,
      flushed,
    }),
    load(saved) {
      const state = saved as {
        echo: unknown;
        masks: [unknown, unknown];
        waiting: Waiting[];
        nextFrame: number;
        flushed: boolean;
      };
      echo.load(state.echo);
      masks.caller.load(state.masks[0]);
      masks.agent.load(state.masks[1]);
      waiting = structuredClone(state.waiting);
      nextFrame = state.nextFrame;
      flushed = state.flushed;
    },
  };
}
