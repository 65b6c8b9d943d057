/** A call over broken connections, takeovers and restarts: nothing lost, nothing doubled, and every call ends. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { encodeAudio } from '../../adapters/telephony/earshot.ts';
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { startCuttingProxy } from '../../test/support/cuttingProxy.ts';
import { openRaw, startIngestServer, until, type IngestServer } from '../../test/support/ingestServer.ts';

let server: IngestServer;
before(async () => {
  server = await startIngestServer();
});
after(() => server.close());
beforeEach(() => {
  server.durable = null;
  assert.deepEqual(server.bugs, []);
});

let callNumber = 0;
const newHello = (changes: object = {}): Record<string, unknown> & { callId: string } => {
  callNumber += 1;
  return { callId: `call-${callNumber}`, encoding: 'mulaw', rateHz: 8_000, layout: 'interleaved', ...changes };
};
const payload = (seed: number): Uint8Array => Uint8Array.from({ length: 320 }, (_, i) => (seed * 31 + i) & 0xff);
const helloText = (hello: object): string => JSON.stringify({ type: 'hello', version: 1, ...hello });
const sound = (seq: number): Uint8Array =>
  encodeAudio({ seq, lane: 'both', position: seq * 160, payload: payload(seq) });

function sendSome(client: EarshotClient, from: number, count: number): void {
  for (let i = from; i < from + count; i += 1) client.sendAudio('both', i * 160, payload(i));
}

/** All the audio of the call, each message once, in order, byte for byte. */
function assertWhole(callId: string, count: number): void {
  const heard = server.audioOf(callId);
  assert.deepEqual(
    heard.map(({ seq }) => seq),
    Array.from({ length: count }, (_, i) => i),
  );
  heard.forEach(({ message }, i) =>
    assert.deepEqual(message.type === 'audio' && Uint8Array.from(message.payload), payload(i)),
  );
}

test('a call from hello to done: opened, all its audio in order, acknowledged, closed, and told how far it came', async () => {
  const hello = newHello();
  const acks: number[] = [];
  const client = connectEarshot({ url: server.url, hello, onAck: (seq) => acks.push(seq) });
  await client.ready;
  sendSome(client, 0, 20);
  const done = await client.bye('the caller hung up');
  assert.deepEqual(done, { type: 'done', callId: hello.callId, samples: { caller: 3_200, agent: 3_200 } });
  assert.equal(server.entries.find(({ callId }) => callId === hello.callId)?.message.type, 'open');
  assertWhole(hello.callId, 20);
  assert.deepEqual(server.endOf(hello.callId), {
    reason: 'completed',
    errorCode: '',
    errorText: '',
    own: false,
    seq: 20,
  });
  assert.equal(acks.at(-1), 20);
  assert.ok(acks.every((seq, i) => i === 0 || seq > acks[i - 1]));
});

test('connections cut after any byte, again and again: nothing is lost and nothing doubled', async () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 8_000 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(cuts, fc.integer({ min: 1, max: 60 }), async (cutsBytes, count) => {
      const hello = newHello();
      const proxy = await startCuttingProxy(Number(new URL(server.url).port), cutsBytes);
      const client = connectEarshot({ url: `ws://127.0.0.1:${proxy.port}/v1/stream`, hello });
      sendSome(client, 0, count);
      await client.bye();
      assertWhole(hello.callId, count);
      assert.equal(client.unacknowledged, 0);
      await proxy.close();
    }),
    { numRuns: 12 },
  );
});

test('nothing is acknowledged before it is durable, marks neither; then one acknowledgement tells of all', async () => {
  const hello = newHello();
  const acks: number[] = [];
  const marks: string[] = [];
  const client = connectEarshot({
    url: server.url,
    hello,
    onAck: (seq) => acks.push(seq),
    onMark: (name) => marks.push(name),
  });
  await client.ready;
  const release = server.holdCommits();
  sendSome(client, 0, 3);
  client.mark('after three');
  await until('the mark is answered', () => marks.length > 0);
  assert.equal(server.audioOf(hello.callId).length, 3);
  assert.deepEqual(acks, []);
  release();
  await until('all is acknowledged', () => client.unacknowledged === 0);
  assert.deepEqual(acks, [3]);
  client.mark('and one more');
  await until('the mark is acknowledged', () => client.unacknowledged === 0);
  await client.bye();
  assert.deepEqual(marks, ['after three', 'and one more']);
});

test('a second connection takes the call over; the first is closed with 4009 and does not come back', async () => {
  const hello = newHello();
  const first = connectEarshot({ url: server.url, hello });
  await first.ready;
  sendSome(first, 0, 1);
  await until('it is heard', () => server.audioOf(hello.callId).length === 1);
  const second = await openRaw(server.url);
  second.socket.send(helloText(hello));
  await assert.rejects(first.done, { code: 'call_superseded' });
  await until('the second is ready', () => second.received.length > 0);
  assert.equal(second.received[0].nextSeq, 1);
  second.socket.send(sound(0));
  second.socket.send(sound(1));
  second.socket.send(JSON.stringify({ type: 'bye', seq: 2 }));
  assert.equal(await second.closed, 1000);
  assertWhole(hello.callId, 2);
});

test('who comes back with other audio is refused, and the running call does not notice', async () => {
  const hello = newHello();
  const client = connectEarshot({ url: server.url, hello });
  await client.ready;
  const other = await openRaw(server.url);
  other.socket.send(helloText({ ...hello, encoding: 'alaw' }));
  assert.equal(await other.closed, 1008);
  assert.deepEqual([other.received[0].code, other.received[0].got], ['hello_invalid', 'alaw']);
  sendSome(client, 0, 2);
  await client.bye();
  assertWhole(hello.callId, 2);
});

test('after a restart of the server the client goes on after what is durable', async () => {
  server.durable = { seq: 41, ended: false };
  const hello = newHello();
  const { socket, received } = await openRaw(server.url);
  socket.send(helloText(hello));
  await until('it is ready', () => received.length > 0);
  assert.deepEqual(received, [{ type: 'ready', callId: hello.callId, nextSeq: 42, ackedSeq: 41 }]);
  const position = 42 * 160 * 1_000;
  socket.send(encodeAudio({ seq: 42, lane: 'both', position, payload: payload(0) }));
  await until('it is heard', () => server.audioOf(hello.callId).length === 1);
  socket.terminate();
});

test('a client that was started anew goes on with the numbers of its call', async () => {
  server.durable = { seq: 6, ended: false };
  const hello = newHello();
  const client = connectEarshot({ url: server.url, hello });
  await client.ready;
  sendSome(client, 0, 2);
  await client.bye();
  assert.deepEqual(
    server.audioOf(hello.callId).map(({ seq }) => seq),
    [7, 8],
  );
});

test('the connection breaks between bye and done: the client comes back and learns that all is well', async () => {
  for (const moment of ['before the end is durable', 'after'] as const) {
    const hello = newHello();
    const client = connectEarshot({ url: server.url, hello });
    await client.ready;
    const release = server.holdCommits();
    sendSome(client, 0, 3);
    void client.bye();
    await until('the end is taken', () => server.endOf(hello.callId) !== null);
    client.breakOff();
    if (moment === 'after') {
      await until('the broken connection is noticed', () => server.ingest.openSockets === 0);
      release();
    } else {
      await until('it is back', () => server.ingest.openSockets === 1);
      release();
    }
    assert.equal((await client.done).callId, hello.callId);
  }
});

test('a call that has ended is not opened again, but what is durable of it is said', async () => {
  server.durable = { seq: 10, ended: true };
  const { socket, received, closed } = await openRaw(server.url);
  socket.send(helloText(newHello()));
  assert.equal(await closed, 1008);
  assert.deepEqual(
    received.map(({ type, seq, code }) => [type, seq ?? code]),
    [
      ['ack', 10],
      ['error', 'call_already_ended'],
    ],
  );
  const client = connectEarshot({ url: server.url, hello: newHello() });
  await assert.rejects(client.done, { code: 'call_already_ended' });
});

test('a client that vanishes ends its call when the grace is over, as a fact; not before', async () => {
  const hello = newHello();
  const { socket, received } = await openRaw(server.url);
  socket.send(helloText(hello));
  socket.send(sound(0));
  await until('it is heard', () => received.length > 0 && server.audioOf(hello.callId).length === 1);
  socket.terminate();
  await until('the server notices', () => server.ingest.openSockets === 0);
  server.pass(server.limits.resumeGraceMs);
  assert.equal(server.endOf(hello.callId), null);
  server.pass(1);
  assert.deepEqual(server.endOf(hello.callId), {
    reason: 'client_vanished',
    errorCode: '',
    errorText: '',
    own: true,
    seq: 0,
  });
  const comesBack = async (): Promise<unknown> => {
    const back = await openRaw(server.url);
    back.socket.send(helloText(hello));
    await back.closed;
    return back.received.at(-1)?.code;
  };
  assert.equal(
    await comesBack(),
    'overloaded',
    'whether its client was elsewhere only the analysis knows: it is to ask again',
  );
  server.bus.publishFact(factOf(hello.callId, 'call_ended'));
  assert.equal(await comesBack(), 'call_already_ended');
});

test('a client that was with another process meanwhile goes on after what that has acknowledged, and its call is opened again', async () => {
  const hello = newHello();
  const first = await openRaw(server.url);
  first.socket.send(helloText(hello));
  first.socket.send(sound(0));
  await until('it is heard', () => server.audioOf(hello.callId).length === 1);
  first.socket.terminate();
  await until('the server notices', () => server.ingest.openSockets === 0);
  const second = await openRaw(server.url);
  second.socket.send(helloText({ ...hello, ackedSeq: 6 }));
  await until('it is answered', () => second.received.length > 0);
  assert.deepEqual([second.received[0].type, second.received[0].nextSeq], ['ready', 7]);
  second.socket.send(sound(7));
  await until('it is heard', () => server.audioOf(hello.callId).length === 2);
  const ofCall = server.entries.filter(({ callId }) => callId === hello.callId);
  assert.deepEqual(
    ofCall.map(({ seq, message }) => [message.type, seq]),
    [
      ['open', -1],
      ['audio', 0],
      ['open', -1],
      ['audio', 7],
    ],
  );
  const sessions = ofCall.map(({ session }) => session);
  assert.deepEqual(
    [sessions[0] === sessions[1], sessions[2] === sessions[3], sessions[0] === sessions[2]],
    [true, true, false],
  );
  second.socket.send(JSON.stringify({ type: 'bye', seq: 8 }));
  assert.equal(await second.closed, 1000);
});

test('who was acknowledged more elsewhere is let in, though the grace for it is over here', async () => {
  const hello = newHello();
  const { socket } = await openRaw(server.url);
  socket.send(helloText(hello));
  socket.send(sound(0));
  await until('it is heard', () => server.audioOf(hello.callId).length === 1);
  socket.terminate();
  await until('the server notices', () => server.ingest.openSockets === 0);
  server.pass(server.limits.resumeGraceMs + 1);
  await until('the call is let go', () => server.ingest.activeCalls === 0);
  const back = await openRaw(server.url);
  back.socket.send(helloText({ ...hello, ackedSeq: 6 }));
  await until('it is answered', () => back.received.length > 0);
  assert.deepEqual([back.received[0].type, back.received[0].nextSeq], ['ready', 7]);
  back.socket.send(JSON.stringify({ type: 'bye', seq: 7 }));
  assert.equal(await back.closed, 1000);
});

test('a call that ended with another process is no bug of this one', async () => {
  const hello = newHello();
  const { socket, received, closed } = await openRaw(server.url);
  socket.send(helloText(hello));
  await until('it is answered', () => received.length > 0);
  const ended = { ...factOf(hello.callId, 'call_ended'), reason: 'completed', errorCode: '', errorText: '' } as Fact;
  server.bus.publishFact(ended);
  await closed;
  assert.equal(received.at(-1)?.code, 'call_already_ended');
  assert.deepEqual(server.bugs, []);
});

test('a client that is gone while its call is being found leaves no call behind', async () => {
  const hello = newHello();
  const { socket } = await openRaw(server.url);
  socket.send(helloText(hello), () => socket.terminate());
  await until('the call is opened', () => server.entries.some(({ callId }) => callId === hello.callId));
  await until('the server notices', () => server.ingest.openSockets === 0);
  server.pass(server.limits.resumeGraceMs + 1);
  assert.equal(server.endOf(hello.callId)?.reason, 'client_vanished');
});

const factOf = (callId: string, kind: 'speech' | 'frames' | 'call_ended'): Fact =>
  ({ kind, id: `${callId}-${kind}`, tenant: 'default', callId }) as unknown as Fact;

test('the facts of its own call are sent to who asked for them, and counted', async () => {
  const [asking, silent] = [newHello({ facts: true }), newHello()];
  const facts: string[] = [];
  const onFact = (fact: Record<string, unknown>): number => facts.push(String(fact.id));
  const clients = [asking, silent].map((hello) => connectEarshot({ url: server.url, hello, onFact }));
  await Promise.all(clients.map(({ ready }) => ready));
  for (const { callId } of [asking, silent]) {
    server.bus.publishFact(factOf(callId, 'speech'));
    server.bus.publishFact(factOf(callId, 'frames'));
  }
  const [asked, unasked] = clients.map((client) => client.bye());
  await unasked;
  await until('its end is durable', () => server.endOf(asking.callId) !== null && clients[0].unacknowledged === 0);
  assert.equal(server.ingest.activeCalls, 1, 'what is told last is still to come');
  server.bus.publishFact(factOf(asking.callId, 'call_ended'));
  assert.equal((await asked).facts, 2);
  assert.deepEqual(facts, [`${asking.callId}-speech`, `${asking.callId}-call_ended`]);
});

test('who asked for facts does not wait for the last ones for ever', async () => {
  const hello = newHello({ facts: true });
  const client = connectEarshot({ url: server.url, hello });
  await client.ready;
  const done = client.bye();
  await until('its end is acknowledged', () => client.unacknowledged === 0);
  server.pass(server.limits.lastFactsMsMax + 1);
  assert.equal((await done).facts, 0);
});

test('another process takes the call on where the first one had acknowledged it, though the store knows less', async (t) => {
  const other = await startIngestServer();
  other.durable = { seq: 2, ended: false };
  t.after(() => other.close());
  const hello = newHello();
  const first = await openRaw(other.url);
  first.socket.send(helloText({ ...hello, ackedSeq: 6 }));
  await until('it is ready', () => first.received.length > 0);
  assert.deepEqual(first.received, [{ type: 'ready', callId: hello.callId, nextSeq: 7, ackedSeq: 6 }]);
  const opening = other.entries.find(({ callId }) => callId === hello.callId);
  first.socket.send(sound(7));
  await until('it is heard', () => other.audioOf(hello.callId).length === 1);
  assert.equal(other.audioOf(hello.callId)[0].session, opening?.session);
  assert.notEqual(opening?.session, '');
  first.socket.terminate();
});

test('when the analysis ends a call, its sender is told rather than heard in vain', async () => {
  const hello = newHello();
  const client = connectEarshot({ url: server.url, hello });
  await client.ready;
  server.bus.publishFact({
    ...factOf(hello.callId, 'speech'),
    kind: 'call_ended',
    reason: 'invalid_input',
    errorCode: 'playout_overflow',
    errorText: 'playout_overflow: too much',
  } as unknown as Fact);
  await assert.rejects(client.done, { code: 'playout_overflow', message: /too much/ });
  assert.throws(() => sendSome(client, 0, 1), { code: 'playout_overflow' });
});

test('the server stops: clients are sent away with 1001, their calls stay open, and nothing more is taken', async (t) => {
  const stopping = await startIngestServer();
  t.after(() => stopping.close());
  const hello = newHello();
  const { socket, received, closed } = await openRaw(stopping.url);
  socket.send(helloText(hello));
  await until('it is ready', () => received.length > 0);
  stopping.ingest.close();
  socket.send(sound(0));
  assert.equal(await closed, 1001);
  assert.equal(stopping.audioOf(hello.callId).length, 0);
  assert.equal(stopping.endOf(hello.callId), null);
  const late = connectEarshot({ url: stopping.url, hello, reconnectsMax: 0 });
  await assert.rejects(late.done, /503/);
});

test('a client keeps no more than its bound, says so, and has room again when the server has acknowledged', async () => {
  const hello = newHello();
  const client = connectEarshot({ url: server.url, hello, keptBytesMax: 3 * 336 });
  await client.ready;
  const release = server.holdCommits();
  sendSome(client, 0, 3);
  assert.throws(() => sendSome(client, 3, 1), { code: 'overloaded' });
  const drained = client.drained();
  await until('they are heard', () => server.audioOf(hello.callId).length === 3);
  release();
  await drained;
  sendSome(client, 3, 1);
  await client.bye();
  assertWhole(hello.callId, 4);
});

test('who leaves without a word leaves the call to its grace', async () => {
  const hello = newHello();
  const client = connectEarshot({ url: server.url, hello });
  await client.ready;
  client.close();
  await assert.rejects(client.done, /left the call/);
  await until('the server notices', () => server.ingest.openSockets === 0);
  server.pass(server.limits.resumeGraceMs + 1);
  assert.equal(server.endOf(hello.callId)?.reason, 'client_vanished');
});

test('a server that cannot be reached: the client tries as often as it may, then says why', async () => {
  const failures: string[] = [];
  const gone = await startIngestServer();
  await gone.close();
  const client = connectEarshot({
    url: gone.url,
    hello: newHello(),
    reconnectsMax: 2,
    onError: ({ message }) => failures.push(message),
  });
  await assert.rejects(client.ready, /ECONNREFUSED/);
  assert.equal(failures.length, 3);
});

test('what a service was saying goes on over a broken connection, and a message that comes twice is read once', async () => {
  const hello = newHello();
  /** A word of half a second; ElevenLabs counts time from each chunk's own start. */
  const said = (seq: number, text: string): string => {
    const each = 500 / text.length;
    const alignment = {
      chars: [...text],
      charStartTimesMs: [...text].map((_, index) => index * each),
      charDurationsMs: [...text].map(() => each),
    };
    return JSON.stringify({ type: 'event', seq, source: 'elevenlabs', message: { audio: 'UklGRg==', alignment } });
  };
  const reports = () =>
    server.entries.flatMap(({ callId, message }) =>
      callId === hello.callId && message.type === 'report' ? [message.events] : [],
    );
  const first = await openRaw(server.url);
  first.socket.send(helloText(hello));
  first.socket.send(said(0, 'good '));
  await until('the first is taken', () => reports().length === 1);
  first.socket.terminate();
  const second = await openRaw(server.url);
  second.socket.send(helloText(hello));
  second.socket.send(said(0, 'good '));
  second.socket.send(said(1, 'day '));
  await until('the second is taken', () => reports().length === 2);
  second.socket.terminate();
  const words = reports()
    .flat()
    .flatMap((event) => event.words.map(({ text, startMs }) => [text, startMs]));
  assert.deepEqual(words, [
    ['good', 0],
    ['day', 500],
  ]);
});
