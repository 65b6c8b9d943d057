/** The ingest side over real sockets, with a consumer that commits: resume, takeover, vanishing, bad input. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import fastifyWebsocket from '@fastify/websocket';
import fastify, { type FastifyInstance } from 'fastify';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import type { LogEntry } from '../../adapters/bus/bus.ts';
import { createMemoryBus } from '../../adapters/bus/memoryBus.ts';
import { encodeAudio } from '../../adapters/telephony/earshot.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { twilioMessages } from '../../test/support/twilioSender.ts';
import { INGEST_LIMITS } from './limits.ts';
import type { Ingest } from './ingest.ts';
import { registerIngest } from './routes.ts';

let app: FastifyInstance;
let ingest: Ingest;
let url = '';
let nowMs = Date.now();
let entries: LogEntry[] = [];
let durable: { seq: number; ended: boolean } | null = null;
let bugs: Error[] = [];
const arrivals = new Set<() => void>();

before(async () => {
  app = fastify();
  await app.register(fastifyWebsocket, { options: { maxPayload: INGEST_LIMITS.messageBytesMax } });
  const bus = createMemoryBus({ bytesMax: 1e9 });
  bus.consume({
    take(entry) {
      entries.push(entry);
      setImmediate(() => bus.commit(entry.tenant, entry.callId, entry.seq));
      for (const wake of arrivals) wake();
    },
  });
  ingest = registerIngest(app, {
    bus,
    directory: { lastDurable: (_tenant, callId) => Promise.resolve(durable ?? endOf(callId)) },
    limits: { ...INGEST_LIMITS, callsMax: 50, tickMs: 5 },
    nowMs: () => nowMs,
    hooks: { onBug: (error) => bugs.push(error) },
  });
  await app.listen({ port: 0 });
  const address = app.server.address() as { port: number };
  url = `ws://127.0.0.1:${address.port}/v1/stream`;
});
after(async () => {
  ingest.close();
  await app.close();
});
beforeEach(() => {
  entries = [];
  durable = null;
  bugs = [];
});

/** What a store would remember of a call whose end was committed. */
function endOf(callId: string): { seq: number; ended: boolean } | null {
  const end = closeOf(callId);
  return end === undefined ? null : { seq: end.seq, ended: true };
}

let callNumber = 0;
const newHello = (changes: object = {}): Record<string, unknown> => {
  callNumber += 1;
  return { callId: `call-${callNumber}`, encoding: 'mulaw', rateHz: 8_000, layout: 'interleaved', ...changes };
};
const payload = (seed: number): Uint8Array => Uint8Array.from({ length: 320 }, (_, i) => (seed * 31 + i) & 0xff);

async function until(condition: () => boolean): Promise<void> {
  while (!condition())
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        arrivals.delete(wake);
        resolve();
      };
      arrivals.add(wake);
    });
}
const audioOf = (callId: unknown): LogEntry[] =>
  entries.filter((entry) => entry.callId === callId && entry.message.type === 'audio');
const closeOf = (callId: unknown): LogEntry | undefined =>
  entries.find((entry) => entry.callId === callId && entry.message.type === 'close');

function sendSome(client: EarshotClient, from: number, count: number): void {
  for (let i = from; i < from + count; i += 1) client.sendAudio('both', i * 160, payload(i));
}

test('a call from hello to done: opened, all its audio in order, acknowledged, closed', async () => {
  const hello = newHello();
  const acks: number[] = [];
  const client = connectEarshot({ url, hello, onAck: (seq) => acks.push(seq) });
  await client.ready;
  sendSome(client, 0, 20);
  await client.bye();
  assert.equal(entries[0].message.type, 'open');
  assert.deepEqual(
    audioOf(hello.callId).map(({ seq }) => seq),
    Array.from({ length: 20 }, (_, i) => i),
  );
  const closing = closeOf(hello.callId)?.message;
  assert.equal(closing?.type === 'close' && closing.reason, 'completed');
  assert.ok(acks.length > 0 && acks.every((seq, i) => i === 0 || seq > acks[i - 1]));
});

test('broken off anywhere, again and again, nothing is lost and nothing doubled', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }), async (cuts) => {
      const hello = newHello();
      const client = connectEarshot({ url, hello });
      await client.ready;
      let sent = 0;
      for (const count of cuts) {
        sendSome(client, sent, count);
        sent += count;
        client.breakOff();
      }
      sendSome(client, sent, 5);
      await client.bye();
      const heard = audioOf(hello.callId);
      assert.deepEqual(
        heard.map(({ seq }) => seq),
        Array.from({ length: sent + 5 }, (_, i) => i),
      );
      heard.forEach(({ message }, i) =>
        assert.deepEqual(message.type === 'audio' && Uint8Array.from(message.payload), payload(i)),
      );
    }),
    { numRuns: 8 },
  );
});

test('broken off right after bye, the client learns that the call is done', async () => {
  const hello = newHello();
  const client = connectEarshot({ url, hello });
  await client.ready;
  sendSome(client, 0, 5);
  const done = client.bye();
  client.breakOff();
  await done;
  assert.equal(audioOf(hello.callId).length, 5);
});

test('a second connection takes the call over; the first is told', async () => {
  const hello = newHello();
  const first = new WebSocket(url);
  await once(first, 'open');
  first.send(JSON.stringify({ type: 'hello', version: 1, ...hello }));
  await once(first, 'message');
  first.send(encodeAudio({ seq: 0, lane: 'both', position: 0, payload: payload(0) }));
  await until(() => audioOf(hello.callId).length === 1);
  const second = new WebSocket(url);
  await once(second, 'open');
  second.send(JSON.stringify({ type: 'hello', version: 1, ...hello }));
  const [closed, answered] = await Promise.all([once(first, 'close'), once(second, 'message')]);
  const code: unknown = closed[0];
  const ready: unknown = answered[0];
  assert.equal(code, 4009);
  assert.equal((JSON.parse(String(ready)) as { nextSeq: number }).nextSeq, 1);
  second.send(JSON.stringify({ type: 'bye', seq: 1 }));
  await once(second, 'close');
});

test('after a restart of the server the client goes on after what is durable', async () => {
  durable = { seq: 41, ended: false };
  const hello = newHello();
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', version: 1, ...hello }));
  const [ready] = (await once(socket, 'message')) as [Buffer];
  assert.deepEqual(JSON.parse(String(ready)), { type: 'ready', callId: hello.callId, nextSeq: 42, ackedSeq: 41 });
  socket.send(encodeAudio({ seq: 42, lane: 'both', position: 42 * 160 * 1_000, payload: payload(0) }));
  await until(() => audioOf(hello.callId).length === 1);
  socket.terminate();
});

test('a client that vanishes ends its call after the grace, as a fact; not before', async () => {
  const hello = newHello();
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', version: 1, ...hello }));
  await once(socket, 'message');
  socket.terminate();
  await until(() => entries.some(({ callId }) => callId === hello.callId));
  assert.equal(closeOf(hello.callId), undefined);
  // The server notices the broken socket in its own time; the clock runs on meanwhile.
  const clock = setInterval(() => (nowMs += INGEST_LIMITS.resumeGraceMs), 5);
  await until(() => closeOf(hello.callId) !== undefined);
  clearInterval(clock);
  const { message } = closeOf(hello.callId) as LogEntry;
  assert.equal(message.type === 'close' && message.reason, 'client_vanished');
});

test('a silent channel is given up to where the other has come, no further', async () => {
  const hello = newHello({ layout: 'separate' });
  const client = connectEarshot({ url, hello });
  await client.ready;
  client.sendAudio('caller', 0, payload(0));
  client.sendAudio('agent', 0, payload(0));
  await until(() => audioOf(hello.callId).length === 2);
  for (let i = 1; i < 100; i += 1) {
    nowMs += 40;
    client.sendAudio('caller', i * 320, payload(i));
    const count = i + 2;
    await until(() => audioOf(hello.callId).length === count);
  }
  await until(() => entries.some(({ callId, message }) => callId === hello.callId && message.type === 'advance'));
  const advances = entries.flatMap(({ callId, message }) =>
    callId === hello.callId && message.type === 'advance' ? [message] : [],
  );
  assert.ok(advances.every(({ channel, reason }) => channel === 'agent' && reason === 'late'));
  assert.ok(Math.max(...advances.map(({ position }) => position)) <= 100 * 320 - 8_000);
  await client.bye();
});

type Refusal = readonly [
  what: string,
  send: (socket: WebSocket, callId: string) => void,
  code: string,
  closeCode: number,
];
const hi = (socket: WebSocket, callId: string, changes: object = {}): void =>
  socket.send(
    JSON.stringify({
      type: 'hello',
      version: 1,
      callId,
      encoding: 'pcm_s16le',
      rateHz: 8_000,
      layout: 'interleaved',
      ...changes,
    }),
  );
const sound = (seq: number, position: number, bytes: number, lane: 'both' | 'caller' = 'both'): Uint8Array =>
  encodeAudio({ seq, lane, position, payload: new Uint8Array(bytes) });

const REFUSALS: readonly Refusal[] = [
  ['audio before hello', (socket) => socket.send(sound(0, 0, 320)), 'protocol_violation', 1008],
  ['no JSON', (socket) => socket.send('good morning'), 'hello_invalid', 1008],
  ['an unknown encoding', (socket, id) => hi(socket, id, { encoding: 'mp3' }), 'encoding_unsupported', 1008],
  ['mono', (socket, id) => hi(socket, id, { channels: ['caller'] }), 'channels_unsupported', 1008],
  [
    'a payload of odd length',
    (socket, id) => (hi(socket, id), socket.send(sound(0, 0, 321))),
    'audio_misaligned',
    1007,
  ],
  [
    'text in place of audio',
    (socket, id) => (hi(socket, id), socket.send('{"type":"audio"}')),
    'protocol_violation',
    1008,
  ],
  ['a second hello', (socket, id) => (hi(socket, id), hi(socket, id)), 'protocol_violation', 1008],
  ['a hole in the numbering', (socket, id) => (hi(socket, id), socket.send(sound(3, 0, 320))), 'sequence_gap', 1008],
  [
    'an absurd position',
    (socket, id) => (hi(socket, id), socket.send(sound(0, 8_000 * 3_600, 320))),
    'timestamp_out_of_range',
    1008,
  ],
  [
    'the wrong lane',
    (socket, id) => (hi(socket, id), socket.send(sound(0, 0, 320, 'caller'))),
    'protocol_violation',
    1008,
  ],
];
for (const [what, send, code, closeCode] of REFUSALS) {
  test(`${what}: told as ${code}, the socket closed with ${closeCode}, the call ended as a fact, others unharmed`, async () => {
    const bystander = newHello();
    const other = connectEarshot({ url, hello: bystander });
    await other.ready;
    const socket = new WebSocket(url);
    const texts: { type: string; code?: string; expected?: string; got?: string }[] = [];
    socket.on('message', (data) => texts.push(JSON.parse((data as Buffer).toString('utf8')) as { type: string }));
    await once(socket, 'open');
    callNumber += 1;
    const callId = `bad-${callNumber}`;
    send(socket, callId);
    const [closed] = (await once(socket, 'close')) as [number];
    assert.equal(closed, closeCode);
    const error = texts.find(({ type }) => type === 'error');
    assert.equal(error?.code, code);
    assert.ok((error?.expected ?? '') !== '' && (error?.got ?? '') !== '');
    if (entries.some((entry) => entry.callId === callId)) {
      await until(() => closeOf(callId) !== undefined);
      const { message } = closeOf(callId) as LogEntry;
      assert.equal(message.type === 'close' && message.reason, 'invalid_input');
      assert.equal(message.type === 'close' && message.errorCode, code);
    }
    sendSome(other, 0, 3);
    await other.bye();
    assert.equal(audioOf(bystander.callId).length, 3);
    assert.deepEqual(bugs, []);
  });
}

test('a message over the limit closes the socket, and only that', async () => {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send(new Uint8Array(INGEST_LIMITS.messageBytesMax + 1));
  const [code] = (await once(socket, 'close')) as [number];
  assert.equal(code, 1009);
});

test('a call that has ended is not opened again', async () => {
  durable = { seq: 10, ended: true };
  const client = connectEarshot({ url, hello: newHello() });
  await assert.rejects(client.done, { code: 'call_already_ended' });
});

test('Twilio: both tracks go into the log, nothing is ever sent back, stop ends the call', async () => {
  const audio = Uint8Array.from({ length: 1_600 }, (_, i) => i & 0xff);
  const socket = new WebSocket(`${url}/acme`);
  const received: unknown[] = [];
  socket.on('message', (data) => received.push(data));
  await once(socket, 'open');
  for (const message of twilioMessages({ callSid: 'CA77', streamSid: 'MZ77', inbound: audio, outbound: audio }))
    socket.send(message);
  await once(socket, 'close');
  assert.deepEqual(received, []);
  assert.equal(audioOf('CA77').length, 20);
  assert.equal(audioOf('CA77')[0].tenant, 'acme');
  const { message } = closeOf('CA77') as LogEntry;
  assert.equal(message.type === 'close' && message.reason, 'completed');
});

test('Twilio hangs up without a stop: the call ends as vanished', async () => {
  const audio = new Uint8Array(1_600);
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const messages = twilioMessages({ callSid: 'CA78', streamSid: 'MZ78', inbound: audio, outbound: audio });
  for (const message of messages.slice(0, -1)) socket.send(message);
  await until(() => audioOf('CA78').length === 20);
  socket.terminate();
  await until(() => closeOf('CA78') !== undefined);
  const { message } = closeOf('CA78') as LogEntry;
  assert.equal(message.type === 'close' && message.reason, 'client_vanished');
});

test('when no place is free a call is refused before the upgrade', async () => {
  const clients: EarshotClient[] = [];
  while (!ingest.isFull) {
    const client = connectEarshot({ url, hello: newHello() });
    clients.push(client);
    await client.ready;
  }
  const refused = new WebSocket(url);
  const [error] = (await once(refused, 'error')) as [Error];
  assert.match(error.message, /503/);
  await Promise.all(clients.map((client) => client.bye()));
});
