/**
 * Runs pitchfinder's YIN, Macleod and AMDF over raw float32 files at 8 kHz, for pitch.py.
 * pitchfinder is GPL-3.0 and no dependency of ours: install it into a folder of its own,
 * npm install --prefix DIR pitchfinder@2.3.4.
 *
 *   node pitchfinder.mjs DIR AUDIO_DIR
 *
 * JSON on stdout: { method: { msPerSecond, tracks: { file: [f0 each 10 ms, 0 = none] } } }
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import process from 'node:process';

const [packageDir, audioDir] = process.argv.slice(2);
const { YIN, Macleod, AMDF } = createRequire(join(resolve(packageDir), 'anchor.js'))('pitchfinder');

const RATE_HZ = 8000;
const HOP = 80;
const FRAME = 512;
const detectors = {
  YIN: YIN({ sampleRate: RATE_HZ }),
  Macleod: Macleod({ sampleRate: RATE_HZ, bufferSize: FRAME }),
  AMDF: AMDF({ sampleRate: RATE_HZ, minFrequency: 50, maxFrequency: 500 }),
};

/** Frame k is centred on sample 80 k + 40, as ours. */
function track(detector, samples) {
  const padded = new Float32Array(samples.length + FRAME);
  padded.set(samples, FRAME / 2);
  const f0 = [];
  for (let centre = HOP / 2; centre < samples.length; centre += HOP) {
    const found = detector(padded.subarray(centre, centre + FRAME));
    const hz = typeof found === 'number' ? found : (found?.freq ?? 0);
    f0.push(hz >= 50 && hz <= 500 ? hz : 0);
  }
  return f0;
}

const files = readdirSync(audioDir).filter((name) => name.endsWith('.f32'));
const result = {};
for (const [name, detector] of Object.entries(detectors)) {
  const tracks = {};
  let audioS = 0;
  const startedAt = process.cpuUsage();
  for (const file of files) {
    const bytes = readFileSync(join(audioDir, file));
    const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    audioS += samples.length / RATE_HZ;
    tracks[file.replace('.f32', '')] = track(detector, samples);
  }
  result[name] = { msPerSecond: process.cpuUsage(startedAt).user / 1000 / audioS, tracks };
}
process.stdout.write(JSON.stringify(result));
