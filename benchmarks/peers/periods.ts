/**
 * Our jitter, shimmer and harmonicity of recordings whose pitch contour is given, as JSON, for the comparison with Praat:
 *
 *     node dist/benchmarks/peers/periods.js LIST.json       LIST: [{ "wav": PATH (one channel, 16-bit PCM), "f0Hz": [Hz or 0 each 10 ms] }]
 */
import { readFile } from 'node:fs/promises';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { periodMeasures } from '../../core/voice/periods.ts';

interface Recording {
  readonly wav: string;
  readonly f0Hz: readonly number[];
}

async function samplesOf(path: string): Promise<{ samples: Float32Array; rateHz: number }> {
  const wav = await readWav(path);
  const samples: number[] = [];
  for await (const chunk of wav.chunks(8_000)) {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at + 1 < chunk.byteLength; at += 2) samples.push(view.getInt16(at, true) / 32_768);
  }
  return { samples: Float32Array.from(samples), rateHz: wav.rateHz };
}

const recordings = JSON.parse(await readFile(process.argv[2], 'utf8')) as Recording[];
const measured = [];
let [voicedS, computeMs] = [0, 0];
for (const { wav, f0Hz } of recordings) {
  const contour = f0Hz.map((f0) => (f0 > 0 ? f0 : null));
  const audio = { ...(await samplesOf(wav)), f0Hz: contour };
  const began = process.cpuUsage();
  measured.push(periodMeasures(audio));
  computeMs += process.cpuUsage(began).user / 1_000;
  voicedS += contour.filter((f0) => f0 !== null).length / 100;
}
console.log(JSON.stringify({ measured, msPerVoicedS: computeMs / voicedS }));
