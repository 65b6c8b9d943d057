/** `earshot demo`: the main job before one's eyes: the service, a call streamed to it in real time, and SQL on what it wrote. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { connectEarshot } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { pacedReports } from '../../examples/demo-call/sendReports.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { readConfig } from '../../services/config.ts';
import { startServices } from '../../services/main.ts';
import { pacedAudio } from '../pacedAudio.ts';
import { createCallView } from '../terminal/callView.ts';
import { terminalStyle } from '../terminal/style.ts';
import { printSummary } from './analyze.ts';
import { printQuery } from './query.ts';

export const DEMO_HELP = `earshot demo [FILE.wav] [--speed N]
  Starts the service with an embedded ClickHouse in a temporary folder, streams a two-channel conversation to it over
  WebSocket in real time (the one in examples/demo-call, with what its agent would report, unless a file is named), shows the
  call as it is understood, and asks SQL about it. --speed 4 streams four times as fast.`;

const DEMO_CALL = join(packageRoot, 'examples', 'demo-call', 'demo-call.wav');

/** What an analyst would ask first; each file begins with its question. */
const QUERIES = [
  'interruptions_of_a_call.sql',
  'breakdown_of_a_call.sql',
  'prosody_of_a_call.sql',
  'call_summary.sql',
  'decided_and_heard.sql',
];

export async function demoCommand(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { speed: { type: 'string', default: '1' } },
  });
  const speed = Math.max(0.1, Number(values.speed) || 1);
  const folder = await mkdtemp(join(tmpdir(), 'earshot-demo-'));
  const dataDir = join(folder, 'data');
  const config = { ...readConfig(), port: 0, otlpGrpcPort: 0, store: { kind: 'embedded', dataDir } as const };
  const service = await startServices(config, pino({ level: 'warn' }));
  try {
    console.log(`earshot listens at ${service.url}; embedded ClickHouse in ${dataDir}`);
    await streamCall(service.url, positionals[0] ?? DEMO_CALL, speed);
    await service.joined();
    for (const name of QUERIES) {
      const query = await readFile(join(packageRoot, 'examples', 'queries', name), 'utf8');
      console.log(`\n${query.trim()}\n`);
      await printQuery(service.store, query);
    }
    console.log('\nTo keep it running for calls of your own: npm start   (docs/protocol.md says how to stream to it)');
  } finally {
    await service.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function streamCall(url: string, path: string, speed: number): Promise<void> {
  const wav = await readWav(path);
  const view = createCallView(terminalStyle());
  const facts: Fact[] = [];
  const client = connectEarshot({
    url: `${url.replace('http', 'ws')}/v1/stream`,
    hello: {
      callId: 'demo-call',
      encoding: wav.encoding,
      rateHz: wav.rateHz,
      layout: 'interleaved',
      channels: ['caller', 'agent'],
      agentVersion: 'demo-1',
      facts: true,
    },
    onFact(fact) {
      facts.push(fact as Fact);
      for (const line of view(fact as Fact)) console.log(line);
    },
  });
  await client.ready;
  console.log(`streaming ${path} (${(wav.durationMs / 1_000).toFixed(1)} s) at ${speed} x real time\n`);
  // Reports are of the demo call, and of its own pace.
  const isReported = path === DEMO_CALL && speed === 1;
  const reports = isReported ? pacedReports(url, 'demo-call', Date.now()) : Promise.resolve();
  await pacedAudio(wav, speed, (position, payload) => client.sendAudio('both', position, payload));
  await reports;
  await client.bye();
  const summary = facts.find((fact) => fact.kind === 'summary');
  if (summary !== undefined) printSummary(summary);
}
