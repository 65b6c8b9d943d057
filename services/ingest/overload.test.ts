/** More than there is room for: short pauses lose nothing, new calls are refused early, running ones keep their place. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { encodeAudio } from '../../adapters/telephony/earshot.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { openRaw, startIngestServer, until, type IngestServer } from '../../test/support/ingestServer.ts';

const HELLO = { encoding: 'mulaw', rateHz: 8_000, layout: 'interleaved' };
const connect = (server: IngestServer, callId: string, changes: object = {}): EarshotClient =>
  connectEarshot({ url: server.url, hello: { ...HELLO, callId }, ...changes });
const BYTES = 8_000;
function sendSome(client: EarshotClient, from: number, count: number): void {
  for (let i = from; i < from + count; i += 1) client.sendAudio('both', (i * BYTES) / 2, new Uint8Array(BYTES).fill(i));
}
const numbersOf = (server: IngestServer, callId: string): (number | undefined)[] =>
  server.audioOf(callId).map(({ message }) => (message.type === 'audio' ? message.payload[0] : undefined));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test('a full bus: the socket is not read for a while, and not a message is lost or out of order', async (t) => {
  const server = await startIngestServer({ busBytesMax: 5 * BYTES });
  t.after(() => server.close());
  const client = connect(server, 'patient');
  await client.ready;
  const release = server.holdCommits();
  sendSome(client, 0, 100);
  await until('the bus is full', () => server.bus.pendingBytes >= 5 * BYTES);
  for (let i = 0; i < 20; i += 1) server.pass(100);
  assert.ok(server.audioOf('patient').length <= 6);
  // Paused for minutes: no fault of the client's, so its silence is not held against it.
  server.pass(server.limits.idleMsMax * 2);
  server.pass(server.limits.idleMsMax * 2);
  assert.equal(server.ingest.openSockets, 1);
  release();
  const finished = client.bye();
  await until('all is heard', () => (server.pass(100), server.endOf('patient') !== null));
  await finished;
  assert.deepEqual(numbersOf(server, 'patient'), upTo(100));
});

test('one call with too much on its way is read in sips; it is never stuck, and the others do not wait', async (t) => {
  const server = await startIngestServer({ limits: { unackedBytesMax: 4 * BYTES } });
  t.after(() => server.close());
  const [burst, calm] = [connect(server, 'burst'), connect(server, 'calm')];
  await Promise.all([burst.ready, calm.ready]);
  const release = server.holdCommits();
  sendSome(burst, 0, 100);
  sendSome(calm, 0, 2);
  await until('both are heard', () => server.audioOf('burst').length > 4 && server.audioOf('calm').length === 2);
  const beforeSip = server.audioOf('burst').length;
  assert.ok(beforeSip < 50, `${beforeSip} of 100 messages were read at once`);
  server.pass(100);
  await until('a sip is taken', () => server.audioOf('burst').length > beforeSip);
  release();
  const finished = Promise.all([burst.bye(), calm.bye()]);
  await until('all is heard', () => (server.pass(100), server.endOf('burst') !== null));
  await finished;
  assert.deepEqual(numbersOf(server, 'burst'), upTo(100));
});

async function statusOf(url: string): Promise<{ status: number | undefined; retryAfter: string | undefined }> {
  const socket = new WebSocket(url);
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode?: number; headers: Record<string, string>; resume(): void },
  ];
  response.resume();
  return { status: response.statusCode, retryAfter: response.headers['retry-after'] };
}

test('when no place is free a call is refused before the upgrade; one whose client is away is let in again', async (t) => {
  const server = await startIngestServer({ limits: { callsMax: 2 } });
  t.after(() => server.close());
  const [first, second] = [connect(server, 'first'), connect(server, 'second')];
  await Promise.all([first.ready, second.ready]);
  assert.equal(server.ingest.isFull, true);
  assert.deepEqual(await statusOf(server.url), { status: 503, retryAfter: '1' });
  assert.deepEqual(await statusOf(`${server.url}/acme`), { status: 503, retryAfter: '1' });

  sendSome(first, 0, 3);
  first.breakOff();
  await until('the server notices', () => server.ingest.openSockets === 1);
  const intruder = await openRaw(server.url);
  intruder.socket.send(JSON.stringify({ type: 'hello', version: 1, ...HELLO, callId: 'third' }));
  assert.equal(await intruder.closed, 1013);
  assert.equal(intruder.received[0].code, 'overloaded');

  await Promise.all([first.bye(), second.bye()]);
  assert.deepEqual(numbersOf(server, 'first'), upTo(3));
  await connect(server, 'third').bye();
  assert.equal(server.endOf('third')?.reason, 'completed');
});

test('sockets that never say a word do not grow without a bound', async (t) => {
  const server = await startIngestServer({ limits: { callsMax: 2, socketsPerCallMax: 2 } });
  t.after(() => server.close());
  const idle = await Promise.all(upTo(4).map(() => openRaw(server.url)));
  assert.equal((await statusOf(server.url)).status, 503);
  server.pass(server.limits.helloMsMax + 1);
  await Promise.all(idle.map(({ closed }) => closed));
  await until('the sockets are gone', () => server.ingest.openSockets === 0);
  await connect(server, 'now').bye();
});

test('when it cannot be known whether a call has ended, the client is asked to come back, and does', async (t) => {
  const server = await startIngestServer();
  t.after(() => server.close());
  server.durable = new Error('the store does not answer');
  const failures: string[] = [];
  const client = connect(server, 'later', {
    onError(error: Error) {
      failures.push(error.message);
      server.durable = null;
    },
  });
  sendSome(client, 0, 2);
  await client.bye();
  assert.match(failures[0], /overloaded: .* does not answer/);
  assert.deepEqual(numbersOf(server, 'later'), upTo(2));
  assert.equal(server.ingest.activeCalls, 0);
});

test('a client that does not read what it is sent is cut off; its call goes on when it comes back', async (t) => {
  const server = await startIngestServer({ limits: { unsentBytesMax: 20_000 } });
  t.after(() => server.close());
  const hello = JSON.stringify({ type: 'hello', version: 1, ...HELLO, callId: 'deaf' });
  const { socket, received, closed } = await openRaw(server.url);
  socket.send(hello);
  await until('it is ready', () => received.length > 0);
  socket.pause();
  const name = 'x'.repeat(200);
  for (let seq = 0; seq < 60_000; seq += 1) socket.send(JSON.stringify({ type: 'mark', seq, name }));
  await until('it is cut off', () => (server.pass(1), server.ingest.openSockets === 0));
  assert.ok(server.errors.includes('overloaded'));
  socket.resume();
  assert.equal(await closed, 1006);
  assert.equal(server.endOf('deaf'), null);
  const back = await openRaw(server.url);
  back.socket.send(hello);
  await until('it is ready again', () => back.received.length > 0);
  back.socket.send(
    encodeAudio({ seq: Number(back.received[0].nextSeq), lane: 'both', position: 0, payload: new Uint8Array(2) }),
  );
  await until('it is heard', () => server.audioOf('deaf').length === 1);
  back.socket.terminate();
});

test('the bus loses an entry that it had taken: the call ends as our fault, and its sender is told', async (t) => {
  const server = await startIngestServer();
  t.after(() => server.close());
  const client = connect(server, 'lost');
  await client.ready;
  const publish = server.bus.publish.bind(server.bus);
  server.bus.publish = (entry) =>
    entry.message.type === 'audio' ? Promise.reject(new Error('the disk is gone')) : publish(entry);
  sendSome(client, 0, 1);
  await assert.rejects(client.done, { code: 'call_failed' });
  assert.equal(server.endOf('lost')?.reason, 'failed');
  assert.deepEqual(
    server.bugs.map(({ message }) => message),
    ['the disk is gone'],
  );
});

test('while the analysis is behind, new calls are refused and running ones go on', async (t) => {
  let delayMs = 0;
  const server = await startIngestServer({ analysisDelayMs: () => delayMs });
  t.after(() => server.close());
  const hello = { encoding: 'mulaw', rateHz: 8_000, layout: 'interleaved' };
  const running = connectEarshot({ url: server.url, hello: { ...hello, callId: 'running' } });
  await running.ready;
  delayMs = server.limits.admitDelayMsMax + 1;
  const late = connectEarshot({ url: server.url, hello: { ...hello, callId: 'late' }, reconnectsMax: 0 });
  await assert.rejects(late.done, { code: 'overloaded', message: /5 s behind/ });
  running.breakOff();
  const resumed = connectEarshot({ url: server.url, hello: { ...hello, callId: 'moved', ackedSeq: 3 } });
  await resumed.ready;
  delayMs = 0;
  const next = connectEarshot({ url: server.url, hello: { ...hello, callId: 'next' } });
  await next.ready;
  await Promise.all([running, resumed, next].map((client) => client.bye()));
});
