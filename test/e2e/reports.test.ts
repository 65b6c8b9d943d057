/** Reports by every door, against the real service and store: taken whole or named, durable when answered, joined whenever they come. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeBatchResult, encodeEventBatch } from '../../adapters/events/wireBatch.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import { startTestService, type TestService } from '../support/service.ts';

const WAV = join(packageRoot, 'examples', 'demo-call', 'demo-call.wav');
/** Long enough for the first response, at 6.85 to 8.45 s, and its turn. */
const HEARD_MS = 14_000;
const CALLER_END_MS = 6_850;

let running: TestService;

before(async () => {
  running = await startTestService({ EARSHOT_TEXT_TENANTS: 'full=full,redacted=redacted,hashed=hashed' });
});
after(() => running.close());

interface Answer {
  readonly status: number;
  readonly body: {
    accepted?: number;
    rejected?: { index: number; code: string; expected: string; got: string }[];
  } & Record<string, unknown>;
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${running.service.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const count = async (from: string, callKey: string): Promise<number> =>
  Number((await running.sql(`SELECT count() AS n FROM ${from}`, { callKey }))[0].n);

/** The first seconds of the demo call, as fast as they go. */
async function stream(callId: string, hello: object = {}): Promise<EarshotClient> {
  const wav = await readWav(WAV);
  const client = connectEarshot({
    url: running.streamUrl,
    hello: { callId, encoding: wav.encoding, rateHz: wav.rateHz, layout: 'interleaved', ...hello },
  });
  await client.ready;
  let position = 0;
  for await (const payload of wav.chunks(wav.rateHz / 10)) {
    if (position >= (HEARD_MS * wav.rateHz) / 1_000) break;
    client.sendAudio('both', position, payload);
    position += wav.rateHz / 10;
  }
  return client;
}

test('a batch in JSON: what fits is durable, what does not is named, and a repeat changes nothing', async () => {
  const good = {
    callId: 'json',
    type: 'turn_ended',
    role: 'caller',
    occurredAt: '2026-01-31T12:00:00.125Z',
    eventId: 'e1',
  };
  const events = [good, { callId: 'json', type: 'telepathy' }, { type: 'stt_final', text: 'whose?' }, 7];
  const first = await post('/v1/events', { events });
  assert.equal(first.status, 200);
  assert.equal(first.body.accepted, 1);
  assert.deepEqual(
    first.body.rejected?.map(({ index, code }) => [index, code]),
    [
      [1, 'message_invalid'],
      [2, 'message_invalid'],
      [3, 'message_invalid'],
    ],
  );
  assert.match(first.body.rejected[0].expected, /turn_ended/);
  assert.equal((await post('/v1/events', { events: [good] })).body.accepted, 1);
  const stored = 'earshot.reported_events FINAL WHERE call_key = {callKey:String}';
  assert.equal(await count(stored, 'json'), 1);
});

test('a batch in protobuf is answered in protobuf', async () => {
  const origin = { tenant: 'default', callKey: 'protobuf', source: 'test', receivedAtMs: Date.now() };
  const body = encodeEventBatch([eventOf({ type: 'stt_final', role: 'caller', occurredAtMs: Date.now() }, origin)]);
  const response = await fetch(`${running.service.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: Buffer.from(body),
  });
  assert.equal(response.headers.get('content-type'), 'application/x-protobuf');
  assert.deepEqual(decodeBatchResult(new Uint8Array(await response.arrayBuffer())), { accepted: 1, rejected: [] });
  assert.equal(await count('earshot.reported_events WHERE call_key = {callKey:String}', 'protobuf'), 1);
});

test('messages of a source are mapped, in the order of their stream', async () => {
  const results = {
    type: 'Results',
    channel_index: [0, 1],
    start: 1,
    duration: 2,
    is_final: true,
    speech_final: true,
    channel: {
      alternatives: [
        { transcript: 'hi', confidence: 0.9, words: [{ word: 'hi', start: 1.1, end: 1.3, confidence: 0.9 }] },
      ],
    },
    metadata: { request_id: 'r1' },
  };
  const answer = await post('/v1/events/deepgram?callId=mapped&role=caller&streamId=stt-1', [
    results,
    { type: 'nonsense' },
    'x',
  ]);
  assert.equal(answer.status, 200);
  assert.ok((answer.body.accepted ?? 0) >= 1 && (answer.body.rejected?.length ?? 0) >= 1);
  const [final] = await running.sql(
    `SELECT role, source, stream_id, text, length(word_texts) AS words FROM earshot.reported_events
     WHERE call_key = 'mapped' AND type = 'stt_final'`,
  );
  assert.deepEqual(final, { role: 'caller', source: 'deepgram', stream_id: 'stt-1', text: '', words: 1 });
});

test('what cannot be read at all is refused with what was expected and what came', async () => {
  for (const [path, body, status, words] of [
    ['/v1/events', '{"events":', 400, /JSON/],
    ['/v1/events', '"text"', 400, /events/],
    ['/v1/events/crystal-ball?callId=c', {}, 404, /deepgram/],
    ['/v1/events/deepgram', { type: 'SpeechStarted', channel: [0, 1], timestamp: 1 }, 400, /callId/],
    ['/v1/scores', { scores: [{ callId: 'c' }] }, 400, /name/],
    ['/v1/scores', { scores: [{ name: 'n', value: 1 }] }, 400, /callId or traceId/],
  ] as const) {
    const answer = await post(path, body);
    assert.equal(answer.status, status, path);
    assert.match(JSON.stringify(answer.body), words, path);
  }
  const wrongType = await fetch(`${running.service.url}/v1/events`, {
    method: 'POST',
    body: 'x',
    headers: { 'content-type': 'text/csv' },
  });
  assert.equal(wrongType.status, 415);
});

test('events on the call socket are durable with its audio; a bad one costs itself', async () => {
  const rejected: { seq: number; expected: string }[] = [];
  const wav = await readWav(WAV);
  const client = connectEarshot({
    url: running.streamUrl,
    hello: { callId: 'socket', encoding: wav.encoding, rateHz: wav.rateHz, layout: 'interleaved' },
    onRejected: (rejection) => rejected.push(rejection),
  });
  await client.ready;
  client.report({ event: { type: 'turn_ended', role: 'caller', clock: 'call', startMs: 500 } });
  client.report({ event: { type: 'telepathy' } });
  client.sendAudio('both', 0, new Uint8Array(2 * wav.rateHz).fill(0xff));
  client.report({
    source: 'deepgram',
    role: 'caller',
    message: { type: 'SpeechStarted', channel: [0, 1], timestamp: 1.02 },
  });
  await client.bye();
  assert.deepEqual(
    rejected.map(({ seq }) => seq),
    [1],
  );
  const types = await running.sql(`SELECT type FROM earshot.reported_events WHERE call_key = 'socket' ORDER BY type`);
  assert.deepEqual(
    types.map(({ type }) => type),
    ['speech_started', 'turn_ended'],
  );
  await running.service.joined();
  const [placed] = await running.sql(
    `SELECT start_ms, placed_by FROM earshot.v_events WHERE call_id = 'socket' AND type = 'turn_ended'`,
  );
  assert.deepEqual(placed, { start_ms: 500, placed_by: 'media' });
});

test('what comes long after the call has ended, by another of its names, makes its breakdown whole', async () => {
  const client = await stream('late', { providerIds: { room: 'room-late' } });
  await client.bye();
  await running.service.joined();
  const breakdown = `SELECT end_of_turn_ms, end_of_turn_unknown, revision FROM earshot.v_response_breakdown AS b
    INNER JOIN (SELECT id, revision FROM earshot.facts FINAL) AS f USING id WHERE call_id = 'late'`;
  assert.deepEqual(await running.sql(breakdown), [], 'of a call that nobody reports of there is nothing to join');
  const at = { callId: 'room-late', clock: 'call' };
  await post('/v1/events', {
    events: [{ ...at, type: 'tts_first_audio', role: 'agent', startMs: CALLER_END_MS + 1_500 }],
  });
  await running.service.joined();
  const [before] = await running.sql(breakdown);
  assert.equal(before.end_of_turn_ms, null);
  assert.equal(before.end_of_turn_unknown, 'no_report');
  await post('/v1/events', { events: [{ ...at, type: 'turn_ended', role: 'caller', startMs: CALLER_END_MS + 400 }] });
  await running.service.joined();
  const [after] = await running.sql(breakdown);
  assert.ok(Math.abs(Number(after.end_of_turn_ms) - 400) <= 30, String(after.end_of_turn_ms));
  assert.ok(Number(after.revision) > Number(before.revision));
});

test('spans without a name belong to the call of their trace, and come again after a restart', async () => {
  const client = await stream('traced');
  const wallMs = Date.now();
  await client.bye();
  const span = (name: string, spanId: string, attributes: object) => ({
    traceId: 'a'.repeat(32),
    spanId: spanId.padStart(16, '0'),
    name,
    kind: 3,
    startTimeUnixNano: `${BigInt(wallMs) * 1_000_000n}`,
    endTimeUnixNano: `${BigInt(wallMs + 500) * 1_000_000n}`,
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: String(value) } })),
  });
  const exported = (...spans: object[]) => ({
    resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: 't' }, spans }] }],
  });
  const chat = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-4.1-mini',
    'gen_ai.input.messages': 'my secret',
  };
  assert.equal((await post('/v1/traces', exported(span('chat', '1', chat)))).status, 200);
  await running.service.joined();
  assert.equal(await count('earshot.v_requests WHERE call_id = {callKey:String}', 'traced'), 0);
  assert.equal((await post('/v1/traces', exported(span('session', '2', { 'session.id': 'traced' })))).status, 200);
  await running.service.joined();
  const requests = "SELECT kind, model FROM earshot.v_requests WHERE call_id = 'traced' AND kind = 'llm'";
  assert.deepEqual(await running.sql(requests), [{ kind: 'llm', model: 'gpt-4.1-mini' }]);
  const [kept] = await running.sql(
    `SELECT SpanAttributes['gen_ai.input.messages'] AS text FROM earshot.otel_traces WHERE SpanId LIKE '%1'`,
  );
  assert.equal(kept.text, '', 'text of people is not kept by default');
  await running.restart();
  await running.service.joined();
  assert.deepEqual(await running.sql(requests), [{ kind: 'llm', model: 'gpt-4.1-mini' }]);
});

test('each tenant keeps of texts what it says', async () => {
  const event = { callId: 'texts', type: 'stt_final', role: 'caller', text: 'My name is Walter, call 555 0199' };
  for (const tenant of ['default', 'full', 'redacted', 'hashed']) {
    assert.equal((await post('/v1/events', { events: [event] }, { 'x-earshot-tenant': tenant })).status, 200);
  }
  const rows = await running.sql(`SELECT tenant, text FROM earshot.reported_events WHERE call_key = 'texts'`);
  const texts = Object.fromEntries(rows.map(({ tenant, text }) => [String(tenant), String(text)]));
  assert.equal(texts.default, '');
  assert.equal(texts.full, event.text);
  assert.match(texts.redacted, /\[name\].*\[number\]/);
  assert.match(texts.hashed, /^[0-9a-f]{16}( [0-9a-f]{16})+$/);
});
