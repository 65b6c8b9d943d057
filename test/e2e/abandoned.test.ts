/**
 * A client that never comes back after the process that took its call in was killed: the next process ends the call, as it would have
 * ended had nobody been killed, and the client, should it come after all, is told so.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { startServeProcess, type ServeProcess } from '../support/serveProcess.ts';
import { ask } from '../support/storeLaws/storeProbe.ts';

const MESSAGE_SAMPLES = 160;
/** 20 s of the call. */
const MESSAGES = 1_000;
const LOOK_AGAIN_MS = 200;

const folder = mkdtempSync(join(tmpdir(), 'earshot-abandoned-'));
const dataDir = join(folder, 'data');
const settings = {
  EARSHOT_PORT: '0',
  EARSHOT_OTLP_GRPC_PORT: '0',
  EARSHOT_DATA_DIR: dataDir,
  EARSHOT_INFERENCE_WORKERS: '1',
  EARSHOT_SHED_AFTER_MS: '60000',
  EARSHOT_RESUME_GRACE_MS: '1000',
  EARSHOT_ABANDONED_AFTER_MS: '3000',
  EARSHOT_LOG_LEVEL: 'info',
};
let service: ServeProcess | null = null;
const clients: EarshotClient[] = [];
after(async () => {
  for (const client of clients) client.close();
  await service?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const wav = await readWav(join(packageRoot, 'examples', 'demo-call', 'demo-call.wav'));
const payloads: Uint8Array[] = [];
for await (const payload of wav.chunks(MESSAGE_SAMPLES)) payloads.push(Uint8Array.from(payload));

function callTo({ streamUrl }: ServeProcess, callId: string, onAck?: (seq: number) => void): EarshotClient {
  const hello = { callId, encoding: wav.encoding, rateHz: wav.rateHz, layout: 'interleaved', startedAtMs: Date.now() };
  const client = connectEarshot({ url: streamUrl, hello, reconnectsMax: 0, onAck });
  client.done.catch(() => undefined);
  clients.push(client);
  return client;
}

/** Says the first 20 s, and nothing more once they are durable. */
async function sayTwentySeconds(to: ServeProcess, callId: string): Promise<EarshotClient> {
  let noteDurable: () => void = () => undefined;
  const durable = new Promise<void>((resolve) => (noteDurable = resolve));
  const client = callTo(to, callId, (seq) => seq === MESSAGES - 1 && noteDurable());
  await client.ready;
  payloads.slice(0, MESSAGES).forEach((payload, i) => client.sendAudio('both', i * MESSAGE_SAMPLES, payload));
  await durable;
  return client;
}

/** Its end is known to whoever asks a moment after its rows are there; a client that comes between is let in, and away again. */
async function untilRefused(to: ServeProcess, callId: string): Promise<void> {
  for (;;) {
    const late = callTo(to, callId);
    const answer = await late.ready.then(
      () => null,
      (error: { code?: string }) => error.code ?? null,
    );
    if (answer === 'call_already_ended') return;
    late.close();
    await pause(LOOK_AGAIN_MS);
  }
}

async function endReasonOf({ streamUrl }: ServeProcess, callId: string): Promise<string> {
  const url = `${streamUrl.replace('ws', 'http').replace('/v1/stream', '')}/v1/calls/${callId}`;
  for (;;) {
    const response = await fetch(url);
    const { end_reason } = (await response.json()) as { end_reason?: string };
    if (end_reason !== undefined && end_reason !== '' && end_reason !== null) return end_reason;
    await pause(LOOK_AGAIN_MS);
  }
}

test('killed, and the client never comes back: the next process ends the call, once and as it stood', async () => {
  service = await startServeProcess(settings);
  const left = await sayTwentySeconds(service, 'left');
  await service.kill();
  left.close();
  service = await startServeProcess(settings);
  assert.equal(await endReasonOf(service, 'left'), 'client_vanished');

  await untilRefused(service, 'left');
  const calm = await sayTwentySeconds(service, 'calm');
  calm.close();
  assert.equal(await endReasonOf(service, 'calm'), 'client_vanished');
  await service.stop();

  const store = await openStore({ kind: 'embedded', dataDir });
  const finalRows = (callId: string): Promise<Record<string, unknown>[]> =>
    ask(
      store,
      `SELECT kind, channel, start_sample, end_sample, outcome, reason, latency_samples, level_dbfs, turn_index
       FROM earshot.facts FINAL WHERE call_id = '${callId}' AND status = 'final' ORDER BY kind, channel, start_sample`,
    );
  try {
    const rows = await finalRows('left');
    assert.ok(rows.length > 20, `${rows.length} rows`);
    assert.deepEqual(rows, await finalRows('calm'));
    const running = await ask(store, `SELECT call_id FROM earshot.call_states GROUP BY call_id HAVING NOT max(ended)`);
    assert.deepEqual(running, []);
  } finally {
    await store.close();
  }
});
