/**
 * What Earshot takes for speech in mono recordings, as the caller of a call whose agent is silent: for vad.py.
 *
 *     node dist/benchmarks/peers/labelSpeech.js FOLDER    # of NAME.wav; prints {"files": {NAME: "0011..."}, "cpuMsPerS": ...}
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wavBytes } from '../../adapters/wire/wavWriter.ts';
import { createRecordingPool } from '../../adapters/onnx/recordingPool.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { twoFileRecording } from '../../cli/recording.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { FRAME_FLAGS } from '../../core/voice/frameColumns.ts';
import { analyzeRecording } from '../../services/analyze/analyzeRecording.ts';

const [folder] = process.argv.slice(2);
const silentDir = await mkdtemp(join(tmpdir(), 'earshot-silent-'));
const pool = await createRecordingPool({ names: 'none', addedDir: '' });
const files: Record<string, string> = {};
let audioS = 0;
const before = process.cpuUsage();
for (const name of (await readdir(folder)).filter((file) => file.endsWith('.wav')).sort()) {
  const path = join(folder, name);
  const { rateHz, durationMs } = await readWav(path);
  const silent = join(silentDir, name);
  const payload = new Uint8Array(2 * Math.round((durationMs * rateHz) / 1_000));
  await writeFile(silent, wavBytes({ rateHz, channelCount: 1, encoding: 'pcm_s16le', payload }));
  const recording = await twoFileRecording(path, silent, { tenant: 'bench', agentVersion: '', callerChannel: 'left' });
  const flags: number[] = [];
  const take = (fact: Fact): void => {
    if (fact.kind === 'frames' && fact.channel === 'caller') flags.push(...fact.flags);
  };
  await analyzeRecording(recording.open, recording.messages(), pool, take);
  files[name.replace(/\.wav$/, '')] = flags.map((bits) => ((bits & FRAME_FLAGS.speech) === 0 ? '0' : '1')).join('');
  audioS += durationMs / 1_000;
}
const { user, system } = process.cpuUsage(before);
await pool.close();
await rm(silentDir, { recursive: true });
console.log(JSON.stringify({ files, cpuMsPerS: (user + system) / 1_000 / audioS }));
