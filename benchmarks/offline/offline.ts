/**
 * Offline speed and memory: recordings analysed as fast as it goes, one at a time and many at once.
 *
 *     npm run bench:offline [-- FILE.wav...]        (the demo call unless files are named)
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { createRecordingPool } from '../../adapters/onnx/recordingPool.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { stereoRecording } from '../../cli/recording.ts';
import { createCall } from '../../core/call/call.ts';
import { EDGE_VALUES_A_WINDOW } from '../../core/inference/speechModel.ts';
import { analyzeRecording } from '../../services/analyze/analyzeRecording.ts';
import { machineOf } from '../machine.ts';

const AT_ONCE = 32;
const named = process.argv.slice(2);
const files = named.length > 0 ? named : [join(packageRoot, 'examples', 'demo-call', 'demo-call.wav')];
const recordings = await Promise.all(
  files.map((file) => stereoRecording(file, { tenant: 'bench', agentVersion: '', callerChannel: 'left' })),
);
const pool = await createRecordingPool();
const audioS = (count: number): number =>
  Array.from({ length: count }, (_, i) => recordings[i % recordings.length].durationMs / 1_000).reduce(
    (a, b) => a + b,
    0,
  );
const analyse = (index: number): Promise<void> => {
  const recording = recordings[index % recordings.length];
  return analyzeRecording(recording.open, recording.messages(), pool, () => undefined);
};

async function timed(count: number, run: () => Promise<unknown>) {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  await run();
  const cpu = process.cpuUsage(before);
  const tookS = (performance.now() - startedMs) / 1_000;
  return {
    calls: count,
    audioS: Math.round(audioS(count)),
    tookS: Math.round(tookS * 100) / 100,
    timesRealTime: Math.round(audioS(count) / tookS),
    processorMsPerCallSecond: Math.round(((cpu.user + cpu.system) / 1_000 / audioS(count)) * 100) / 100,
  };
}

await analyse(0);
const alone = await timed(1, () => analyse(0));
const together = await timed(AT_ONCE, () => Promise.all(Array.from({ length: AT_ONCE }, (_, i) => analyse(i))));
await pool.close();

/** What one call holds between two messages: the heap it adds, over many calls that each heard ten seconds. */
async function memoryPerCall(): Promise<{ heapKb: number; savedStateKb: number }> {
  const [recording] = recordings;
  const payloads: { position: number; payload: Uint8Array }[] = [];
  for await (const message of recording.messages()) if (message.type === 'audio') payloads.push(message);
  const makeCall = () => {
    const call = createCall(recording.open, []);
    for (const { position, payload } of payloads.slice(0, 10)) {
      call.push({ type: 'audio', lane: 'both', position, payload, arrivedAtMs: 0 }, () => undefined);
      for (let rows = call.rows(); rows.length > 0; rows = call.rows()) {
        for (const { channel, row } of rows) {
          const { windowCount, state, edgeState } = row;
          const probabilities = new Float32Array(windowCount);
          const edgeProbabilities = new Float32Array(windowCount * EDGE_VALUES_A_WINDOW);
          call.scored(channel, { probabilities, edgeProbabilities, state, edgeState }, () => undefined);
        }
      }
    }
    return call;
  };
  const settled = async (): Promise<NodeJS.MemoryUsage> => {
    // Array buffers are freed a moment after the objects that held them.
    for (let i = 0; i < 4; i += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return process.memoryUsage();
  };
  for (let i = 0; i < 20; i += 1) makeCall();
  const before = await settled();
  const calls = Array.from({ length: 100 }, makeCall);
  const after = await settled();
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  const savedStateKb = Math.round(serialize(calls[0].save()).byteLength / 102.4) / 10;
  return { heapKb: Math.round(grown / calls.length / 102.4) / 10, savedStateKb };
}

const result = {
  what: 'recordings through the whole call (decode, speech model, conversation), one inference worker',
  command: 'npm run bench:offline',
  machine: machineOf(),
  alone,
  together,
  memoryPerCall: await memoryPerCall(),
};
console.log(JSON.stringify(result, null, 2));
await writeFile(
  join(packageRoot, 'benchmarks', 'offline', 'offline.result.json'),
  `${JSON.stringify(result, null, 2)}\n`,
);
