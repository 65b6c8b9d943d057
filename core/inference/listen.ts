/**
 * One channel's side of the speech models: gathers hops into a row, keeps the recurrent states and the history between
 * rows, and marries the scores to the hops. Missing hops are not shown to the models: they score nothing and reset the states.
 */
import type { Hop } from '../features/measure.ts';
import {
  EDGE_STATE_LENGTH,
  EDGE_VALUES_A_WINDOW,
  SPEECH_STATE_LENGTH,
  type SpeechModelFormat,
  type SpeechRow,
  type SpeechScores,
} from './speechModel.ts';

export interface ScoredHop {
  readonly hop: Hop;
  /** Speech probability; null where the audio is missing. */
  readonly probability: number | null;
  /** The edge model's EDGE_VALUES_A_WINDOW values, about EDGE_DELAY_MS earlier; null where the audio is missing. */
  readonly edge: readonly number[] | null;
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
  edgeState: Float32Array;
  history: Float32Array;
}

export function createListener(format: SpeechModelFormat): Listener {
  const { rateHz, windowSamples, historySamples } = format;
  const fresh = (): ListenerState => ({
    modelState: new Float32Array(SPEECH_STATE_LENGTH),
    edgeState: new Float32Array(EDGE_STATE_LENGTH),
    history: new Float32Array(historySamples),
  });
  let state = fresh();
  const waiting: Hop[] = [];
  let inFlight: Hop[] = [];
  let done: ScoredHop[] = [];

  function passMissing(): void {
    while (waiting.length > 0 && waiting[0].missing) {
      done.push({ hop: waiting[0], probability: null, edge: null });
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
      const samples = new Float32Array(historySamples + count * windowSamples);
      samples.set(state.history);
      inFlight.forEach((hop, index) => samples.set(hop.samples, historySamples + index * windowSamples));
      return { rateHz, windowCount: count, samples, state: state.modelState, edgeState: state.edgeState };
    },
    scored({ probabilities, edgeProbabilities, state: modelState, edgeState }) {
      const last = inFlight[inFlight.length - 1];
      state = { modelState, edgeState, history: last.samples.slice(windowSamples - historySamples) };
      inFlight.forEach((hop, index) => {
        const first = index * EDGE_VALUES_A_WINDOW;
        const edge = Array.from(edgeProbabilities.subarray(first, first + EDGE_VALUES_A_WINDOW));
        done.push({ hop, probability: probabilities[index], edge });
      });
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
