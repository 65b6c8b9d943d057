/**
 * No raw audio at rest: a service that is killed in the middle of a call leaves none of that call's audio in its data folder,
 * compressed nowhere so that every byte can be looked at, and yet goes on from there exactly.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { deserialize } from 'node:v8';
import { deflateSync } from 'node:zlib';
import { createCallStates } from '../../adapters/clickhouse/callStates.ts';
import { migrate } from '../../adapters/clickhouse/migrate.ts';
import { openStore, type Store } from '../../adapters/clickhouse/openStore.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { createSealing } from '../../adapters/sealing/sealing.ts';
import { parseSecrets } from '../../adapters/sealing/secrets.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { createAudioSearch } from '../support/audioSearch.ts';
import { startServeProcess, type ServeProcess } from '../support/serveProcess.ts';
import { ask, writerOf } from '../support/storeLaws/storeProbe.ts';

const DEMO = join(packageRoot, 'examples', 'demo-call', 'demo-call.wav');
const MESSAGE_SAMPLES = 160;
/** Killed after so many messages: half a minute of the call. */
const KILLED_AT = 1_500;
/** By then so many are durable: a state is saved every second. */
const DURABLE = 1_350;

const folder = mkdtempSync(join(tmpdir(), 'earshot-sealed-'));
const dataDir = join(folder, 'data');
const secretPath = `${dataDir}.secret`;
const settings = {
  EARSHOT_PORT: '0',
  EARSHOT_DATA_DIR: dataDir,
  EARSHOT_INFERENCE_WORKERS: '1',
  EARSHOT_SHED_AFTER_MS: '60000',
  EARSHOT_STATE_EVERY_MS: '1000',
  EARSHOT_LOG_LEVEL: 'info',
};
let service: ServeProcess | null = null;
const clients: EarshotClient[] = [];
after(async () => {
  for (const client of clients) client.close();
  await service?.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function inStore<Result>(look: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openStore({ kind: 'embedded', dataDir });
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}

/** Else a search of the files would find nothing for being blind. */
async function storeUncompressed(store: Store): Promise<void> {
  await migrate(store);
  const columns = await ask(
    store,
    `SELECT table, name FROM system.columns WHERE database = 'earshot' AND compression_codec != ''
     AND table IN (SELECT name FROM system.tables WHERE database = 'earshot' AND engine LIKE '%MergeTree')`,
  );
  assert.ok(columns.some(({ table, name }) => table === 'call_states' && name === 'state'));
  for (const { table, name } of columns) {
    const query = `ALTER TABLE earshot.${String(table)} MODIFY COLUMN \`${String(name)}\` CODEC(NONE)`;
    await store.writing.command({ query });
  }
}

const wav = await readWav(DEMO);
const payloads: Uint8Array[] = [];
for await (const payload of wav.chunks(MESSAGE_SAMPLES)) payloads.push(Uint8Array.from(payload));

function callTo({ streamUrl }: ServeProcess, callId: string, onAck?: (seq: number) => void): EarshotClient {
  const hello = { callId, encoding: wav.encoding, rateHz: wav.rateHz, layout: 'interleaved' };
  const client = connectEarshot({ url: streamUrl, hello, reconnectsMax: 100, onAck });
  clients.push(client);
  return client;
}

function send(client: EarshotClient, from: number, to = payloads.length): void {
  payloads.slice(from, to).forEach((payload, i) => client.sendAudio('both', (from + i) * MESSAGE_SAMPLES, payload));
}

/** Streams the first half minute; when nearly all of that is durable, the service dies. Returns how it is started again. */
async function killedInMidCall(callId: string): Promise<{ client: EarshotClient; again: typeof settings }> {
  service = await startServeProcess(settings);
  let noteDurable: () => void = () => undefined;
  const durable = new Promise<void>((resolve) => (noteDurable = resolve));
  const client = callTo(service, callId, (seq) => seq >= DURABLE && noteDurable());
  await client.ready;
  send(client, 0, KILLED_AT);
  await durable;
  await service.kill();
  return { client, again: { ...settings, EARSHOT_PORT: new URL(service.streamUrl).port } };
}

const finalRows = (store: Store, callId: string): Promise<Record<string, unknown>[]> =>
  ask(
    store,
    `SELECT kind, channel, start_sample, end_sample, outcome, reason, latency_samples, level_dbfs, turn_index, round(probability_mean, 3) AS p
     FROM earshot.facts FINAL WHERE call_id = '${callId}' AND status = 'final' AND kind != 'call_started'
     ORDER BY kind, channel, start_sample`,
  );

test('killed in mid-call: no audio in the folder or in what it is asked for, and the call goes on exactly', async () => {
  await inStore(storeUncompressed);
  const search = createAudioSearch(wav.encoding, Buffer.concat(payloads));
  const { client, again } = await killedInMidCall('killed');
  assert.deepEqual(search.inFolder(dataDir), new Map());
  const secret = readFileSync(secretPath, 'utf8').trim();
  assert.equal(statSync(secretPath).mode & 0o777, 0o600);
  await inStore(async (store) => {
    const rows = await ask(
      store,
      "SELECT state, toInt32(seq) AS seq FROM earshot.call_states WHERE call_id = 'killed'",
    );
    assert.ok(rows.length > 0);
    for (const { state } of rows) {
      const sealed = Buffer.from(String(state), 'base64');
      assert.ok(sealed.length > 50_000, `a state of ${sealed.length} bytes`);
      assert.deepEqual(search.in(sealed), new Map());
      assert.ok(deflateSync(sealed).length >= sealed.length, 'nothing in it can be told from noise');
    }

    // The same searches on the same state, unsealed: they do find.
    const found = await createCallStates(store, createSealing(parseSecrets(secret, secretPath), 'call-states')).load(
      'default',
      'killed',
    );
    assert.ok(found !== null && found.seq >= DURABLE);
    const asIs = { seal: (plain: Uint8Array) => plain, open: (plain: Uint8Array) => plain };
    const bare = createCallStates(store, asIs).row('default', 'bare', { ...found, state: found.open() });
    assert.ok(bare.table === 'call_states');
    const plain = Buffer.from(bare.row.state, 'base64');
    assert.ok((search.in(plain).get('int16') ?? 0) > 100, 'a state does hold audio');
    assert.ok(deflateSync(plain).length < 0.9 * plain.length);
    assert.equal(typeof deserialize(plain), 'object');
    const writer = writerOf(store);
    await writer.append([bare]);
    await writer.close();
  });
  assert.ok((search.inFolder(dataDir).get('int16 in base64') ?? 0) > 100, 'unsealed, the folder gives it away');

  service = await startServeProcess(again);
  send(client, KILLED_AT);
  await client.bye();
  const whole = callTo(service, 'whole');
  await whole.ready;
  send(whole, 0);
  await whole.bye();
  await service.stop();
  await inStore(async (store) => {
    const rows = await finalRows(store, 'killed');
    assert.ok(rows.length > 20);
    assert.deepEqual(rows, await finalRows(store, 'whole'));
  });
});

test('killed, and the secret is gone: the call begins anew, the lost part is a gap, and it comes to its end', async () => {
  const { client, again } = await killedInMidCall('lost');
  const [before] = await inStore((store) =>
    ask(
      store,
      `SELECT toInt32(max(seq)) AS seq, (SELECT toInt32(count()) FROM earshot.frames FINAL
       WHERE call_id = 'lost' AND bitAnd(arrayReduce('groupBitOr', flags), 4) = 0) AS heard_seconds
       FROM earshot.call_states WHERE call_id = 'lost'`,
    ),
  );
  rmSync(secretPath);

  service = await startServeProcess(again);
  send(client, KILLED_AT);
  await client.bye();
  const metrics = await (await fetch(new URL('/metrics', service.streamUrl.replace('ws', 'http')))).text();
  assert.match(metrics, /earshot_errors_total\{code="state_unreadable"\} 1/);
  await service.stop();
  await inStore(async (store) => {
    const gapSamples = (Number(before.seq) + 1) * MESSAGE_SAMPLES * 2;
    assert.deepEqual(
      await ask(
        store,
        `SELECT channel, toInt32(start_sample) AS start, toInt32(end_sample) AS end, reason FROM earshot.facts FINAL
         WHERE call_id = 'lost' AND kind = 'gap' ORDER BY channel`,
      ),
      ['agent', 'caller'].map((channel) => ({ channel, start: 0, end: gapSamples, reason: 'restart' })),
    );
    const [call] = await ask(
      store,
      `SELECT any(end_reason) AS end_reason, max(toInt32(gap_samples_caller)) AS gap,
       max(gap_samples_caller + analysed_samples_caller) = max(duration_samples) AS is_whole
       FROM earshot.calls FINAL WHERE call_id = 'lost'`,
    );
    assert.deepEqual(call, { end_reason: 'completed', gap: gapSamples, is_whole: 1 });
    const [frames] = await ask(
      store,
      `SELECT toInt32(count()) AS heard_seconds FROM earshot.frames FINAL
       WHERE call_id = 'lost' AND start_sample < ${gapSamples} AND bitAnd(arrayReduce('groupBitOr', flags), 4) = 0`,
    );
    assert.ok(Number(frames.heard_seconds) >= Number(before.heard_seconds) - 2, 'signals of before are still there');
  });
});
