/**
 * Places agent audio that is queued for playing, often faster than real time: each piece lands where it is played, which
 * is after all that was queued before it, and not before it was queued. The other channel's clock says how far playing
 * has come; what a `clear` finds unplayed is dropped, as the player drops it. An empty queue plays real silence, no gap.
 */
import type { Stage, StageState } from '../stage/stage.ts';
import { InvalidInput } from '../units/errors.ts';
import type { Run } from './place.ts';

export type PlayoutInput =
  | { readonly type: 'audio'; readonly position: number; readonly samples: Float32Array }
  | { readonly type: 'clear'; readonly position: number }
  | { readonly type: 'clock'; readonly position: number }
  /** Playing has come to here, by what is not known. */
  | { readonly type: 'skip'; readonly position: number };

/** A minute and a half of queued speech is more than any agent says in one go; beyond it a sender has run away. */
const QUEUE_S_MAX = 90;
const SILENCE_S_MAX = 1;

interface PlayoutState {
  head: number;
  queueEnd: number;
  queue: { start: number; samples: Float32Array }[];
}

export function playout({ rateHz }: { readonly rateHz: number }): Stage<PlayoutInput, Run> {
  let state: PlayoutState = { head: 0, queueEnd: 0, queue: [] };

  function enqueue(position: number, samples: Float32Array): void {
    const start = Math.max(state.queueEnd, position, state.head);
    const queuedEnd = start + samples.length;
    if (queuedEnd - state.head > QUEUE_S_MAX * rateHz) {
      throw new InvalidInput('playout_overflow', {
        expected: `at most ${QUEUE_S_MAX} s of agent audio waiting to be played`,
        got: `${((queuedEnd - state.head) / rateHz).toFixed(1)} s`,
      });
    }
    state.queue.push({ start, samples });
    state.queueEnd = queuedEnd;
  }

  function clear(position: number): void {
    const cut = Math.max(position, state.head);
    state.queue = state.queue
      .filter(({ start }) => start < cut)
      .map(({ start, samples }) => ({ start, samples: samples.subarray(0, cut - start) }));
    state.queueEnd = Math.min(state.queueEnd, cut);
  }

  function skip(position: number): void {
    state.head = Math.max(state.head, position);
    state.queueEnd = Math.max(state.queueEnd, state.head);
    state.queue = state.queue.filter(({ start, samples }) => start + samples.length > state.head);
  }

  /** The next stretch of sound or silence, up to `end`. */
  function play(end: number): Float32Array {
    const next = state.queue[0];
    if (next === undefined || next.start > state.head) {
      const silenceEnd = Math.min(end, next?.start ?? end, state.head + SILENCE_S_MAX * rateHz);
      return new Float32Array(silenceEnd - state.head);
    }
    const from = state.head - next.start;
    const samples = next.samples.subarray(from, from + end - state.head);
    if (from + samples.length === next.samples.length) state.queue.shift();
    return samples;
  }

  return {
    push(input, emit) {
      if (input.type === 'audio') enqueue(input.position, input.samples);
      else if (input.type === 'clear') clear(input.position);
      else if (input.type === 'skip') skip(input.position);
      else {
        while (state.head < input.position) {
          const samples = play(input.position);
          emit({ start: state.head, samples, missing: false });
          state.head += samples.length;
        }
      }
    },
    flush() {
      state.queue = [];
      state.queueEnd = state.head;
    },
    save: (): PlayoutState => ({
      ...state,
      queue: state.queue.map(({ start, samples }) => ({ start, samples: samples.slice() })),
    }),
    load(saved: StageState) {
      state = structuredClone(saved) as PlayoutState;
    },
  };
}
