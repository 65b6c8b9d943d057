/**
 * The roles as processes of their own, over a real broker and one store, while calls run: processes that take calls in and processes
 * that analyse are killed, stopped and started anew. In the end there is every fact that a calm run in one process has, and no other.
 *
 *     EARSHOT_CHANGES=30 SEED=1 node dist/test/kafka/roles.test.js
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { startBalancer } from '../support/balancer.ts';
import { openClickhouseFront } from '../support/clickhouseFront.ts';
import { startKafka, whyNoKafka } from '../support/kafkaBroker.ts';
import { startServeProcess, type ServeProcess } from '../support/serveProcess.ts';
import { assertAlike, assertAlikeFrames, storedIn } from '../support/storedCalls.ts';
import { ask } from '../support/storeLaws/storeProbe.ts';
import { seeded } from '../support/voice.ts';

const CHANGES = Number(process.env.EARSHOT_CHANGES ?? 8);
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
const CALLERS = 6;
const CALL_MS = 20_000;
const MESSAGE_MS = 20;
const EACH_ROLE = 2;
const LOOK_EVERY_MS = 250;
/** A killed worker's calls go on elsewhere by then. */
const RESUME_MS_MAX = 15_000;

const reason = await whyNoKafka();
if (reason !== null) console.error(`!! the roles are not tested over Kafka: ${reason}`);

const wav = await readWav(join(packageRoot, 'examples', 'demo-call', 'demo-call.wav'));
const messageSamples = (wav.rateHz * MESSAGE_MS) / 1_000;
const messages: Uint8Array[] = [];
for await (const payload of wav.chunks(messageSamples)) messages.push(Uint8Array.from(payload));
const callMessages = CALL_MS / MESSAGE_MS;
const firstAtMs = Date.now();

const common = {
  EARSHOT_PORT: '0',
  EARSHOT_OTLP_GRPC_PORT: '0',
  EARSHOT_INFERENCE_WORKERS: '1',
  // What has piled up comes faster than real time, and everything is compared: no window may be dropped for it.
  EARSHOT_SHED_AFTER_MS: '60000',
  EARSHOT_ADMIT_DELAY_MAX_MS: '60000',
  EARSHOT_LOG_LEVEL: 'info',
};

function openCaller(url: string, index: number): EarshotClient {
  return connectEarshot({
    url,
    hello: {
      callId: `moved-${index}`,
      startedAtMs: firstAtMs + index,
      encoding: wav.encoding,
      rateHz: wav.rateHz,
      layout: 'interleaved',
    },
    reconnectsMax: Infinity,
    reconnectPauseMsMax: 400,
  });
}

/** The `index`th call speaks another stretch of the demo call. */
function sendNth(client: EarshotClient, index: number, sent: number): void {
  const first = (index * 137) % (messages.length - 1 - callMessages);
  client.sendAudio('both', sent * messageSamples, messages[first + sent]);
}

/** For how long each call stood still in the store while it was spoken, at most. */
class Progress {
  readonly longestMs = new Map<string, number>();
  readonly #last = new Map<string, { sample: number; atMs: number }>();

  note(callId: string, sample: number, call: 'is spoken' | 'is over'): void {
    const before = this.#last.get(callId);
    const atMs = performance.now();
    if (before !== undefined && call === 'is spoken') {
      this.longestMs.set(callId, Math.max(this.longestMs.get(callId) ?? 0, atMs - before.atMs));
    }
    if (before === undefined || sample > before.sample || call === 'is over') this.#last.set(callId, { sample, atMs });
  }
}

test(
  `${CHANGES} changes of processes under ${CALLERS} calls at a time: as if nothing had happened (SEED=${SEED})`,
  { skip: reason ?? false, timeout: 120_000 + CHANGES * 20_000 },
  async (t) => {
    const random = seeded(SEED);
    const folder = mkdtempSync(join(tmpdir(), 'earshot-roles-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const broker = await startKafka();
    t.after(() => broker.close());
    const front = await openClickhouseFront({ dataDir: join(folder, 'moved') });
    const balancer = await startBalancer();
    t.after(() => balancer.close());
    const shared = {
      ...common,
      EARSHOT_CLICKHOUSE_URL: front.url,
      EARSHOT_KAFKA_BROKERS: broker.address,
      EARSHOT_KAFKA_PARTITIONS: '8',
      EARSHOT_SECRET: Buffer.alloc(32, 7).toString('hex'),
    };
    const fleets = { ingest: new Set<ServeProcess>(), analyze: new Set<ServeProcess>() };
    t.after(() => Promise.all([...fleets.ingest, ...fleets.analyze].map((process) => process.kill())));
    const portOf = ({ streamUrl }: ServeProcess): number => Number(new URL(streamUrl).port);

    async function join_(role: keyof typeof fleets): Promise<void> {
      const process = await startServeProcess({ ...shared, EARSHOT_ROLES: role });
      fleets[role].add(process);
      if (role === 'ingest') balancer.targets.push(portOf(process));
    }
    async function leave(role: keyof typeof fleets, how: 'kill' | 'stop'): Promise<void> {
      const [process] = fleets[role];
      fleets[role].delete(process);
      if (role === 'ingest') balancer.targets.splice(balancer.targets.indexOf(portOf(process)), 1);
      await process[how]();
    }

    // The first one makes tables and topics.
    await join_('analyze');
    for (let count = 1; count < EACH_ROLE; count += 1) await join_('analyze');
    for (let count = 0; count < EACH_ROLE; count += 1) await join_('ingest');

    const url = `ws://127.0.0.1:${balancer.port}/v1/stream`;
    const clients: EarshotClient[] = [];
    const spokenUntilMs = new Map<string, number>();
    let isOver = false;
    async function speak(): Promise<void> {
      while (!isOver) {
        const index = clients.length;
        const client = openCaller(url, index);
        clients.push(client);
        await client.ready;
        const startedAt = performance.now();
        for (let sent = 0; sent < callMessages; sent += 1) {
          const aheadMs = sent * MESSAGE_MS - (performance.now() - startedAt);
          if (aheadMs > 1) await wait(aheadMs);
          sendNth(client, index, sent);
        }
        spokenUntilMs.set(`moved-${index}`, performance.now());
        void client.bye();
      }
    }
    const speaking = Array.from({ length: CALLERS }, speak);

    const store: Store = await openStore({ kind: 'server', url: front.url });
    const progress = new Progress();
    let isLooking = true;
    const looking = (async () => {
      while (isLooking) {
        const rows = await ask(
          store,
          'SELECT call_id, toInt64(max(start_sample)) AS sample FROM earshot.frames GROUP BY call_id',
        );
        for (const { call_id, sample } of rows) {
          progress.note(String(call_id), Number(sample), spokenUntilMs.has(String(call_id)) ? 'is over' : 'is spoken');
        }
        await wait(LOOK_EVERY_MS);
      }
    })();

    for (let change = 0; change < CHANGES; change += 1) {
      await wait(2_000 + 4_000 * random());
      const role = change % 4 === 3 ? 'ingest' : 'analyze';
      await leave(role, change % 3 === 2 ? 'stop' : 'kill');
      await wait(3_000 * random());
      await join_(role);
    }
    isOver = true;
    await Promise.all(speaking);
    await Promise.all(clients.map(({ done }) => done));
    for (;;) {
      const [{ n }] = await ask(
        store,
        "SELECT toInt32(count()) AS n FROM earshot.calls FINAL WHERE part = 'ended' AND end_reason = 'completed'",
      );
      if (n === clients.length) break;
      await wait(LOOK_EVERY_MS);
    }
    isLooking = false;
    await looking;
    for (const role of ['ingest', 'analyze'] as const) while (fleets[role].size > 0) await leave(role, 'stop');
    const moved = await storedIn(store);
    await store.close();
    // The engine holds one folder in a process at a time.
    await front.close();

    const calm = await startServeProcess({ ...common, EARSHOT_DATA_DIR: join(folder, 'calm') });
    t.after(() => calm.kill());
    let next = 0;
    const streamAll = async (): Promise<void> => {
      while (next < clients.length) {
        const index = next;
        next += 1;
        const client = openCaller(calm.streamUrl, index);
        for (let sent = 0; sent < callMessages; sent += 1) sendNth(client, index, sent);
        await client.bye();
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, streamAll));
    await calm.stop();
    const calmStore = await openStore({ kind: 'embedded', dataDir: join(folder, 'calm') });
    t.after(() => calmStore.close());
    const expected = await storedIn(calmStore);

    assert.ok(expected.facts.size > 10 * clients.length);
    const worst = Math.max(
      assertAlike('facts', moved.facts, expected.facts),
      assertAlike('calls', moved.calls, expected.calls),
    );
    const otherShare = assertAlikeFrames(moved.frames, expected.frames);
    assert.deepEqual(moved.views, expected.views, 'each view has as many rows of each call');
    const stoodMs = [...progress.longestMs.values()].map(Math.round).sort((a, b) => a - b);
    console.log(
      `${clients.length} calls: ${moved.facts.size} facts, largest difference ${worst}; ${moved.frames.size} rows of ` +
        `frames, ${otherShare * 1e6} of a million numbers rounded otherwise; calls stood still for ${stoodMs.join(', ')} ms`,
    );
    assert.ok((stoodMs.at(-1) ?? 0) <= RESUME_MS_MAX, `a call stood still for ${stoodMs.at(-1)} ms`);
  },
);
