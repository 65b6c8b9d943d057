/** The sending side of the load benchmarks: N calls at the pace of real time, open loop: what is late is sent at once. */
import { join } from 'node:path';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { connectEarshot } from '../../adapters/wire/earshotClient.ts';
import { demoReports } from '../../examples/demo-call/reports.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';

export interface SenderReport {
  /** Wall time (Unix ms) at which sample 0 of each call was due. */
  readonly startedMs: Readonly<Record<string, number>>;
}

const MESSAGE_MS = 20;
const [url, callsText, secondsText, reported] = process.argv.slice(2);
const calls = Number(callsText);
const seconds = Number(secondsText);

const wav = await readWav(join(packageRoot, 'examples', 'demo-call', 'demo-call.wav'));
const frames = (wav.rateHz * MESSAGE_MS) / 1_000;
const messages: Uint8Array[] = [];
for await (const payload of wav.chunks(frames)) if (payload.length === 2 * frames) messages.push(payload);

const startedMs: Record<string, number> = {};

async function streamOne(index: number): Promise<void> {
  const callId = `load-${index}`;
  const client = connectEarshot({
    url,
    hello: { callId, encoding: wav.encoding, rateHz: wav.rateHz, layout: 'interleaved' },
  });
  await client.ready;
  // Every call begins elsewhere in the conversation, so that they do not all pause at once.
  const first = Math.floor((index * messages.length) / calls);
  const startMs = Date.now();
  startedMs[callId] = startMs;
  const reports = reported === 'reported' ? reportOne(callId, startMs, first * MESSAGE_MS) : Promise.resolve();
  for (let sent = 0; sent * MESSAGE_MS < seconds * 1_000;) {
    const due = Math.floor((Date.now() - startMs) / MESSAGE_MS);
    for (; sent < due && sent * MESSAGE_MS < seconds * 1_000; sent += 1) {
      client.sendAudio('both', sent * frames, messages[(first + sent) % messages.length]);
    }
    await new Promise((resolve) => setTimeout(resolve, MESSAGE_MS / 2));
  }
  await reports;
  await client.bye();
}

/** What the demo call's agent would report, from where the call begins in it. */
async function reportOne(callId: string, startMs: number, fromMs: number): Promise<void> {
  const sent: Promise<unknown>[] = [];
  for (const { atMs, path, body } of demoReports(callId, startMs - fromMs)) {
    if (atMs < fromMs || atMs > fromMs + seconds * 1_000) continue;
    const aheadMs = startMs - fromMs + atMs - Date.now();
    if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    const headers = { 'content-type': 'application/json' };
    sent.push(fetch(new URL(path, url.replace('ws', 'http')), { method: 'POST', headers, body: JSON.stringify(body) }));
  }
  await Promise.all(sent);
}

await Promise.all(Array.from({ length: calls }, (_, index) => streamOne(index)));
const report: SenderReport = { startedMs };
process.send?.(report, () => process.exit(0));
