/** Sends a recording in real time, and its reports over HTTP when they are due. */
import { connectEarshot } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { pacedReports } from '../../examples/demo-call/sendReports.ts';
import { pacedAudio } from '../../cli/pacedAudio.ts';

export async function streamReportedCall(url: string, path: string, callId: string): Promise<void> {
  const wav = await readWav(path);
  const client = connectEarshot({
    url: `${url.replace('http', 'ws')}/v1/stream`,
    hello: { callId, encoding: wav.encoding, rateHz: wav.rateHz, layout: 'interleaved', agentVersion: 'demo-1' },
  });
  await client.ready;
  const reports = pacedReports(url, callId, Date.now());
  await pacedAudio(wav, 1, (position, payload) => client.sendAudio('both', position, payload));
  await reports;
  await client.bye();
}
