/**
 * However a call is analysed, its rows are the same: as a recording, live in one process, in batches of any size, killed and
 * recovered, over Kafka in one process or in one a role. Ids are equal, values within 1e-5.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type StoreLocation } from '../../adapters/clickhouse/openStore.ts';
import { createModelPool } from '../../adapters/onnx/modelPool.ts';
import { EVERY_OWN_MODEL, loadWindowModels } from '../../adapters/onnx/windowModels.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { connectEarshot } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { wavBytes } from '../../adapters/wire/wavWriter.ts';
import { stereoRecording } from '../../cli/recording.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { analyzeRecording } from '../../services/analyze/analyzeRecording.ts';
import { openClickhouseFront } from '../support/clickhouseFront.ts';
import { freePort } from '../support/freePort.ts';
import { startKafka, whyNoKafka, type KafkaBroker } from '../support/kafkaBroker.ts';
import { startServeProcess, type ServeProcess } from '../support/serveProcess.ts';
import { assertAlike, assertAlikeFrames, storedIn, type StoredCalls } from '../support/storedCalls.ts';
import { rowsOf, writerOf } from '../support/storeLaws/storeProbe.ts';

/** So many short calls fill a batch of 64 rows, one a channel. */
const STRETCHES = 32;
const STRETCH_MS = 3_000;
/** Calls come in messages of different lengths. */
const MESSAGE_MS = [20, 60, 100, 130];
const LOOK_EVERY_MS = 100;
const BATCH_ROWS = [1, 8, 32, 64];
/** Shares of the calls that are said when the process is killed. */
const KILL_AT = [0.4, 0.75];
const NOT_DURABLE_SHARE = 0.1;
const AS_ANALYZE_DOES = { tenant: 'default', agentVersion: '', callerChannel: 'left' } as const;

const folder = mkdtempSync(join(tmpdir(), 'earshot-modes-'));
const processes = new Set<ServeProcess>();
let broker: KafkaBroker | null = null;
after(async () => {
  await Promise.all([...processes].map((process) => process.kill()));
  await broker?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface GoldenCall {
  readonly path: string;
  readonly hello: Readonly<Record<string, unknown>>;
  readonly messages: readonly Uint8Array[];
  readonly messageSamples: number;
}

async function goldenCall(path: string, index: number): Promise<GoldenCall> {
  const { open } = await stereoRecording(path, AS_ANALYZE_DOES);
  const { callId, startedAtMs, encoding, rateHz, layout, tap } = open;
  const messageSamples = (rateHz * MESSAGE_MS[index % MESSAGE_MS.length]) / 1_000;
  const messages: Uint8Array[] = [];
  for await (const payload of (await readWav(path)).chunks(messageSamples)) messages.push(payload);
  return { path, hello: { callId, startedAtMs, encoding, rateHz, layout, tap }, messages, messageSamples };
}

/** Stretches of a call of mu-law, as recordings of their own. */
async function makeStretches(path: string): Promise<string[]> {
  const wav = await readWav(path);
  const { rateHz, channelCount, encoding, durationMs } = wav;
  const pieces: Uint8Array[] = [];
  for await (const piece of wav.chunks(rateHz)) pieces.push(piece);
  const whole = Buffer.concat(pieces);
  const bytesPerMs = (rateHz * channelCount) / 1_000;
  return Array.from({ length: STRETCHES }, (_, index) => {
    const fromMs = Math.floor((index * (durationMs - STRETCH_MS)) / STRETCHES);
    const payload = whole.subarray(fromMs * bytesPerMs, (fromMs + STRETCH_MS) * bytesPerMs);
    const stretch = join(folder, `stretch-${index}.wav`);
    writeFileSync(stretch, wavBytes({ rateHz, channelCount, encoding, payload }));
    return stretch;
  });
}

const demo = join(packageRoot, 'examples', 'demo-call', 'demo-call.wav');
const data = process.env.EARSHOT_DATA ?? join(packageRoot, '..', 'shared', 'data');
const assembled = join(data, 'calls', 'assembled', 'call010.wav');
if (!existsSync(assembled)) console.error(`!! of whole calls only the demo call is compared: no ${assembled}`);
const golden = await Promise.all([demo, assembled].filter(existsSync).map(goldenCall));
const stretches = await Promise.all((await makeStretches(demo)).map(goldenCall));
const many = [...golden, ...stretches];

const noKafka = await whyNoKafka();
if (noKafka !== null) console.error(`!! calls over Kafka are not compared: ${noKafka}`);

const common = {
  EARSHOT_PORT: '0',
  EARSHOT_OTLP_GRPC_PORT: '0',
  EARSHOT_INFERENCE_WORKERS: '1',
  // Calls come faster than real time, and everything is compared: none is refused and no window dropped for it.
  EARSHOT_SHED_AFTER_MS: '60000',
  EARSHOT_ADMIT_DELAY_MAX_MS: '60000',
  EARSHOT_LOG_LEVEL: 'info',
};

const dataDir = (name: string): string => join(folder, name);

async function start(settings: Readonly<Record<string, string>>): Promise<ServeProcess> {
  const process = await startServeProcess({ ...common, ...settings });
  processes.add(process);
  return process;
}

async function stop(process: ServeProcess): Promise<void> {
  await process.stop();
  processes.delete(process);
}

async function rowsIn(location: StoreLocation): Promise<StoredCalls> {
  const store = await openStore(location);
  const stored = await storedIn(store);
  await store.close();
  // A file and a socket say different things of where a call came from, and nothing else.
  for (const row of stored.calls.values()) for (const column of ['protocol', 'provider_ids']) delete row[column];
  return stored;
}

const embedded = (name: string): StoreLocation => ({ kind: 'embedded', dataDir: dataDir(name) });

interface Break {
  /** Of each call's messages. */
  readonly share: number;
  readonly happen: () => Promise<void>;
}

/**
 * All at once, a message of each in turn, as fast as they are taken. At a break nothing more is said; what has been said so far is
 * nearly all durable when it happens, and the rest may be anywhere.
 */
async function speak(url: string, calls: readonly GoldenCall[], breaks: readonly Break[] = []): Promise<void> {
  const acks = new EventEmitter();
  const acked = calls.map(() => -1);
  const clients = calls.map(({ hello }, index) =>
    connectEarshot({
      url,
      hello,
      reconnectsMax: Infinity,
      reconnectPauseMsMax: 200,
      onAck(seq) {
        acked[index] = seq;
        acks.emit('ack');
      },
    }),
  );
  await Promise.all(clients.map(({ ready }) => ready));
  const sent = calls.map(() => 0);
  const sendUpTo = (share: number): void => {
    const isDue = (index: number): boolean => sent[index] < Math.floor(share * calls[index].messages.length);
    while (calls.some((_, index) => isDue(index))) {
      for (const [index, { messages, messageSamples }] of calls.entries()) {
        if (!isDue(index)) continue;
        clients[index].sendAudio('both', sent[index] * messageSamples, messages[sent[index]]);
        sent[index] += 1;
      }
    }
  };
  for (const { share, happen } of breaks) {
    sendUpTo(share);
    const nearly = share - NOT_DURABLE_SHARE;
    while (calls.some(({ messages }, index) => acked[index] < nearly * messages.length)) await once(acks, 'ack');
    await happen();
  }
  sendUpTo(1);
  await Promise.all(clients.map((client) => client.bye()));
}

const httpUrl = ({ streamUrl }: ServeProcess, path: string): URL => new URL(path, streamUrl.replace('ws', 'http'));

/** Over Kafka a sender is done when the log has its call; then the analysis may still be at it. */
async function ended(api: ServeProcess, count: number): Promise<void> {
  for (;;) {
    const answer = await fetch(httpUrl(api, '/v1/calls?state=ended'));
    const { calls } = (await answer.json()) as { calls: unknown[] };
    if (calls.length === count) return;
    await wait(LOOK_EVERY_MS);
  }
}

/** As `earshot analyze` does it. */
async function recorded(): Promise<StoredCalls> {
  const args = [join(packageRoot, 'dist', 'cli', 'earshot.js'), 'analyze', '--store', ...many.map(({ path }) => path)];
  const analyze = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, EARSHOT_DATA_DIR: dataDir('recorded') },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(analyze, 'exit')) as [number | null];
  assert.equal(code, 0);
  return rowsIn(embedded('recorded'));
}

const reference = await recorded();

/** What the reference holds of these calls. */
function referenceOf(calls: readonly GoldenCall[]): StoredCalls {
  const names = new Set(calls.map(({ hello }) => hello.callId));
  type Rows = StoredCalls['facts'];
  const only = (rows: Rows): Rows => new Map([...rows].filter(([, row]) => names.has(row.call_id)));
  return {
    facts: only(reference.facts),
    frames: only(reference.frames),
    calls: only(reference.calls),
    views: new Map([...reference.views].filter(([name]) => names.has(name.split(' ')[1]))),
  };
}

function assertSame(t: TestContext, calls: readonly GoldenCall[], got: StoredCalls): void {
  const expected = referenceOf(calls);
  assert.ok(expected.facts.size > 10 * calls.length);
  const worst = Math.max(
    assertAlike('facts', got.facts, expected.facts),
    assertAlike('calls', got.calls, expected.calls),
  );
  const otherShare = assertAlikeFrames(got.frames, expected.frames);
  assert.deepEqual(got.views, expected.views, 'each view has as many rows of each call');
  t.diagnostic(
    `${calls.length} calls, ${got.facts.size} facts, largest difference ${worst}; ${got.frames.size} rows of frames, ` +
      `${Math.round(otherShare * 1e6)} of a million numbers rounded otherwise`,
  );
}

/** Calls in step, so that each run of the speech models is as full as may be. */
async function together(name: string, batchRowsMax: number): Promise<number> {
  let rowsMax = 0;
  const pool = await createModelPool({
    workers: 1,
    batchRowsMax,
    batchWaitMs: 500,
    windowModels: await loadWindowModels(EVERY_OWN_MODEL),
    shedAfterMs: null,
    windowShareMax: 1,
    onBatch({ kind, rows }) {
      if (kind === 'speech') rowsMax = Math.max(rowsMax, rows);
    },
  });
  const store = await openStore(embedded(name));
  await migrate(store);
  const writer = writerOf(store);
  await Promise.all(
    stretches.map(async ({ path }) => {
      const recording = await stereoRecording(path, AS_ANALYZE_DOES);
      const facts: Fact[] = [];
      await analyzeRecording(recording.open, recording.messages(), pool, (fact) => facts.push(fact));
      await writer.append(rowsOf(facts, recording.open));
    }),
  );
  await writer.close();
  await store.close();
  await pool.close();
  return rowsMax;
}

for (const rows of BATCH_ROWS) {
  test(`${STRETCHES} calls at once, up to ${rows} rows a batch`, async (t) => {
    assert.equal(await together(`batch-${rows}`, rows), rows, 'so many rows were in a batch');
    assertSame(t, stretches, await rowsIn(embedded(`batch-${rows}`)));
  });
}

for (const [rows, calls] of [
  [1, golden],
  [64, many],
] as const) {
  test(`live in one process, ${calls.length} calls at once, up to ${rows} rows a batch`, async (t) => {
    const name = `live-${rows}`;
    const service = await start({ EARSHOT_DATA_DIR: dataDir(name), EARSHOT_BATCH_ROWS_MAX: String(rows) });
    await speak(service.streamUrl, calls);
    await stop(service);
    assertSame(t, calls, await rowsIn(embedded(name)));
  });
}

test('killed twice in mid-call and recovered', async (t) => {
  const settings = {
    EARSHOT_DATA_DIR: dataDir('killed'),
    EARSHOT_PORT: String(await freePort()),
    EARSHOT_STATE_EVERY_MS: '1000',
  };
  let service = await start(settings);
  async function happen(): Promise<void> {
    await service.kill();
    processes.delete(service);
    service = await start(settings);
  }
  const kills = KILL_AT.map((share) => ({ share, happen }));
  await speak(service.streamUrl, golden, kills);
  await stop(service);
  assertSame(t, golden, await rowsIn(embedded('killed')));
});

/** Each with its own topics. */
async function overKafka(name: string): Promise<Record<string, string>> {
  broker ??= await startKafka();
  return {
    EARSHOT_KAFKA_BROKERS: broker.address,
    EARSHOT_KAFKA_PARTITIONS: '4',
    EARSHOT_KAFKA_TOPIC_PREFIX: `${name}.`,
    EARSHOT_KAFKA_GROUP: name,
  };
}

test('over Kafka, all roles in one process', { skip: noKafka ?? false }, async (t) => {
  const service = await start({ ...(await overKafka('one')), EARSHOT_DATA_DIR: dataDir('one') });
  await speak(service.streamUrl, golden);
  await ended(service, golden.length);
  await stop(service);
  assertSame(t, golden, await rowsIn(embedded('one')));
});

test('over Kafka, each role a process of its own', { skip: noKafka ?? false }, async (t) => {
  const front = await openClickhouseFront({ dataDir: dataDir('split') });
  const settings = {
    ...(await overKafka('split')),
    EARSHOT_CLICKHOUSE_URL: front.url,
    EARSHOT_SECRET: Buffer.alloc(32, 7).toString('hex'),
  };
  const startRole = (role: string): Promise<ServeProcess> => start({ ...settings, EARSHOT_ROLES: role });
  // The first one makes tables and topics.
  const first = await startRole('analyze');
  const [second, api, ingest] = await Promise.all(['analyze', 'api', 'ingest'].map(startRole));
  await speak(ingest.streamUrl, golden);
  await ended(api, golden.length);
  for (const process of [ingest, api, second, first]) await stop(process);
  const got = await rowsIn({ kind: 'server', url: front.url });
  await front.close();
  assertSame(t, golden, got);
});
