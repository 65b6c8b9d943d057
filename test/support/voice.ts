/** A voice made of numbers: pulses of a wandering pitch through wandering resonances, in syllables; and what lines do to it. */
import { asSampleIndex } from '../../core/units/time.ts';
import type { VoiceAudio } from '../../core/voice/voiceAudio.ts';

const RATE_HZ = 8_000;

/** A small seeded generator (mulberry32), so that each run hears the same voice. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Syllables of 120 to 300 ms that swell and fade, each with its own pitch and vowel, at about -25 dBFS. */
export function voice(seconds: number, seed: number): Float32Array {
  const random = seeded(seed);
  const out = new Float32Array(Math.round(seconds * RATE_HZ));
  for (let at = 0; at < out.length;) {
    const length = Math.round((0.12 + 0.18 * random()) * RATE_HZ);
    const [f0, f1, f2] = [100 + 120 * random(), 300 + 500 * random(), 900 + 1_400 * random()];
    const bend = 0.6 + 0.8 * random();
    for (let i = 0; i < length && at + i < out.length; i += 1) {
      const t = i / RATE_HZ;
      const swell = Math.sin((Math.PI * i) / length) ** 2;
      const pulse = Math.exp(-12 * ((t * (f0 + bend * 60 * t)) % 1));
      out[at + i] =
        0.2 *
        swell *
        pulse *
        (Math.sin(2 * Math.PI * f1 * t) + 0.6 * Math.sin(2 * Math.PI * f2 * t) + 0.2 * (random() - 0.5));
    }
    at += length + Math.round(0.08 * random() * RATE_HZ);
  }
  return out;
}

/** The line: its own noise of a few steps of 16 bits, and G.711's coarse steps. */
export function lined(samples: Float32Array, seed: number): Float32Array {
  const random = seeded(seed);
  return samples.map((sample) => {
    const noisy = sample + ((random() + random() + random() - 1.5) * 6) / 32_768;
    const companded = Math.round((Math.log1p(255 * Math.abs(noisy)) / Math.log(256)) * 127) / 127;
    return (Math.sign(noisy) * (256 ** companded - 1)) / 255;
  });
}

export function voiceAudio(samples: Float32Array, chunk = 160): VoiceAudio[] {
  const out: VoiceAudio[] = [];
  for (let at = 0; at < samples.length; at += chunk)
    out.push({ startSample: asSampleIndex(2 * at), samples: samples.slice(at, at + chunk) });
  return out;
}
