/**
 * Training data of the edge model: for each recording with a truth file, the caller's features frame by frame (exactly as
 * the call computes them), whether echo explains the frame, and whether truth has speech there.
 *
 *     node dist/models/speech-edge/train/dumpFeatures.js DIR OUT.bin
 *
 * OUT.bin: for each frame FEATURES_A_FRAME + 3 float32: features, explained by echo, speech in truth, index of the call.
 */
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSpeechPool } from '../../../adapters/onnx/speechPool.ts';
import { readTruth, type Truth } from '../../../cli/eval/truth.ts';
import { stereoRecording } from '../../../cli/recording.ts';
import { hear, speechModelOf } from '../../../core/call/hear.ts';
import { align } from '../../../core/conversation/align.ts';
import { createEchoDetector } from '../../../core/conversation/echo.ts';
import { LIMITS } from '../../../core/conversation/limits.ts';
import { createSpeechFeatures, FEATURES_A_FRAME } from '../../../core/conversation/speechFeatures.ts';
import { createListener } from '../../../core/inference/listen.ts';
import { CHANNELS } from '../../../core/units/channel.ts';

const [folder, outFile] = process.argv.slice(2);
const FRAME_MS = 10;
const pool = await createSpeechPool({ workers: 2, batchRowsMax: 64, batchWaitMs: 0 });

async function featuresOf(path: string, truth: Truth, index: number): Promise<Float32Array[]> {
  const recording = await stereoRecording(path, { tenant: '', agentVersion: '', callerChannel: 'left' });
  const format = speechModelOf(recording.open);
  const hearing = hear(recording.open);
  const listeners = { caller: createListener(format), agent: createListener(format) };
  const take = (item: Parameters<Parameters<typeof hearing.push>[1]>[0]): void => {
    if (item.type === 'hop') listeners[item.channel].hear(item.hop);
  };
  for await (const message of recording.messages()) hearing.push(message, take);
  hearing.flush(take);
  for (const channel of CHANNELS) {
    for (let row = listeners[channel].nextRow(); row !== null; row = listeners[channel].nextRow()) {
      listeners[channel].scored(await pool.score(row));
    }
  }
  const echo = createEchoDetector();
  const features = createSpeechFeatures(LIMITS);
  const rows: Float32Array[] = [];
  const aligning = align();
  const isSpeech = (ms: number): boolean =>
    truth.segments.some((segment) => segment.channel === 'caller' && ms >= segment.startMs && ms < segment.endMs);
  for (const channel of CHANNELS) {
    for (const scored of listeners[channel].take()) {
      aligning.push({ channel, ...scored }, ({ frame, caller, agent }) => {
        const isEcho = echo.explains(frame, caller.levelDbfs, agent.levelDbfs, features.noiseDbfs, () => undefined);
        const row = new Float32Array(FEATURES_A_FRAME + 3);
        features.push({ ...caller, echo: isEcho }, row, 0);
        row.set([isEcho ? 1 : 0, isSpeech((frame + 0.5) * FRAME_MS) ? 1 : 0, index], FEATURES_A_FRAME);
        rows.push(row);
      });
    }
  }
  return rows;
}

const names = (await readdir(folder)).filter((name) => name.endsWith('.truth.json')).sort();
const out = createWriteStream(outFile);
for (const [index, name] of names.entries()) {
  const truth = readTruth(await readFile(join(folder, name), 'utf8'), name);
  const rows = await featuresOf(join(folder, name.replace('.truth.json', '.wav')), truth, index);
  for (const row of rows) out.write(Buffer.from(row.buffer));
}
await new Promise<void>((resolve) => out.end(resolve));
await pool.close();
