/** The whole service on the demo call: live, as a recording, through Twilio, across a restart; by API and by SQL. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { createRecordingPool } from '../../adapters/onnx/recordingPool.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { stereoRecording } from '../../cli/recording.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { analyzeRecording } from '../../services/analyze/analyzeRecording.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { streamWav } from '../support/streamWav.ts';
import { twilioMessages } from '../support/twilioSender.ts';

const DEMO = join(packageRoot, 'examples', 'demo-call', 'demo-call.wav');
let running: TestService;
before(async () => {
  running = await startTestService({ EARSHOT_STATE_EVERY_MS: '3000' });
});
after(() => running.close());

/** Final rows of a call without what hangs on when and under which name it came. */
const finalRows = (callId: string): Promise<Record<string, unknown>[]> =>
  running.sql(
    `SELECT kind, channel, start_sample, end_sample, outcome, reason, latency_samples, level_dbfs, turn_index, round(probability_mean, 3) AS p
     FROM earshot.facts FINAL WHERE call_id = {callId:String} AND status = 'final' AND kind != 'call_started'
     ORDER BY kind, channel, start_sample`,
    { callId },
  );

/** Every measure of how a call sounds, by what it is of: batches of other company change its last digit at most. */
async function measuresOf(callId: string): Promise<[name: string, value: number][]> {
  const rows = await running.sql(
    `SELECT concat(kind, ' ', channel, ' ', toString(start_sample), ' ', name) AS name, value FROM earshot.facts FINAL
     ARRAY JOIN mapKeys(measures) AS name, mapValues(measures) AS value
     WHERE call_id = {callId:String} ORDER BY name`,
    { callId },
  );
  return rows.map(({ name, value }) => [String(name), Number(value)]);
}

async function recordingFacts(): Promise<Fact[]> {
  const pool = await createRecordingPool();
  const recording = await stereoRecording(DEMO, { tenant: 'default', agentVersion: '', callerChannel: 'left' });
  const facts: Fact[] = [];
  await analyzeRecording({ ...recording.open, callId: 'live-20ms' }, recording.messages(), pool, (fact) =>
    facts.push(fact),
  );
  await pool.close();
  return facts;
}

test('streamed live in 20 ms messages, the call is stored; as a recording it has the same facts under the same ids', async () => {
  await streamWav({ url: running.streamUrl, path: DEMO, callId: 'live-20ms' });
  const stored = await running.sql(
    `SELECT id, kind, toInt64(revision) AS revision FROM earshot.facts FINAL WHERE call_id = 'live-20ms' ORDER BY id`,
  );
  const offline = new Map<string, Fact>();
  for (const fact of await recordingFacts()) {
    if (fact.kind !== 'frames' && (offline.get(fact.id)?.revision ?? -1) <= fact.revision) offline.set(fact.id, fact);
  }
  const expected = [...offline.values()]
    .map(({ id, kind, revision }) => ({ id, kind, revision }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  assert.deepEqual(stored, expected);
  const interruptions = expected.filter(({ kind }) => kind === 'interruption');
  assert.equal(interruptions.length, 5);
});

test('messages of another size give equal rows', async () => {
  const reference = await finalRows('live-20ms');
  await streamWav({ url: running.streamUrl, path: DEMO, callId: 'live-odd', samples: 1_237 });
  assert.deepEqual(await finalRows('live-odd'), reference);
  const [before, after] = [await measuresOf('live-20ms'), await measuresOf('live-odd')];
  assert.ok(before.length > 100);
  assert.deepEqual(
    after.map(([name]) => name),
    before.map(([name]) => name),
  );
  after.forEach(([name, value], i) => {
    const other = before[i][1];
    assert.ok(Math.abs(value - other) <= 0.01 * Math.max(1, Math.abs(other)), `${name}: ${value}, not ${other}`);
  });
});

test('through Twilio, in its messages, the same call has the same rows', async () => {
  const wav = await readWav(DEMO);
  const both: number[] = [];
  for await (const payload of wav.chunks(8_000)) both.push(...payload);
  const side = (offset: number): Uint8Array => Uint8Array.from(both.filter((_, i) => i % 2 === offset));
  const socket = new WebSocket(running.streamUrl);
  await once(socket, 'open');
  for (const message of twilioMessages({ callSid: 'CA-demo', streamSid: 'MZ1', inbound: side(0), outbound: side(1) }))
    socket.send(message);
  await once(socket, 'close');
  assert.deepEqual(await finalRows('CA-demo'), await finalRows('live-20ms'));
  const { body } = await running.get('/v1/calls/CA-demo');
  assert.deepEqual(body.provider_ids, { callSid: 'CA-demo', streamSid: 'MZ1', accountSid: 'AC0123456789' });
});

test('the server restarts in the middle of the call: nothing lost, nothing doubled, the same rows', async () => {
  const restarts: Promise<void>[] = [];
  await streamWav({
    url: running.streamUrl,
    path: DEMO,
    callId: 'restarted',
    async onSent(client, sent) {
      if (sent === 1_500) restarts.push(running.restart());
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.ok(client.unacknowledged <= sent);
    },
  });
  await Promise.all(restarts);
  assert.deepEqual(await finalRows('restarted'), await finalRows('live-20ms'));
  const frames = await running.sql(
    `SELECT count() = uniqExact(channel, start_sample) AS once, toUInt32(sum(length(level_cdb))) AS n FROM earshot.frames FINAL WHERE call_id = 'restarted'`,
  );
  const reference = await running.sql(
    `SELECT toUInt32(sum(length(level_cdb))) AS n FROM earshot.frames FINAL WHERE call_id = 'live-20ms'`,
  );
  assert.deepEqual(frames, [{ once: 1, n: reference[0].n }]);
});

test('the API tells of calls, facts and signals, and of what there is not', async () => {
  const { body: list } = await running.get('/v1/calls?limit=2&state=ended');
  assert.equal((list.calls as unknown[]).length, 2);
  assert.equal(typeof list.next, 'string');
  const { body: rest } = await running.get(`/v1/calls?limit=50&cursor=${encodeURIComponent(String(list.next))}`);
  assert.ok(
    (rest.calls as { call_id: string }[]).every(
      ({ call_id }) => !(list.calls as { call_id: string }[]).some((call) => call.call_id === call_id),
    ),
  );
  const { body: call } = await running.get('/v1/calls/live-20ms');
  assert.deepEqual(
    [call.state, call.yielded, call.continued, call.backchannels, call.responses],
    ['ended', 2, 1, 1, 5],
  );
  const { body: facts } = await running.get('/v1/calls/live-20ms/facts?kind=response,dead_air&status=final');
  assert.deepEqual(
    new Set((facts.facts as { kind: string }[]).map(({ kind }) => kind)),
    new Set(['response', 'dead_air']),
  );
  const { body: frames } = await running.get('/v1/calls/live-20ms/frames?fromMs=0&toMs=2000');
  assert.deepEqual(
    (frames.rows as { level_cdb: number[] }[]).map(({ level_cdb }) => level_cdb.length),
    [100, 100, 100, 100],
  );
  for (const [path, status, code] of [
    ['/v1/calls/nobody', 404, 'not_found'],
    ['/v1/calls/nobody/facts', 404, 'not_found'],
    ['/v1/calls?limit=0', 400, 'request_invalid'],
    ['/v1/calls?after=yesterday', 400, 'request_invalid'],
    ['/v1/calls/live-20ms/facts?kind=gossip', 400, 'request_invalid'],
    ['/v2', 404, 'not_found'],
  ] as const) {
    const answer = await running.get(path);
    assert.deepEqual([answer.status, answer.body.code], [status, code], path);
  }
  const other = await fetch(`${running.service.url}/v1/calls`, { headers: { 'x-earshot-tenant': 'another' } });
  assert.deepEqual(((await other.json()) as { calls: unknown[] }).calls, []);
});

test('health, readiness, metrics and the OpenAPI page answer', async () => {
  assert.deepEqual((await running.get('/health')).body, { status: 'ok' });
  assert.deepEqual((await running.get('/ready')).body, {
    status: 'ready',
    checks: { store: 'ok', writer: 'ok', inference: 'ok', room: 'ok', bus: 'ok', share: 'ok' },
  });
  const metrics = await (await fetch(`${running.service.url}/metrics`)).text();
  assert.match(metrics, /earshot_facts_total\{kind="interruption"\} [1-9]/);
  assert.match(metrics, /earshot_store_pending_rows 0/);
  const { body } = await running.get('/openapi.json');
  assert.ok(Object.hasOwn(body.paths as object, '/v1/calls/{callId}/facts'));
});

test('facts are told live, provisional ones first', async () => {
  const response = await fetch(`${running.service.url}/v1/calls/told-live/live`);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let heard = '';
  const reading = (async () => {
    while (!heard.includes('event: call_ended'))
      heard += Buffer.from((await reader.read()).value ?? []).toString('utf8');
  })();
  await streamWav({ url: running.streamUrl, path: DEMO, callId: 'told-live' });
  await reading;
  await reader.cancel();
  assert.ok(heard.indexOf('"outcome":"pending"') < heard.indexOf('"outcome":"yielded"'));
  assert.ok(!heard.includes('"callId":"live-20ms"'));
});
