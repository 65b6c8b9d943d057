/**
 * Makes demo-call.wav and demo-call.truth.json: a scripted conversation at a hotel's desk, spoken by two flite voices and
 * laid out so that every overlap, latency and silence is known by construction. Same seed, same bytes.
 *
 *     npm run demo:make        (needs flite: apt-get install flite)
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { mulawOf, wavBytes } from '../../adapters/wire/wavWriter.ts';
import { resample } from '../../core/audio/resample.ts';
import type { Channel } from '../../core/units/channel.ts';
import { speechRuns, truthOf, type Part, type ScriptEvent } from './truthOfScript.ts';

const RATE_HZ = 8_000;
const VOICE_RATE_HZ = 16_000;
const VOICES = { caller: 'rms', agent: 'slt' } as const;
const SPEECH_RMS = 0.055;
/** Slight line noise, as a telephone has it. */
const LINE_NOISE_DBFS = -65;
const SEED = 7;

/** Pauses are seconds after the latest end of speech so far; `inside` is seconds after the start of the other's line. */
type Line =
  | { readonly who: Channel; readonly text: string; readonly after: number }
  | {
      readonly who: Channel;
      readonly text: string;
      readonly inside: number;
      readonly stops?: number;
      readonly token?: 'backchannel';
    }
  | { readonly noise: 'knock'; readonly inside: number };

const SCRIPT: readonly Line[] = [
  { who: 'agent', text: 'Good evening, this is the Harbour Hotel. How may I help you?', after: 0.4 },
  { who: 'caller', text: 'Hello. I would like to book a room for two nights.', after: 0.7 },
  {
    who: 'agent',
    text: 'We have three kinds of rooms. The first one looks at the garden and has a bath. The second one looks at the sea.',
    after: 1.6,
  },
  { who: 'caller', text: 'The garden room sounds fine to me, thank you.', inside: 2.4, stops: 0.35 },
  {
    who: 'agent',
    text: 'Very well, the garden room. Breakfast is served from seven until ten, in the winter garden.',
    after: 1.1,
  },
  { who: 'caller', text: 'Right.', inside: 1.9, token: 'backchannel' },
  { who: 'caller', text: 'Can I bring my dog with me?', after: 0.6 },
  { who: 'agent', text: 'Let me have a look at that for you.', after: 0.8 },
  { who: 'agent', text: 'Yes, dogs are welcome here. There is a small fee of ten per night.', after: 4.2 },
  {
    who: 'caller',
    text: 'That is all right. My name is Walter, and I am going to arrive rather late in the evening, around eleven.',
    after: 0.6,
  },
  { who: 'agent', text: 'May I have your number?', inside: 2.6 },
  {
    who: 'agent',
    text: 'Our night desk is open at all hours. Please ring the bell at the side door, and someone will come down and let you in.',
    after: 1.3,
  },
  { noise: 'knock', inside: 1.2 },
  { who: 'caller', text: 'I am quite happy with that.', after: 0.7 },
  {
    who: 'agent',
    text: 'Then I shall read you our terms and conditions. You may cancel free of charge until the day before. After that we ask for the first night.',
    after: 1.0,
  },
  { who: 'caller', text: 'Could you please just send all of that to me in a letter?', inside: 2.0, stops: 1.3 },
  {
    who: 'agent',
    text: 'Of course. You will receive a letter with the terms, your room number, the way to the hotel, and a card for the car park behind the house.',
    after: 1.2,
  },
  { who: 'caller', text: 'One moment, I am not coming by car, I take the train.', inside: 1.9 },
  { who: 'caller', text: 'Good bye.', after: 0.9 },
  { who: 'agent', text: 'Good bye, and thank you for calling.', after: 0.6 },
];

interface Layout {
  readonly parts: Part[];
  readonly events: ScriptEvent[];
  readonly noises: { start: number; samples: Float32Array }[];
  endSample: number;
  /** Start of the line that a following `inside` refers to, and its index among the parts. */
  lineStart: number;
  linePart: number;
}

function layOut(random: () => number): Layout {
  const layout: Layout = { parts: [], events: [], noises: [], endSample: 0, lineStart: 0, linePart: 0 };
  for (const line of SCRIPT) {
    if ('noise' in line) placeNoise(layout, line.inside, random);
    else if ('after' in line) placeAfter(layout, line);
    else placeInside(layout, line);
  }
  return layout;
}

function placeAfter(layout: Layout, line: { who: Channel; text: string; after: number }): void {
  const start = layout.endSample + Math.round(line.after * RATE_HZ);
  addPart(layout, { channel: line.who, start, samples: speak(line.who, line.text) });
  layout.lineStart = start;
  layout.linePart = layout.parts.length - 1;
}

function placeInside(layout: Layout, line: Extract<Line, { inside: number; who: Channel }>): void {
  const start = layout.lineStart + Math.round(line.inside * RATE_HZ);
  if (line.stops !== undefined) {
    const interrupted = layout.parts[layout.linePart];
    const cut = start - interrupted.start + Math.round(line.stops * RATE_HZ);
    layout.parts[layout.linePart] = { ...interrupted, samples: faded(interrupted.samples.slice(0, cut)) };
    layout.endSample = Math.max(...layout.parts.map((part) => part.start + part.samples.length));
  }
  addPart(layout, { channel: line.who, start, samples: speak(line.who, line.text) });
  const outcome = line.token ?? (line.stops === undefined ? 'continued' : 'yielded');
  layout.events.push({ by: line.who, start, outcome, interruptedPart: layout.linePart });
}

function addPart(layout: Layout, part: Part): void {
  layout.parts.push(part);
  layout.endSample = Math.max(layout.endSample, part.start + part.samples.length);
}

/** Three knocks on wood: short bursts of low noise that die away. */
function placeNoise(layout: Layout, inside: number, random: () => number): void {
  const start = layout.lineStart + Math.round(inside * RATE_HZ);
  const samples = new Float32Array(Math.round(0.5 * RATE_HZ));
  for (let i = 0, low = 0; i < samples.length; i += 1) {
    const sinceKnock = i % Math.round(0.16 * RATE_HZ);
    low += 0.35 * (random() * 2 - 1 - low);
    samples[i] = low * 0.9 * Math.exp(-sinceKnock / (0.012 * RATE_HZ));
  }
  layout.noises.push({ start, samples });
  layout.events.push({ by: 'caller', start, outcome: 'noise_burst', interruptedPart: layout.linePart });
}

/** One line in its voice at 8 kHz, without the silence around it, at an even level. */
function speak(who: Channel, text: string): Float32Array {
  const folder = mkdtempSync(join(tmpdir(), 'demo-call-'));
  try {
    const file = join(folder, 'line.wav');
    execFileSync('flite', ['-voice', VOICES[who], '--setf', 'duration_stretch=0.9', '-t', text, '-o', file]);
    const bytes = readFileSync(file);
    const data = bytes.subarray(bytes.indexOf('data') + 8);
    const voice = Float32Array.from({ length: data.length >> 1 }, (_, i) => data.readInt16LE(2 * i) / 32_768);
    return faded(atLevel(trimmed(narrowBand(voice))));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function narrowBand(samples: Float32Array): Float32Array {
  const pieces: number[] = [];
  const stage = resample({ fromHz: VOICE_RATE_HZ, toHz: RATE_HZ });
  const collect = (run: { samples: Float32Array }): void => void pieces.push(...run.samples);
  stage.push({ start: 0, samples, missing: false }, collect);
  stage.flush(collect);
  return Float32Array.from(pieces);
}

function trimmed(samples: Float32Array): Float32Array {
  const runs = speechRuns(samples, RATE_HZ);
  return samples.slice(runs[0][0], runs[runs.length - 1][1]);
}

function atLevel(samples: Float32Array): Float32Array {
  const rms = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
  return samples.map((x) => (x * SPEECH_RMS) / rms);
}

/** 5 ms at both ends, so that a cut does not click. */
function faded(samples: Float32Array): Float32Array {
  const length = Math.round(0.005 * RATE_HZ);
  return samples.map((x, i) => x * Math.min(1, (i + 1) / length, (samples.length - i) / length));
}

/** Mulberry32: small, seeded, good enough for noise. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function render({ parts, noises, endSample }: Layout, random: () => number): Int16Array {
  const frames = endSample + Math.round(0.8 * RATE_HZ);
  const line = 10 ** (LINE_NOISE_DBFS / 20) * Math.sqrt(3);
  const sides = { caller: new Float32Array(frames), agent: new Float32Array(frames) };
  for (const { channel, start, samples } of parts) samples.forEach((x, i) => (sides[channel][start + i] += x));
  for (const { start, samples } of noises) samples.forEach((x, i) => (sides.caller[start + i] += x));
  return Int16Array.from({ length: 2 * frames }, (_, i) => {
    const side = i % 2 === 0 ? sides.caller : sides.agent;
    const x = side[i >> 1] + (random() * 2 - 1) * line;
    return Math.round(Math.min(0.999, Math.max(-1, x)) * 32_767);
  });
}

const random = randomOf(SEED);
const layout = layOut(random);
const samples = render(layout, random);
const folder = join(packageRoot, 'examples', 'demo-call');
const content = { rateHz: RATE_HZ, channelCount: 2, encoding: 'mulaw', payload: mulawOf(samples) } as const;
writeFileSync(join(folder, 'demo-call.wav'), wavBytes(content));
const truth = truthOf(layout.parts, layout.events, samples.length / 2, RATE_HZ);
writeFileSync(join(folder, 'demo-call.truth.json'), `${JSON.stringify(truth, null, 1)}\n`);
console.log(
  `${(samples.length / 2 / RATE_HZ).toFixed(1)} s, ${truth.interruptions.length} interruptions, ${truth.responses.length} responses`,
);
