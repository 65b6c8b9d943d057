/**
 * Three processes join 50 calls that are reported through Kafka, by all their names, and one of them is killed in the middle: what
 * is in the store then is what one process with a bus in memory makes of the same reports.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Bus, Reports } from '../../adapters/bus/bus.ts';
import { createMemoryBus } from '../../adapters/bus/memoryBus.ts';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { createRowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import type { Score } from '../../core/events/score.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { factRows } from '../../core/rows/factRows.ts';
import type { Span } from '../../core/spans/span.ts';
import { openClickhouseFront } from '../support/clickhouseFront.ts';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { freshTopics, openTestBus } from '../support/kafkaTestBus.ts';
import { sampleFacts, sampleOpenCall } from '../support/sampleCall.ts';
import { startTestJoining } from '../support/testJoining.ts';

const CALLS = 50;
const PROCESSES = 3;
const JOINED_KINDS = ['clock_offset', 'response_breakdown', 'interruption_breakdown', 'agent_text'];
/** A session of 6 s, the shares dealt anew, a look back, a round of joining. */
const RECOVERED_MS_MAX = 15_000 + 5_000;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! joining is not tested over Kafka: ${reason}`);

test(`${CALLS} calls, ${PROCESSES} joiners, one killed`, { skip: reason ?? false, timeout: 180_000 }, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'earshot-joining-'));
  const front = await openClickhouseFront({ dataDir });
  const store = await openStore({ kind: 'server', url: front.url });
  t.after(async () => {
    await store.close();
    await front.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  await migrate(store);
  const startedAtMs = Date.now() - 60_000;
  const expected = await joinedAlone(store, startedAtMs);
  assert.ok(expected.length > 8 * CALLS, `${expected.length} rows`);

  const broker = await startKafka();
  t.after(() => broker.close());
  const topics = await freshTopics(broker.address, { partitions: 8 });
  const { bus } = await openTestBus(t, broker.address, topics);
  const calls = callsOf('shared', startedAtMs);
  await writeCalls(store, calls);
  const args = [broker.address, topics.prefix, topics.groupId, front.url];
  const joiners = Array.from({ length: PROCESSES }, () => startJoiner(t, args));
  await Promise.all(joiners.map(({ ready }) => ready));
  const [first, second] = wavesOf(calls);
  await publish(bus, first);
  // All three are at work.
  await Promise.all(joiners.map(({ joined }) => joined));
  await publish(bus, second);
  const killedAtMs = performance.now();
  joiners[0].child.kill('SIGKILL');

  const deadlineMs = killedAtMs + 2 * RECOVERED_MS_MAX;
  let rows = await joinedRows(store, 'shared');
  while (JSON.stringify(rows) !== JSON.stringify(expected) && performance.now() < deadlineMs) {
    await wait(250);
    rows = await joinedRows(store, 'shared');
  }
  const tookMs = Math.round(performance.now() - killedAtMs);
  t.diagnostic(`${rows.length} rows as one process makes them, ${tookMs} ms after the kill`);
  assert.deepEqual(rows, expected);
  assert.ok(tookMs <= RECOVERED_MS_MAX, `${tookMs} ms`);
  assert.deepEqual(
    joiners.flatMap(({ failures }) => failures),
    [],
  );
});

/** What one process makes of the calls, under a tenant of their own. */
async function joinedAlone(store: Store, startedAtMs: number): Promise<unknown[]> {
  const calls = callsOf('alone', startedAtMs);
  await writeCalls(store, calls);
  const bus = createMemoryBus({ bytesMax: 1e8 });
  const failures: string[] = [];
  const joining = startTestJoining(bus, store, { onFailure: ({ error }) => failures.push(error.message) });
  for (const wave of wavesOf(calls)) await publish(bus, wave);
  await joining.whenIdle();
  await joining.close();
  assert.deepEqual(failures, []);
  return joinedRows(store, 'alone');
}

interface Joiner {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly joined: Promise<void>;
  readonly failures: readonly string[];
}

function startJoiner(t: TestContext, args: readonly string[]): Joiner {
  const path = join(packageRoot, 'dist', 'test', 'kafka', 'joinerProcess.js');
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  const failures: string[] = [];
  const lines = createInterface({ input: child.stdout });
  const saying = (word: string): Promise<void> =>
    new Promise((resolve) => lines.on('line', (line) => line.startsWith(word) && resolve()));
  lines.on('line', (line) => line.startsWith('failed') && failures.push(line));
  return { child, ready: saying('ready'), joined: saying('joined'), failures };
}

const callsOf = (tenant: string, startedAtMs: number): OpenCall[] =>
  Array.from({ length: CALLS }, (_, index) =>
    sampleOpenCall(`call-${index}`, { tenant, startedAtMs, traceId: traceIdOf(index) }),
  );

const traceIdOf = (index: number): string => (index + 1).toString(16).padStart(32, '0');

async function writeCalls(store: Store, calls: readonly OpenCall[]): Promise<void> {
  const writer = createRowWriter(store, { rowsMax: 5_000, waitMs: 10, pendingRowsMax: 100_000 });
  const heard = calls.flatMap((call) =>
    sampleFacts(call)
      .filter(({ kind }) => !JOINED_KINDS.includes(kind))
      .flatMap((fact) => factRows(fact, call)),
  );
  await writer.append(heard);
  await writer.close();
}

/** Half by the id of the call and half by the provider's; then, by the other, what changes the findings of before. */
function wavesOf(calls: readonly OpenCall[]): Reports[][] {
  const reports = (pieces: (call: OpenCall, index: number) => Omit<Reports, 'tenant'>): Reports[] =>
    calls.map((call, index) => ({ tenant: call.tenant, ...pieces(call, index) }));
  return [
    reports((call, index) => ({
      events: [
        eventAt(call, index, 'turn_ended', 'caller', 2_300),
        eventAt(call, index, 'tts_requested', 'agent', 2_700, 'Good morning, how can I help you today?'),
      ],
      spans: [spanOf(call, index, 'a', 2_400)],
      scores: [],
    })),
    reports((call, index) => ({
      events: [
        eventAt(call, index + 1, 'tts_first_audio', 'agent', 2_800),
        eventAt(call, index + 1, 'interruption', 'agent', 5_200),
      ],
      spans: [spanOf(call, index, 'b', 2_450)],
      scores: [scoreOf(call, index)],
    })),
  ];
}

function eventAt(
  { tenant, callId, startedAtMs }: OpenCall,
  name: number,
  type: 'turn_ended' | 'tts_requested' | 'tts_first_audio' | 'interruption',
  role: 'caller' | 'agent',
  atMs: number,
  text = '',
) {
  const callKey = name % 2 === 0 ? callId : `CA-${callId}`;
  const occurredAtMs = startedAtMs + atMs;
  return eventOf(
    { id: `${callId} ${type}`, type, role, occurredAtMs, text },
    { tenant, callKey, source: 'framework', receivedAtMs: occurredAtMs + 50 },
  );
}

const spanOf = ({ tenant, startedAtMs }: OpenCall, index: number, digit: string, atMs: number): Span => ({
  tenant,
  traceId: traceIdOf(index),
  spanId: digit.repeat(16),
  parentSpanId: '',
  traceState: '',
  name: 'chat',
  kind: 'Client',
  serviceName: 'bot',
  resourceAttributes: {},
  scopeName: '',
  scopeVersion: '',
  attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': String(90 + index) },
  startNs: BigInt(startedAtMs + atMs) * 1_000_000n,
  durationNs: 300_000_000n,
  statusCode: 'Unset',
  statusMessage: '',
  events: [],
  links: [],
});

const scoreOf = ({ tenant, callId, startedAtMs }: OpenCall, index: number): Score => ({
  id: `score ${callId}`,
  tenant,
  callKey: index % 2 === 0 ? callId : '',
  name: 'helpful',
  value: 0.5,
  label: '',
  explanation: '',
  source: 'judge',
  traceId: index % 2 === 0 ? '' : traceIdOf(index),
  spanId: '',
  turnId: '',
  turnIndex: 1,
  mediaMs: null,
  receivedAtMs: startedAtMs + 50_000,
});

const publish = (bus: Bus, reports: readonly Reports[]): Promise<unknown> =>
  Promise.all(reports.map((each) => bus.publishReports(each)));

/** All that joining wrote of a tenant's calls, but for what cannot be equal: whose it is, the ids made of that, when it was written. */
async function joinedRows(store: Store, tenant: string): Promise<unknown[]> {
  const tables = [
    [
      'earshot.facts FINAL WHERE kind IN {kinds:Array(String)} AND',
      'tenant, id, stored_at',
      'call_id, kind, channel, start_sample, toString(details)',
    ],
    ['earshot.call_events FINAL WHERE', 'tenant, stored_at', 'call_id, id'],
    ['earshot.call_requests FINAL WHERE', 'tenant, stored_at', 'call_id, span_id'],
    ['earshot.call_scores FINAL WHERE', 'tenant, stored_at', 'call_id, id'],
  ] as const;
  const found: unknown[] = [];
  for (const [from, hidden, order] of tables) {
    const query = `SELECT * EXCEPT (${hidden}) FROM ${from} tenant = {tenant:String} ORDER BY ${order}`;
    const result = await store.reading.query({
      query,
      query_params: { tenant, kinds: JOINED_KINDS },
      format: 'JSONEachRow',
    });
    found.push(...(await result.json()).map((row) => ({ ...(row as object), revision: 0 })));
  }
  return found;
}
