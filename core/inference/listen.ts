/**
 * One channel's side of the speech model: gathers hops into a row, keeps the recurrent state and the context between
 * rows, and marries the scores to the hops. Missing hops are not shown to the model: they score 0 and reset its state.
 */
import type { Hop } from '../features/measure.ts';
import type { SpeechModelFormat, SpeechRow, SpeechScores } from './speechModel.ts';

export interface ScoredHop {
  readonly hop: Hop;
  /** Speech probability; null where the audio is missing. */
  readonly probability: number | null;
}

export interface Listener {
  hear(hop: Hop): void;
  /** Next row to score, or null when there is nothing; until `scored` is called there is no other. */
  nextRow(): SpeechRow | null;
  scored(scores: SpeechScores): void;
  /** Hops whose score is known, in order; each is given once. */
  take(): ScoredHop[];
  save(): unknown;
  load(state: unknown): void;
}

/** About a second: long enough for recordings to go in big steps, short enough not to hold live rows of others up. */
const WINDOWS_MAX = 32;

interface ListenerState {
  modelState: Float32Array;
  context: Float32Array;
}

export function createListener(format: SpeechModelFormat): Listener {
  const { rateHz, windowSamples, contextSamples, stateLength } = format;
  const fresh = (): ListenerState => ({
    modelState: new Float32Array(stateLength),
    context: new Float32Array(contextSamples),
  });
  let state = fresh();
  const waiting: Hop[] = [];
  let inFlight: Hop[] = [];
  let done: ScoredHop[] = [];

  function passMissing(): void {
    while (waiting.length > 0 && waiting[0].missing) {
      done.push({ hop: waiting[0], probability: null });
      waiting.shift();
      state = fresh();
    }
  }

  return {
    hear(hop) {
      waiting.push(hop);
      if (inFlight.length === 0) passMissing();
    },
    nextRow() {
      if (inFlight.length > 0) throw new Error('nextRow before the row in flight was scored');
      passMissing();
      if (waiting.length === 0) return null;
      const firstMissing = waiting.findIndex((hop) => hop.missing);
      const count = Math.min(WINDOWS_MAX, firstMissing === -1 ? waiting.length : firstMissing);
      inFlight = waiting.splice(0, count);
      const samples = new Float32Array(contextSamples + count * windowSamples);
      samples.set(state.context);
      inFlight.forEach((hop, index) => samples.set(hop.samples, contextSamples + index * windowSamples));
      return { rateHz, windowCount: count, samples, state: state.modelState };
    },
    scored({ probabilities, state: modelState }) {
      const last = inFlight[inFlight.length - 1];
      state = { modelState, context: last.samples.slice(windowSamples - contextSamples) };
      inFlight.forEach((hop, index) => done.push({ hop, probability: probabilities[index] }));
      inFlight = [];
      passMissing();
    },
    take() {
      const taken = done;
      done = [];
      return taken;
    },
    save() {
      if (inFlight.length + waiting.length + done.length > 0) throw new Error('a listener is saved between rows only');
      return structuredClone(state);
    },
    load(saved) {
      state = structuredClone(saved) as ListenerState;
    },
  };
}
