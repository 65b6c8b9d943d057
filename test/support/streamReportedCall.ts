/** Sends a recording in real time, and what is reported of it when that is due. */
import { connectEarshot } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { pacedAudio } from '../../cli/pacedAudio.ts';

/** `report` is started with the call's first sample and waited for. Gives the wall time of that sample. */
export async function streamReportedCall(
  url: string,
  path: string,
  hello: { readonly callId: string } & Readonly<Record<string, unknown>>,
  report: (startWallMs: number) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const wav = await readWav(path);
  const client = connectEarshot({
    url: `${url.replace('http', 'ws')}/v1/stream`,
    hello: { encoding: wav.encoding, rateHz: wav.rateHz, layout: 'interleaved', agentVersion: 'demo-1', ...hello },
  });
  await client.ready;
  const startWallMs = Date.now();
  const reports = report(startWallMs);
  await pacedAudio(wav, 1, (position, payload) => client.sendAudio('both', position, payload));
  await reports;
  await client.bye();
  return startWallMs;
}
