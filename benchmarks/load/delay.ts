/**
 * Delay under load: N live calls stream the demo call in real time, each from another place; for every segment of speech,
 * how long after its last sample was sent is its final row there for SQL? The senders run in a process of their own.
 * Either all roles are this process, with the embedded store, or each is a process of its own, over Kafka and HTTP to the store.
 *
 *     npm run bench:delay -- --calls 20 --seconds 60
 *     npm run bench:delay -- --reported          with events, spans and joining beside the audio
 *     npm run bench:delay -- --kafka             through Kafka
 */
import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { startTestService } from '../../test/support/service.ts';
import { machineOf } from '../machine.ts';
import { startKafkaRoles, type KafkaRoles } from './kafkaRoles.ts';
import type { SenderReport } from './sender.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    reported: { type: 'boolean', default: false },
    kafka: { type: 'boolean', default: false },
  },
});
const calls = Number(values.calls);
const seconds = Number(values.seconds);
const POLL_MS = 20;

/** What was run, and what its processes used since it began. */
interface Measured {
  readonly streamUrl: string;
  sql: KafkaRoles['sql'];
  begin(): Promise<void>;
  end(): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;

async function inOneProcess(): Promise<Measured> {
  const service = await startTestService({ EARSHOT_LOG_LEVEL: 'warn' });
  const loop = monitorEventLoopDelay({ resolution: 10 });
  let before = process.cpuUsage();
  return {
    streamUrl: service.streamUrl,
    sql: (query, params) => service.sql(query, params),
    close: () => service.close(),
    begin() {
      before = process.cpuUsage();
      loop.enable();
      return Promise.resolve();
    },
    end() {
      loop.disable();
      const cpu = process.cpuUsage(before);
      return Promise.resolve({
        eventLoopDelayMsP99: Math.round(loop.percentile(99) / 1e5) / 10,
        processorsUsed: hundredths((cpu.user + cpu.system) / 1e6 / seconds),
        rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
      });
    },
  };
}

async function throughKafka(): Promise<Measured> {
  const roles = await startKafkaRoles();
  let before = await roles.figures();
  return {
    streamUrl: roles.streamUrl,
    sql: (query, params) => roles.sql(query, params),
    close: () => roles.close(),
    async begin() {
      before = await roles.figures();
    },
    async end() {
      const after = await roles.figures();
      const used = Object.entries(after).map(([role, { processorS, ...rest }]) => {
        const processorsUsed = hundredths((processorS - before[role as keyof typeof before].processorS) / seconds);
        return [role, { processorsUsed, ...rest }] as const;
      });
      return { broker: roles.broker, roles: Object.fromEntries(used) };
    },
  };
}

const loadBefore = hundredths(loadavg()[0]);
const running = values.kafka ? await throughKafka() : await inOneProcess();
const sender = fork(fileURLToPath(new URL('./sender.js', import.meta.url)), [
  running.streamUrl,
  String(calls),
  String(seconds),
  values.reported ? 'reported' : 'audio',
]);

/** When each final speech row was seen by SQL: (call, end in samples) -> Unix ms. */
const seen = new Map<string, number>();
let isStreaming = true;
await running.begin();

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
const used = await running.end();
const delaysMs = [...seen].flatMap(([key, seenMs]) => {
  const [callId, endSample] = key.split(' ');
  const startedMs = report.startedMs[callId];
  // Rows of speech that ended with the stream itself wait for the call's end, not for us.
  const endMs = Number(endSample) / 16;
  return startedMs === undefined || endMs > (seconds - 2) * 1_000 ? [] : [seenMs - (startedMs + endMs)];
});
delaysMs.sort((a, b) => a - b);
const at = (share: number): number => Math.round(delaysMs[Math.max(0, Math.ceil(share * delaysMs.length) - 1)]);
await running.close();

const where = values.kafka
  ? 'the roles as processes of their own over Kafka, the store behind HTTP, all on one machine'
  : 'embedded store';
const flags = `${values.reported ? ' --reported' : ''}${values.kafka ? ' --kafka' : ''}`;
const result = {
  what: `end of speech in the audio to its final row visible by SQL, ${where}`,
  command: `npm run bench:delay -- --calls ${calls} --seconds ${seconds}${flags}`,
  machine: machineOf(),
  // Of all that runs on the machine, a minute's average.
  loadBefore,
  calls,
  seconds,
  segments: delaysMs.length,
  delayMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), worst: at(1) },
  pollMs: POLL_MS,
  ...used,
};
console.log(JSON.stringify(result, null, 2));
const file = `delay${values.reported ? 'Reported' : ''}${values.kafka ? 'Kafka' : ''}.result.json`;
await writeFile(join(packageRoot, 'benchmarks', 'load', file), `${JSON.stringify(result, null, 2)}\n`);
