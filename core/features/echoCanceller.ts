/**
 * Takes the agent's echo out of the caller's audio before the speech models hear it: to them an echo is a voice. An adaptive
 * filter learns, while the agent speaks and the caller's channel is far below, how the agent comes back, and subtracts that.
 * Levels and voices are measured on the audio as it came; only the speech models get what this gives out.
 *
 * A frequency-domain block filter, one block a hop, with one partition for each hop of delay it covers.
 */
import type { Emit, Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { createFourier, createSpectrum } from './fourier.ts';
import type { Hop } from './measure.ts';

export interface SidedHop {
  readonly channel: Channel;
  readonly hop: Hop;
}

/** Hops of delay that are covered: 9 of 32 ms. More are slower to learn and cost more. */
const PARTITIONS = 9;
const STEP = 0.3;
/**
 * Of what is left after subtracting, only the echo teaches, so the step is about as large as its share seems to be; at first
 * nothing is expected yet, so there is a share at least, which sinks by half in so many hops and to a floor in the end.
 */
const SHARE_HALVED_HOPS = 20;
const SHARE_MIN = 0.05;
/** Mean squares: an agent that can be heard, a caller's channel that can, and how far it lies under the agent to be learnt from. */
const AGENT_AUDIBLE = 1e-6;
const CALLER_AUDIBLE = 1e-7;
const UNDER_AGENT = 0.05;
/** Keeps the division by a silent band in bounds. */
const POWER_FLOOR = 1e-4;

interface CancellerState {
  callerWaiting: Hop[];
  /** The agent's samples that no caller's hop has met yet. */
  agentWaiting: Float32Array[];
  agentBefore: Float32Array;
  learntHops: number;
  /** Rings by hop: the agent's spectra and mean squares. */
  hopIndex: number;
  agentRe: Float32Array;
  agentIm: Float32Array;
  agentPower: Float64Array;
  /** One partition after the other, the newest hop's first. */
  filterRe: Float32Array;
  filterIm: Float32Array;
}

export function cancelEcho(hopSamples: number): Stage<SidedHop, SidedHop> {
  const length = 2 * hopSamples;
  const bins = hopSamples + 1;
  const fourier = createFourier(length);
  const block = new Float64Array(length);
  const spectrum = createSpectrum(length);
  const power = new Float64Array(bins);
  let state: CancellerState = {
    callerWaiting: [],
    agentWaiting: [],
    agentBefore: new Float32Array(hopSamples),
    learntHops: 0,
    hopIndex: 0,
    agentRe: new Float32Array(PARTITIONS * bins),
    agentIm: new Float32Array(PARTITIONS * bins),
    agentPower: new Float64Array(PARTITIONS),
    filterRe: new Float32Array(PARTITIONS * bins),
    filterIm: new Float32Array(PARTITIONS * bins),
  };

  /** Where in the rings the agent's hop lies that partition `delay` works on. */
  const placeOf = (delay: number): number => (state.hopIndex + PARTITIONS - delay) % PARTITIONS;

  function takeAgent(samples: Float32Array): void {
    state.hopIndex = (state.hopIndex + 1) % PARTITIONS;
    const at = placeOf(0);
    block.set(state.agentBefore);
    block.set(samples, hopSamples);
    state.agentBefore = samples;
    fourier.forward(block, spectrum);
    state.agentRe.set(spectrum.re, at * bins);
    state.agentIm.set(spectrum.im, at * bins);
    state.agentPower[at] = meanSquare(samples);
  }

  /** What of the agent the filter expects in this hop: the second half of `block`. */
  function expectEcho(): void {
    const { agentRe, agentIm, filterRe, filterIm } = state;
    spectrum.re.fill(0);
    spectrum.im.fill(0);
    for (let delay = 0; delay < PARTITIONS; delay += 1) {
      const x = placeOf(delay) * bins;
      const w = delay * bins;
      for (let k = 0; k < bins; k += 1) {
        spectrum.re[k] += agentRe[x + k] * filterRe[w + k] - agentIm[x + k] * filterIm[w + k];
        spectrum.im[k] += agentRe[x + k] * filterIm[w + k] + agentIm[x + k] * filterRe[w + k];
      }
    }
    fourier.inverse(spectrum, block);
  }

  function learn(rest: Float32Array, step: number): void {
    const { agentRe, agentIm, filterRe, filterIm } = state;
    block.fill(0, 0, hopSamples);
    block.set(rest, hopSamples);
    fourier.forward(block, spectrum);
    power.fill(POWER_FLOOR);
    for (let at = 0; at < PARTITIONS * bins; at += bins) {
      for (let k = 0; k < bins; k += 1) power[k] += agentRe[at + k] ** 2 + agentIm[at + k] ** 2;
    }
    for (let delay = 0; delay < PARTITIONS; delay += 1) {
      const x = placeOf(delay) * bins;
      const w = delay * bins;
      for (let k = 0; k < bins; k += 1) {
        const gain = step / power[k];
        filterRe[w + k] += gain * (agentRe[x + k] * spectrum.re[k] + agentIm[x + k] * spectrum.im[k]);
        filterIm[w + k] += gain * (agentRe[x + k] * spectrum.im[k] - agentIm[x + k] * spectrum.re[k]);
      }
    }
    constrain(state.hopIndex);
  }

  /** A partition answers within one hop; what wraps around is taken out, of one partition a hop. */
  function constrain(delay: number): void {
    const w = delay * bins;
    spectrum.re.set(state.filterRe.subarray(w, w + bins));
    spectrum.im.set(state.filterIm.subarray(w, w + bins));
    fourier.inverse(spectrum, block);
    block.fill(0, hopSamples);
    fourier.forward(block, spectrum);
    state.filterRe.set(spectrum.re, w);
    state.filterIm.set(spectrum.im, w);
  }

  function withoutEcho(hop: Hop): Hop {
    const agentPower = Math.max(...state.agentPower);
    const callerPower = meanSquare(hop.samples);
    if (hop.missing || agentPower < AGENT_AUDIBLE || callerPower < CALLER_AUDIBLE) return hop;
    expectEcho();
    const echoPower = meanSquare(block.subarray(hopSamples));
    const rest = hop.samples.map((sample, i) => sample - block[hopSamples + i]);
    const restPower = meanSquare(rest);
    if (callerPower < UNDER_AGENT * agentPower) {
      const shareAtLeast = Math.max(SHARE_MIN, SHARE_HALVED_HOPS / (SHARE_HALVED_HOPS + state.learntHops));
      state.learntHops += 1;
      learn(rest, STEP * Math.min(1, shareAtLeast + echoPower / (restPower + 1e-12)));
    }
    // A filter that makes it louder is wrong here, and the audio stays as it was.
    return restPower < callerPower ? { ...hop, samples: rest } : hop;
  }

  return {
    push({ channel, hop }, emit) {
      if (channel === 'agent') {
        state.agentWaiting.push(hop.samples);
        emit({ channel, hop });
      } else {
        state.callerWaiting.push(hop);
      }
      while (state.callerWaiting.length > 0 && state.agentWaiting.length > 0) {
        takeAgent(state.agentWaiting.splice(0, 1)[0]);
        emit({ channel: 'caller', hop: withoutEcho(state.callerWaiting.splice(0, 1)[0]) });
      }
    },
    /** A caller whose channel went on longer than the agent's has no echo there. */
    flush(emit: Emit<SidedHop>) {
      for (const hop of state.callerWaiting.splice(0)) emit({ channel: 'caller', hop });
    },
    save: () => structuredClone(state),
    load(saved) {
      state = structuredClone(saved) as CancellerState;
    },
  };
}

function meanSquare(samples: Float32Array | Float64Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum / samples.length;
}
