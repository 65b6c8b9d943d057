/**
 * Delay under load: N live calls stream the demo call in real time, each from another place; for every segment of speech,
 * how long after its last sample was sent is its final row there for SQL? The senders run in a process of their own.
 *
 *     npm run bench:delay -- --calls 20 --seconds 60
 *     npm run bench:delay -- --reported          with events, spans and joining beside the audio
 */
import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { startTestService } from '../../test/support/service.ts';
import { machineOf } from '../machine.ts';
import type { SenderReport } from './sender.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    reported: { type: 'boolean' },
  },
});
const calls = Number(values.calls);
const seconds = Number(values.seconds);
const POLL_MS = 20;

const running = await startTestService({ EARSHOT_LOG_LEVEL: 'warn' });
const loop = monitorEventLoopDelay({ resolution: 10 });
const sender = fork(fileURLToPath(new URL('./sender.js', import.meta.url)), [
  running.streamUrl,
  String(calls),
  String(seconds),
  values.reported === true ? 'reported' : 'audio',
]);

/** When each final speech row was seen by SQL: (call, end in samples) -> Unix ms. */
const seen = new Map<string, number>();
let isStreaming = true;
const cpuBefore = process.cpuUsage();
loop.enable();

const polling = (async () => {
  let since = 0;
  while (isStreaming) {
    const rows = await running.sql(
      `SELECT call_id, toInt64(end_sample) AS end_sample, toUnixTimestamp(stored_at) AS stored FROM earshot.facts
       WHERE kind = 'speech' AND status = 'final' AND stored_at >= fromUnixTimestamp({since:UInt32})`,
      { since: Math.max(0, since - 2) },
    );
    const nowMs = Date.now();
    for (const row of rows) {
      const key = `${String(row.call_id)} ${String(row.end_sample)}`;
      if (!seen.has(key)) seen.set(key, nowMs);
      since = Math.max(since, Number(row.stored));
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
})();

const report = await new Promise<SenderReport>((resolve) =>
  sender.once('message', (message) => resolve(message as SenderReport)),
);
isStreaming = false;
await polling;
loop.disable();
const cpu = process.cpuUsage(cpuBefore);
const delaysMs = [...seen].flatMap(([key, seenMs]) => {
  const [callId, endSample] = key.split(' ');
  const startedMs = report.startedMs[callId];
  // Rows of speech that ended with the stream itself wait for the call's end, not for us.
  const endMs = Number(endSample) / 16;
  return startedMs === undefined || endMs > (seconds - 2) * 1_000 ? [] : [seenMs - (startedMs + endMs)];
});
delaysMs.sort((a, b) => a - b);
const at = (share: number): number => Math.round(delaysMs[Math.max(0, Math.ceil(share * delaysMs.length) - 1)]);
const memory = process.memoryUsage();
await running.close();

const result = {
  what: 'end of speech in the audio to its final row visible by SQL, embedded store',
  command: `npm run bench:delay -- --calls ${calls} --seconds ${seconds}${values.reported === true ? ' --reported' : ''}`,
  machine: machineOf(),
  calls,
  seconds,
  segments: delaysMs.length,
  delayMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), worst: at(1) },
  pollMs: POLL_MS,
  eventLoopDelayMsP99: Math.round(loop.percentile(99) / 1e5) / 10,
  processorsUsed: Math.round(((cpu.user + cpu.system) / 1e6 / seconds) * 100) / 100,
  rssMb: Math.round(memory.rss / 2 ** 20),
};
console.log(JSON.stringify(result, null, 2));
await writeFile(
  join(packageRoot, 'benchmarks', 'load', values.reported === true ? 'delayReported.result.json' : 'delay.result.json'),
  `${JSON.stringify(result, null, 2)}\n`,
);
