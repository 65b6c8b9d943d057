/** The sizes of docs/deploy.md are what follows from the committed results of the benchmarks, and the chart says the same. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { KAFKA_TUNING } from '../adapters/bus/kafkaSettings.ts';
import { TOPIC_SETTINGS } from '../adapters/bus/kafkaTopics.ts';
import { packageRoot } from '../adapters/packageRoot.ts';

const read = (...path: string[]): string => readFileSync(join(packageRoot, ...path), 'utf8');
const result = <Shape>(name: string): Shape => JSON.parse(read('benchmarks', `${name}.result.json`)) as Shape;

interface Delay {
  readonly calls: number;
  readonly processorsUsed: number;
  readonly rssMb: number;
}
interface Offline {
  readonly together: { readonly calls: number; readonly processorMsPerCallSecond: number };
  readonly memoryPerCall: { readonly heapKb: number };
}
interface Kafka {
  readonly fullSpeed: readonly {
    readonly blockMs: number;
    readonly compression: string;
    readonly produce: {
      readonly blocksPerS: number;
      readonly megabytesPerS: number;
      readonly processorUsPerBlock: number;
    };
    readonly consumeWithJoin: { readonly processorUsPerBlock: number };
  }[];
}
interface Values {
  readonly kafka: { readonly partitions: number };
  readonly analyze: {
    readonly callsPerReplica: number;
    readonly resources: { readonly requests: { readonly cpu: string } };
    readonly autoscaling: {
      readonly maxReplicas: number;
      readonly entriesPerCallSecond: number;
      readonly uncommittedSeconds: number;
    };
  };
}

const delay = result<Delay>('load/delay');
const reported = result<Delay>('load/delayReported');
const offline = result<Offline>('offline/offline');
const blocks = result<Kafka>('bus/kafka').fullSpeed.find((one) => one.blockMs === 100 && one.compression === 'none');
const { kafka, analyze } = parse(read('deploy', 'helm', 'earshot', 'values.yaml')) as Values;
const text = read('docs', 'deploy.md');

const BLOCKS_PER_S = 10;
const HOUR_S = 3_600;
/** What a process is not meant to use. */
const FREE_SHARE = 0.2;

const msOf = ({ processorsUsed, calls }: Delay): number => (processorsUsed * 1_000) / calls;
const digits = (value: number, count: number): string => String(Number(value.toFixed(count)));

const produce = blocks?.produce ?? assert.fail('the benchmark has no blocks of 100 ms');
const consume = (blocks ?? assert.fail()).consumeWithJoin;
/** To the nearest ten: the headers of a record are of no fixed length. */
const blockBytes = Math.round((produce.megabytesPerS * 1e6) / produce.blocksPerS / 10) * 10;
const bytesPerS = blockBytes * BLOCKS_PER_S;
const logKeptS = TOPIC_SETTINGS.logKeptMs / 1_000;
const diskBytes = bytesPerS * logKeptS * 1.25;

test('each row of what a call takes is calculated from its result', () => {
  for (const row of [
    `| \`analyze\`, at most | ${digits(msOf(delay), 1)} ms of a processor a second | \`delay\`: ${delay.processorsUsed} processors for ${delay.calls} live calls, `,
    `| the same with events, spans and joining | ${digits(msOf(reported), 1)} ms | \`delayReported\`: ${reported.processorsUsed} processor for ${reported.calls} calls |`,
    `| \`analyze\`, at least | ${digits(offline.together.processorMsPerCallSecond, 1)} ms | \`offline\`: ${offline.together.calls} calls together |`,
    `| writing to Kafka, blocks of 100 ms | ${digits((produce.processorUsPerBlock * BLOCKS_PER_S) / 1_000, 2)} ms | \`bus\`: ${produce.processorUsPerBlock} µs a block, 10 blocks a second |`,
    `| reading from Kafka | ${digits((consume.processorUsPerBlock * BLOCKS_PER_S) / 1_000, 2)} ms | \`bus\`: ${consume.processorUsPerBlock} µs a block |`,
    `| memory in \`analyze\` | ${Math.round(offline.memoryPerCall.heapKb)} kB | \`offline\` |`,
    `| what Kafka takes in, blocks of 100 ms | ${digits(bytesPerS / 1e3, 1)} kB/s a replica | \`bus\`: ${blockBytes.toLocaleString('en')} bytes a block |`,
    `goes whole) | ${digits(diskBytes / 1e6, 0)} MB a replica | ${digits(bytesPerS / 1e3, 1)} kB/s for ${digits((logKeptS * 1.25) / HOUR_S, 2)} h |`,
  ]) {
    assert.ok(text.includes(row), row);
  }
});

test("a process's measure of calls follows from the dearest of them, and the chart has it", () => {
  const processors = Number(analyze.resources.requests.cpu);
  const perProcess = Math.floor((processors * (1 - FREE_SHARE)) / (msOf(reported) / 1_000));
  assert.equal(analyze.callsPerReplica, perProcess);
  const sum = `${processors} x ${1 - FREE_SHARE} / ${digits(msOf(reported) / 1_000, 3)} = ${perProcess} calls`;
  assert.ok(text.includes(sum), sum);
  const most = kafka.partitions * perProcess;
  assert.ok(text.includes(`default, ${kafka.partitions}, is for ${most} calls`), String(most));
  assert.equal(analyze.autoscaling.maxReplicas, kafka.partitions);
  const { entriesPerCallSecond, uncommittedSeconds } = analyze.autoscaling;
  assert.equal(entriesPerCallSecond, BLOCKS_PER_S);
  const threshold = perProcess * entriesPerCallSecond * uncommittedSeconds;
  assert.ok(text.includes(`= ${threshold.toLocaleString('en')}: a number of calls`), String(threshold));
});

test('the table by calls at once is what those make', () => {
  const rows = [...text.matchAll(/^\| (\d+) \| (\d+) \| ([\d.]+) MB\/s \| (\d+) GB \|$/gm)].map((row) =>
    row.slice(1).map(Number),
  );
  assert.ok(rows.length >= 3);
  for (const [calls, processes, megabytesPerS, gigabytes] of rows) {
    assert.equal(processes, Math.ceil(calls / analyze.callsPerReplica));
    assert.equal(megabytesPerS, Number(((calls * bytesPerS) / 1e6).toFixed(1)));
    assert.equal(gigabytes, Math.round((calls * diskBytes) / 1e9));
  }
});

test('what is said of memory is measured and set so', () => {
  assert.ok(
    text.includes(`One process with ${delay.calls} calls and the embedded engine held\n${delay.rssMb} MB (\`delay\`)`),
  );
  assert.ok(
    text.includes(`up to ${KAFKA_TUNING.uncommittedBytesMax / 2 ** 20} MiB that are handed out and not durable`),
  );
});
