/**
 * The store goes away while calls run: N live calls stream into the service as its users start it, over HTTP to a ClickHouse that is
 * taken away for a minute and given back. How long until all is durable again, how much memory that takes, and is anything lost?
 *
 *     npm run bench:outage -- --calls 20 --away 60
 *     npm run bench:outage -- --calls 20 --slow 1000      every insert takes a second instead
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { openClickhouseFront } from '../../test/support/clickhouseFront.ts';
import { startServeProcess } from '../../test/support/serveProcess.ts';
import { ask } from '../../test/support/storeLaws/storeProbe.ts';
import { machineOf } from '../machine.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '20' },
    away: { type: 'string', default: '60' },
    slow: { type: 'string', default: '0' },
  },
});
const calls = Number(values.calls);
const slowMs = Number(values.slow);
const awayS = slowMs > 0 ? 0 : Number(values.away);
const BEFORE_S = 15;
const AFTER_S = 45;
const streamS = BEFORE_S + awayS + AFTER_S;
const MESSAGE_MS = 20;

const wav = await readWav(join(packageRoot, 'examples', 'demo-call', 'demo-call.wav'));
const messageSamples = (wav.rateHz * MESSAGE_MS) / 1_000;
const messages: Uint8Array[] = [];
for await (const payload of wav.chunks(messageSamples)) {
  if (payload.length === 2 * messageSamples) messages.push(Uint8Array.from(payload));
}
const perCall = (streamS * 1_000) / MESSAGE_MS;
const firstAtMs = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'earshot-outage-'));

interface Caller {
  readonly client: EarshotClient;
  sent: number;
  ackedSeq: number;
}

type Slow = 'slow' | null;

async function open(name: string) {
  let slow: Slow = null;
  const front = await openClickhouseFront({
    dataDir: join(folder, name),
    slowMs,
    faultOf: (statement) => (statement.startsWith('INSERT') ? slow : null),
  });
  const service = await startServeProcess({
    EARSHOT_PORT: '0',
    EARSHOT_OTLP_GRPC_PORT: '0',
    EARSHOT_CLICKHOUSE_URL: front.url,
    EARSHOT_SECRET: randomBytes(32).toString('hex'),
    EARSHOT_INFERENCE_WORKERS: '1',
    // Everything is compared: no window may be dropped while what has piled up is worked off.
    EARSHOT_SHED_AFTER_MS: '60000',
  });
  return { front, service, setSlow: (next: Slow) => (slow = next) };
}

let brokenSockets = 0;
function openCaller(url: string, index: number): Caller {
  const hello = { callId: `outage-${index}`, startedAtMs: firstAtMs + index, layout: 'interleaved' };
  const caller: Caller = {
    sent: 0,
    ackedSeq: -1,
    client: connectEarshot({
      url,
      hello: { ...hello, encoding: wav.encoding, rateHz: wav.rateHz },
      reconnectsMax: 100,
      onAck: (seq) => (caller.ackedSeq = Math.max(caller.ackedSeq, seq)),
      onError: () => (brokenSockets += 1),
    }),
  };
  return caller;
}

function sendNext(caller: Caller, index: number): void {
  const first = Math.floor((index * messages.length) / calls);
  caller.client.sendAudio('both', caller.sent * messageSamples, messages[(first + caller.sent) % messages.length]);
  caller.sent += 1;
}

/** Facts by id, as they are in the end. */
async function factsOf(url: string): Promise<Map<string, string>> {
  const store = await openStore({ kind: 'server', url });
  const rows = await ask(
    store,
    `SELECT id, kind, channel, start_sample, end_sample, outcome, latency_samples FROM earshot.facts FINAL
     UNION ALL SELECT id, 'frames', channel, start_sample, NULL, '', length(flags) FROM earshot.frames FINAL`,
  );
  await store.close();
  return new Map(rows.map((row) => [String(row.id), JSON.stringify(row)]));
}

const peakRssMb = (pid: number): number =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024);

async function underTrouble() {
  const { front, service, setSlow } = await open('trouble');
  const callers = Array.from({ length: calls }, (_, index) => openCaller(service.streamUrl, index));
  await Promise.all(callers.map(({ client }) => client.ready));
  const startedAt = performance.now();
  const elapsedS = (): number => (performance.now() - startedAt) / 1_000;
  /** Seconds of audio that were sent and are not durable, all calls. */
  const waitingS = (): number =>
    callers.reduce((sum, { sent, ackedSeq }) => sum + ((sent - 1 - ackedSeq) * MESSAGE_MS) / 1_000, 0);
  let trouble: 'to come' | 'there' | 'over' = 'to come';
  let usualS = 0;
  let backAtS = 0;
  let rssBeforeMb = 0;
  let worstS = 0;
  let atBackS = 0;
  let caughtUpAtS: number | null = null;
  while (callers[0].sent < perCall) {
    const due = Math.min(perCall, Math.floor((elapsedS() * 1_000) / MESSAGE_MS));
    callers.forEach((caller, index) => {
      while (caller.sent < due) sendNext(caller, index);
    });
    const waiting = waitingS();
    if (trouble === 'to come' && elapsedS() > BEFORE_S / 3) usualS = Math.max(usualS, waiting);
    if (trouble === 'to come' && elapsedS() >= BEFORE_S) {
      rssBeforeMb = peakRssMb(service.pid);
      trouble = 'there';
      if (slowMs > 0) setSlow('slow');
      else await front.leave();
    } else if (trouble === 'there') {
      worstS = Math.max(worstS, waiting);
      if (awayS > 0 && elapsedS() >= BEFORE_S + awayS) {
        await front.comeBack();
        trouble = 'over';
        backAtS = elapsedS();
        atBackS = waiting;
      }
    } else if (trouble === 'over' && caughtUpAtS === null && waiting <= usualS) caughtUpAtS = elapsedS();
    await new Promise((resolve) => setTimeout(resolve, MESSAGE_MS / 2));
  }
  setSlow(null);
  await Promise.all(callers.map(({ client }) => client.bye()));
  const rssMb = peakRssMb(service.pid);
  await service.stop();
  const facts = await factsOf(front.url);
  await front.close();
  const tookS = caughtUpAtS === null ? null : caughtUpAtS - backAtS;
  return { facts, usualS, worstS, atBackS, tookS, rssBeforeMb, rssMb };
}

async function calmly(): Promise<Map<string, string>> {
  const { front, service } = await open('calm');
  // One after another: what would pile up otherwise is more than windows may wait for.
  for (let index = 0; index < calls; index += 1) {
    const caller = openCaller(service.streamUrl, index);
    await caller.client.ready;
    while (caller.sent < perCall) sendNext(caller, index);
    await caller.client.bye();
  }
  await service.stop();
  const facts = await factsOf(front.url);
  await front.close();
  return facts;
}

/** How many rows there are of each kind. */
function kindsOf(rows: readonly string[]): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const row of rows) {
    const { kind } = JSON.parse(row) as { kind: string };
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const { facts, usualS, worstS, atBackS, tookS, rssBeforeMb, rssMb } = await underTrouble();
const broken = brokenSockets;
const expected = await calmly();
rmSync(folder, { recursive: true, force: true });
const result = {
  what: slowMs > 0 ? `each insert takes ${slowMs} ms` : `the store is away for ${awayS} s`,
  command: `npm run bench:outage -- --calls ${calls} ${slowMs > 0 ? `--slow ${slowMs}` : `--away ${awayS}`}`,
  machine: machineOf(),
  calls,
  streamS,
  rows: expected.size,
  // `unmeasured` beside: the machine was too slow for these calls, and windows were dropped; nothing was lost by the store.
  rowsMissing: kindsOf([...expected].flatMap(([id, row]) => (facts.has(id) ? [] : [row]))),
  rowsBeside: kindsOf([...facts].flatMap(([id, row]) => (expected.has(id) ? [] : [row]))),
  rowsOtherwise: [...facts].filter(([id, row]) => expected.has(id) && expected.get(id) !== row).length,
  socketsBroken: broken,
  notDurableS: { usual: round(usualS), worst: round(worstS) },
  ...(slowMs > 0
    ? {}
    : {
        backlogS: round(atBackS),
        caughtUpAfterS: tookS === null ? null : round(tookS),
        // What came meanwhile was made durable as well.
        timesRealTime: tookS === null ? null : round((atBackS - usualS + tookS * calls) / (tookS * calls)),
      }),
  rssMb: { before: rssBeforeMb, peak: rssMb },
};
console.log(JSON.stringify(result, null, 2));
const file = slowMs > 0 ? 'slow.result.json' : 'outage.result.json';
await writeFile(join(packageRoot, 'benchmarks', 'store', file), `${JSON.stringify(result, null, 2)}\n`);
