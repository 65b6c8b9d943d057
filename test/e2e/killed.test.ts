/**
 * Acknowledged means durable, and each row is there once: the service as its users start it, with its embedded store, killed again
 * and again while calls stream into it live, in the end has every fact that a calm run has, and no other.
 *
 *     EARSHOT_KILLS=1000 SEED=1 node dist/test/e2e/killed.test.js
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { freePort } from '../support/freePort.ts';
import { spawnServeProcess, startServeProcess, type ServeProcess } from '../support/serveProcess.ts';
import { assertAlike, assertAlikeFrames, storedIn } from '../support/storedCalls.ts';
import { ask } from '../support/storeLaws/storeProbe.ts';
import { seeded } from '../support/voice.ts';

const KILLS = Number(process.env.EARSHOT_KILLS ?? 25);
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
/** So many callers speak at any time, each in one call after another, whether the service lives or not. */
const CALLERS = 8;
const CALL_MS = 15_000;
const MESSAGE_MS = 20;
/** After every so many kills the folder is looked into, and the next kill comes while the service is still starting. */
const LOOK_EVERY = 5;

const wav = await readWav(join(packageRoot, 'examples', 'demo-call', 'demo-call.wav'));
const messageSamples = (wav.rateHz * MESSAGE_MS) / 1_000;
const messages: Uint8Array[] = [];
for await (const payload of wav.chunks(messageSamples)) messages.push(Uint8Array.from(payload));
const callMessages = CALL_MS / MESSAGE_MS;
const firstAtMs = Date.now();

const folder = mkdtempSync(join(tmpdir(), 'earshot-killed-'));
const clients = new Set<EarshotClient>();
let service: ServeProcess | null = null;
after(async () => {
  for (const client of clients) client.close();
  await service?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const settingsOf = (name: string, port: number): Record<string, string> => ({
  EARSHOT_PORT: String(port),
  EARSHOT_OTLP_GRPC_PORT: '0',
  EARSHOT_DATA_DIR: join(folder, name),
  EARSHOT_INFERENCE_WORKERS: '1',
  // What has piled up comes faster than real time, and everything is compared: no window may be dropped for it.
  EARSHOT_SHED_AFTER_MS: '60000',
  EARSHOT_STATE_EVERY_MS: '1000',
  EARSHOT_LOG_LEVEL: 'info',
});

interface Caller {
  readonly callId: string;
  readonly client: EarshotClient;
  ackedSeq: number;
}

/** The `index`th call speaks a quarter of a minute of the demo call, each another one; always under the same name and start. */
function openCaller(url: string, index: number): Caller {
  const callId = `killed-${index}`;
  const startedAtMs = firstAtMs + index;
  const hello = { callId, startedAtMs, encoding: wav.encoding, rateHz: wav.rateHz, layout: 'interleaved' };
  const caller: Caller = {
    callId,
    ackedSeq: -1,
    client: connectEarshot({
      url,
      hello,
      reconnectsMax: Infinity,
      reconnectPauseMsMax: 400,
      onAck: (seq) => (caller.ackedSeq = Math.max(caller.ackedSeq, seq)),
    }),
  };
  clients.add(caller.client);
  return caller;
}

function sendNth({ client }: Caller, index: number, sent: number): void {
  const first = (index * 137) % (messages.length - 1 - callMessages);
  client.sendAudio('both', sent * messageSamples, messages[first + sent]);
}

async function inStore<Result>(name: string, look: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openStore({ kind: 'embedded', dataDir: join(folder, name) });
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}

/** A start that comes to nothing: migrations, the store's own recovery and the loading of models are interrupted as well. */
async function killStarting(settings: Record<string, string>, afterMs: number): Promise<void> {
  const starting = spawnServeProcess(settings);
  starting.started.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await starting.kill();
}

test(`killed ${KILLS} times with ${CALLERS} calls at a time: as if nothing had happened (SEED=${SEED})`, async () => {
  const random = seeded(SEED);
  const port = await freePort();
  const settings = settingsOf('killed', port);
  const url = `ws://127.0.0.1:${port}/v1/stream`;
  const callers: Caller[] = [];
  let isOver = false;

  async function speak(): Promise<void> {
    while (!isOver) {
      const index = callers.length;
      const caller = openCaller(url, index);
      callers.push(caller);
      const startedAt = performance.now();
      for (let sent = 0; sent < callMessages; sent += 1) {
        const aheadMs = sent * MESSAGE_MS - (performance.now() - startedAt);
        if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs));
        sendNth(caller, index, sent);
      }
      void caller.client.bye();
    }
  }

  /** What is on the disk now holds all that its sender was told of, and all that was there before. */
  const seen = new Map<string, number>();
  async function inspect(): Promise<void> {
    const acked = callers.map(({ callId, ackedSeq }) => ({ callId, ackedSeq }));
    await inStore('killed', async (store) => {
      const states = await ask(
        store,
        'SELECT call_id, toInt32(max(seq)) AS seq FROM earshot.call_states GROUP BY call_id',
      );
      const durable = new Map(states.map(({ call_id, seq }) => [String(call_id), Number(seq)]));
      for (const { callId, ackedSeq } of acked) {
        assert.ok(
          (durable.get(callId) ?? -1) >= ackedSeq,
          `${callId}: ${ackedSeq} was acknowledged, not ${durable.get(callId)}`,
        );
      }
      const found = new Map<string, number>();
      for (const { id, revision } of await ask(
        store,
        'SELECT id, toInt64(max(revision)) AS revision FROM earshot.facts GROUP BY id',
      )) {
        found.set(String(id), Number(revision));
      }
      for (const [id, revision] of seen) assert.ok((found.get(id) ?? -1) >= revision, `fact ${id} is gone`);
      for (const [id, revision] of found) seen.set(id, revision);
    });
  }

  service = await startServeProcess(settings);
  const speaking = Array.from({ length: CALLERS }, speak);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const upMs = 200 + 1_800 * random();
    await new Promise((resolve) => setTimeout(resolve, upMs));
    await service.kill();
    if (kill % LOOK_EVERY === 0) {
      await inspect();
      await killStarting(settings, 1_000 * random());
    }
    service = await startServeProcess(settings);
  }
  isOver = true;
  await Promise.all(speaking);
  const dones = await Promise.all(callers.map(({ client }) => client.done));
  assert.equal(dones.length, callers.length);
  await service.stop();
  await inspect();

  const calm = settingsOf('calm', await freePort());
  service = await startServeProcess(calm);
  let next = 0;
  const streamAll = async (): Promise<void> => {
    while (next < callers.length) {
      const index = next;
      next += 1;
      const caller = openCaller(`ws://127.0.0.1:${calm.EARSHOT_PORT}/v1/stream`, index);
      for (let sent = 0; sent < callMessages; sent += 1) sendNth(caller, index, sent);
      await caller.client.bye();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, streamAll));
  await service.stop();

  const killed = await inStore('killed', storedIn);
  const expected = await inStore('calm', storedIn);
  assert.ok(expected.facts.size > 10 * callers.length);
  const worst = Math.max(
    assertAlike('facts', killed.facts, expected.facts),
    assertAlike('calls', killed.calls, expected.calls),
  );
  const otherShare = assertAlikeFrames(killed.frames, expected.frames);
  assert.deepEqual(killed.views, expected.views, 'each view has as many rows of each call');
  const ended = [...killed.calls.values()].filter(
    ({ part, end_reason }) => part === 'ended' && end_reason === 'completed',
  );
  assert.equal(ended.length, callers.length);
  console.log(
    `${callers.length} calls: ${killed.facts.size} facts, largest difference ${worst}; ` +
      `${killed.frames.size} rows of frames, ${otherShare * 1e6} of a million numbers rounded otherwise`,
  );
});
