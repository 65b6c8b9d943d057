/** What the canceller takes out, and what it leaves alone, on made signals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rms } from '../../test/support/signals.ts';
import { asSampleIndex } from '../units/time.ts';
import { cancelEcho, type SidedHop } from './echoCanceller.ts';
import type { Hop } from './measure.ts';

const RATE_HZ = 8_000;
const HOP = 256;
const LOSS = 10 ** (-24 / 20);
const DELAY_SAMPLES = 963;

/** Something like a voice: noise of a fixed seed, in syllables of 250 ms with pauses, at about -20 dBFS. */
function babble(seconds: number, seed: number): Float32Array {
  let random = seed;
  let low = 0;
  return Float32Array.from({ length: seconds * RATE_HZ }, (_, i) => {
    random = (random * 1_664_525 + 1_013_904_223) % 2 ** 32;
    low = 0.7 * low + 0.3 * (random / 2 ** 31 - 1);
    return low * Math.max(0, Math.sin((2 * Math.PI * i) / (0.5 * RATE_HZ)) + 0.2) * 0.5;
  });
}

const sum = (...parts: Float32Array[]): Float32Array =>
  parts[0].map((_, i) => parts.reduce((total, part) => total + part[i], 0));
const scaled = (samples: Float32Array, by: number): Float32Array => samples.map((sample) => sample * by);
const echoOf = (agent: Float32Array): Float32Array =>
  agent.map((_, i) => (i < DELAY_SAMPLES ? 0 : agent[i - DELAY_SAMPLES] * LOSS));

const hopOf = (samples: Float32Array, hopIndex: number): Hop => ({
  hopIndex,
  startSample: asSampleIndex(hopIndex * HOP * 2),
  endSample: asSampleIndex((hopIndex + 1) * HOP * 2),
  samples: samples.slice(hopIndex * HOP, (hopIndex + 1) * HOP),
  missing: false,
  frames: [],
});

function cancelled(caller: Float32Array, agent: Float32Array): Float32Array {
  const stage = cancelEcho(HOP);
  const out = new Float32Array(caller.length);
  const take = ({ channel, hop }: SidedHop): void => {
    if (channel === 'caller') out.set(hop.samples, hop.hopIndex * HOP);
  };
  for (let k = 0; (k + 1) * HOP <= caller.length; k += 1) {
    stage.push({ channel: 'caller', hop: hopOf(caller, k) }, take);
    stage.push({ channel: 'agent', hop: hopOf(agent, k) }, take);
  }
  return out;
}

const decibels = (ratio: number): number => 20 * Math.log10(ratio);
const from = (seconds: number, samples: Float32Array): Float32Array =>
  samples.subarray(seconds * RATE_HZ, 19 * RATE_HZ);

const agent = babble(20, 1);
const lineNoise = scaled(babble(20, 7), 0.002);

test('an echo is taken out once the filter has learnt the way', () => {
  const echo = sum(echoOf(agent), lineNoise);
  const left = decibels(rms(from(10, cancelled(echo, agent))) / rms(from(10, echo)));
  assert.ok(left < -12, `${left} dB left`);
});

test('a caller who speaks over the echo comes through as spoken', () => {
  const voice = babble(20, 3).map((sample, i) => (i > 10 * RATE_HZ ? sample : 0));
  const out = cancelled(sum(voice, echoOf(agent), lineNoise), agent);
  const difference = sum(out, scaled(voice, -1));
  const off = decibels(rms(from(11, difference)) / rms(from(11, voice)));
  assert.ok(off < -24, `off by ${off} dB`);
});

test('where there is no echo the audio stays as it is', () => {
  const noise = scaled(babble(20, 5), 0.1);
  const changed = decibels(rms(from(2, cancelled(noise, agent))) / rms(from(2, noise)));
  assert.ok(Math.abs(changed) < 0.5, `${changed} dB`);
  assert.deepEqual(
    cancelled(noise, new Float32Array(noise.length)).subarray(0, 100 * HOP),
    noise.subarray(0, 100 * HOP),
  );
});

test("a caller's hop waits for the agent's, and for nothing once the call is over", () => {
  const stage = cancelEcho(HOP);
  const seen: string[] = [];
  const take = ({ channel, hop }: SidedHop): void => void seen.push(`${channel} ${hop.hopIndex}`);
  stage.push({ channel: 'caller', hop: hopOf(agent, 0) }, take);
  assert.deepEqual(seen, []);
  stage.push({ channel: 'agent', hop: hopOf(agent, 0) }, take);
  stage.push({ channel: 'caller', hop: hopOf(agent, 1) }, take);
  stage.flush(take);
  assert.deepEqual(seen, ['agent 0', 'caller 0', 'caller 1']);
});
