/** Everything that a sender can do wrong: told what was expected and what came, ended as a fact, and nobody else notices. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { WebSocket } from 'ws';
import { encodeAudio } from '../../adapters/telephony/earshot.ts';
import { connectEarshot } from '../../adapters/wire/earshotClient.ts';
import { openRaw, startIngestServer, until, type IngestServer } from '../../test/support/ingestServer.ts';
import { twilioMessages } from '../../test/support/twilioSender.ts';

let server: IngestServer;
before(async () => {
  server = await startIngestServer();
});
after(() => server.close());

let callNumber = 0;
const newCallId = (): string => {
  callNumber += 1;
  return `bad-${callNumber}`;
};
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
const S = 8_000;

type Say = (socket: WebSocket, callId: string) => void;
/** What is said, as what it is refused, the close code, and how many messages had been accepted before it. */
type Refusal = readonly [what: string, say: Say, code: string, closeCode: number, accepted?: number];

const REFUSALS: readonly Refusal[] = [
  ['audio before hello', (socket) => socket.send(sound(0, 0, 320)), 'protocol_violation', 1008],
  ['no JSON', (socket) => socket.send('good morning'), 'hello_invalid', 1008],
  ['a goodbye first', (socket) => socket.send('{"type":"bye","seq":0}'), 'protocol_violation', 1008],
  ['a hello without a call', (socket) => hi(socket, ''), 'hello_invalid', 1008],
  ['an unknown encoding', (socket, id) => hi(socket, id, { encoding: 'mp3' }), 'encoding_unsupported', 1008],
  ['an unknown rate', (socket, id) => hi(socket, id, { rateHz: 7_999 }), 'rate_unsupported', 1008],
  ['mono', (socket, id) => hi(socket, id, { channels: ['caller'] }), 'channels_unsupported', 1008],
  ['an absurd start', (socket, id) => hi(socket, id, { startedAtMs: 5 }), 'timestamp_out_of_range', 1008],
  [
    'an odd number of bytes',
    (socket, id) => (hi(socket, id), socket.send(sound(0, 0, 320)), socket.send(sound(1, 80, 321))),
    'audio_misaligned',
    1007,
    1,
  ],
  [
    'half an interleaved sample',
    (socket, id) => (hi(socket, id), socket.send(sound(0, 0, 322))),
    'audio_misaligned',
    1007,
  ],
  [
    'text where binary belongs',
    (socket, id) => (hi(socket, id), socket.send(sound(0, 0, 320)), socket.send('AAAAAAAAAAAA')),
    'protocol_violation',
    1008,
    1,
  ],
  ['a header and no audio', (socket, id) => (hi(socket, id), socket.send(sound(0, 0, 0))), 'message_invalid', 1007],
  [
    'binary that is no audio',
    (socket, id) => (hi(socket, id), socket.send(Buffer.from('RIFF'))),
    'protocol_violation',
    1008,
  ],
  ['a second hello', (socket, id) => (hi(socket, id), hi(socket, id)), 'protocol_violation', 1008],
  ['a hole in the numbering', (socket, id) => (hi(socket, id), socket.send(sound(3, 0, 320))), 'sequence_gap', 1008],
  [
    'a position over ten minutes ahead',
    (socket, id) => (hi(socket, id), socket.send(sound(0, 0, 4 * S)), socket.send(sound(1, 602 * S, 320))),
    'timestamp_out_of_range',
    1008,
    1,
  ],
  [
    'the wrong lane',
    (socket, id) => (hi(socket, id), socket.send(sound(0, 0, 320, 'caller'))),
    'protocol_violation',
    1008,
  ],
  [
    'a clear where nothing is queued',
    (socket, id) => (hi(socket, id), socket.send('{"type":"clear","seq":0,"positionSamples":0}')),
    'protocol_violation',
    1008,
  ],
  [
    'words after goodbye',
    (socket, id) => (
      hi(socket, id),
      socket.send(sound(0, 0, 320)),
      socket.send('{"type":"bye","seq":1}'),
      socket.send(sound(2, 80, 320))
    ),
    'call_already_ended',
    1008,
    1,
  ],
];
for (const [what, say, code, closeCode, accepted = 0] of REFUSALS) {
  test(`${what}: told as ${code}, closed with ${closeCode}, ended as a fact, others unharmed`, async () => {
    const bystander = { callId: newCallId(), encoding: 'mulaw', rateHz: 8_000, layout: 'interleaved' };
    const other = connectEarshot({ url: server.url, hello: bystander });
    await other.ready;
    const { socket, received, closed } = await openRaw(server.url);
    const callId = newCallId();
    say(socket, callId);
    assert.equal(await closed, closeCode);
    const error = received.find(({ type }) => type === 'error');
    assert.equal(error?.code, code);
    assert.ok(error.expected !== '' && error.got !== '');
    assert.equal(error.message, `${code}: expected ${String(error.expected)}; got ${String(error.got)}`);
    assert.equal(server.errors.pop(), code);
    const opened = server.entries.some((entry) => entry.callId === callId);
    assert.equal(opened, received[0].type === 'ready');
    if (opened) {
      const end = server.endOf(callId);
      assert.equal(end?.reason, code === 'call_already_ended' ? 'completed' : 'invalid_input');
      assert.equal(end?.errorCode, code === 'call_already_ended' ? '' : code);
      assert.ok(!end?.errorText.includes('; got'), 'what came, which may be what somebody said, is not kept');
    }
    assert.equal(server.audioOf(callId).length, accepted);
    for (let i = 0; i < 3; i += 1) other.sendAudio('both', i * 160, new Uint8Array(320));
    await other.bye();
    assert.equal(server.audioOf(bystander.callId).length, 3);
    assert.deepEqual(server.bugs, []);
  });
}

test('positions beyond a day are refused even where it is not known how far the call had come', async () => {
  server.durable = { seq: 9, ended: false };
  const { socket, received, closed } = await openRaw(server.url);
  hi(socket, newCallId());
  socket.send(sound(10, 24 * 3_600 * S + 1, 320));
  assert.equal(await closed, 1008);
  assert.equal(received.at(-1)?.code, 'timestamp_out_of_range');
  server.durable = null;
});

test('a call is no longer than its limit, by its audio or by the clock', async (t) => {
  const limited = await startIngestServer({ limits: { callMsMax: 20_000 } });
  t.after(() => limited.close());
  const byAudio = await openRaw(limited.url);
  hi(byAudio.socket, 'by-audio');
  byAudio.socket.send(sound(0, 20 * S, 320));
  assert.equal(await byAudio.closed, 1008);
  assert.equal(limited.endOf('by-audio')?.errorCode, 'call_too_long');
  const byClock = await openRaw(limited.url);
  hi(byClock.socket, 'by-clock');
  await until('it is ready', () => byClock.received.length > 0);
  limited.pass(20_001);
  assert.equal(await byClock.closed, 1008);
  assert.equal(byClock.received.at(-1)?.code, 'call_too_long');
  assert.equal(limited.endOf('by-clock')?.errorCode, 'call_too_long');
});

test('frames that no WebSocket takes: closed by the book, and the call ends as a fact', async () => {
  const bad: readonly (readonly [Say, number, string])[] = [
    [(socket) => socket.send(new Uint8Array(server.limits.messageBytesMax + 1)), 1009, 'message_too_large'],
    [
      (socket) => {
        for (let i = 0; i <= server.limits.fragmentsMax; i += 1) socket.send(Uint8Array.of(i), { fin: false });
      },
      1008,
      'message_too_large',
    ],
    [(socket) => socket.send(Buffer.from([0xff, 0xfe]), { binary: false }), 1007, 'message_invalid'],
  ];
  for (const [say, closeCode, code] of bad) {
    const callId = newCallId();
    const { socket, received, closed } = await openRaw(server.url);
    hi(socket, callId);
    await until('it is ready', () => received.length > 0);
    say(socket, callId);
    assert.equal(await closed, closeCode);
    await until('the end is taken', () => server.endOf(callId) !== null);
    assert.deepEqual([server.endOf(callId)?.reason, server.endOf(callId)?.errorCode], ['invalid_input', code]);
  }
});

test('a client whose message is too large is told so and does not send it again', async () => {
  const hello = { callId: newCallId(), encoding: 'mulaw', rateHz: 8_000, layout: 'interleaved' };
  const client = connectEarshot({ url: server.url, hello });
  await client.ready;
  client.sendAudio('both', 0, new Uint8Array(server.limits.messageBytesMax));
  await assert.rejects(client.done, { code: 'message_too_large' });
});

test('a socket that does not say which call it is, is closed in time; Twilio without a start as well', async () => {
  const heard = server.messagesHeard;
  const silent = await openRaw(server.url);
  const connected = await openRaw(server.url);
  connected.socket.send(JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }));
  await until('both are there', () => server.ingest.openSockets === 2 && server.messagesHeard > heard);
  server.pass(server.limits.helloMsMax + 1);
  assert.equal(await silent.closed, 1008);
  assert.equal(silent.received[0].code, 'hello_timeout');
  assert.equal(await connected.closed, 1008);
  assert.deepEqual(connected.received, []);
});

test('silence for minutes is no fault of a client that answers pings; one that does not is gone', async () => {
  const callId = newCallId();
  const { socket, received, closed } = await openRaw(server.url);
  hi(socket, callId);
  await until('it is ready', () => received.length > 0);
  for (let i = 0; i < 15; i += 1) {
    const heard = server.bytesHeard;
    server.pass(server.limits.pingEveryMs);
    await until('the pong is heard', () => server.bytesHeard > heard);
  }
  socket.send(sound(0, 0, 320));
  await until('it is heard', () => server.audioOf(callId).length === 1);
  socket.pause();
  server.pass(server.limits.pingEveryMs);
  server.pass(server.limits.idleMsMax);
  socket.resume();
  assert.equal(await closed, 1006);
  await until('the server notices', () => server.ingest.openSockets === 0);
  assert.equal(server.endOf(callId), null);
  server.pass(server.limits.resumeGraceMs + 1);
  assert.equal(server.endOf(callId)?.reason, 'client_vanished');
});

test('a hello may not leave the tenant of its URL', async () => {
  const { socket, received, closed } = await openRaw(`${server.url}/acme`);
  hi(socket, newCallId(), { tenant: 'other' });
  assert.equal(await closed, 1008);
  assert.match(String(received[0].message), /hello_invalid: expected tenant acme/);
  const same = await openRaw(`${server.url}/acme`);
  const callId = newCallId();
  hi(same.socket, callId);
  await until('it is ready', () => same.received.length > 0);
  assert.equal(server.entries.find((entry) => entry.callId === callId)?.tenant, 'acme');
  same.socket.terminate();
});

const twilioCall = (callSid: string): string[] =>
  twilioMessages({ callSid, streamSid: 'MZ1', inbound: new Uint8Array(1_600), outbound: new Uint8Array(1_600) });

test('Twilio: what is wrong ends the call with its code and closes the socket; nothing is ever sent', async () => {
  const wrong: readonly (readonly [string | Buffer, string])[] = [
    ['{"event":"media","media":{"track":"inbound","chunk":"x"}}', 'message_invalid'],
    [
      '{"event":"media","media":{"track":"inbound","chunk":"9","timestamp":"99999999","payload":"AAAA"}}',
      'timestamp_out_of_range',
    ],
    ['media', 'message_invalid'],
    [Buffer.from([1, 2, 3]), 'protocol_violation'],
  ];
  for (const [message, code] of wrong) {
    const callSid = newCallId();
    const { socket, received, closed } = await openRaw(server.url);
    for (const good of twilioCall(callSid).slice(0, 4)) socket.send(good);
    socket.send(message);
    assert.ok([1007, 1008].includes(await closed));
    assert.deepEqual(received, []);
    assert.equal(server.audioOf(callSid).length, 2);
    assert.deepEqual([server.endOf(callSid)?.reason, server.endOf(callSid)?.errorCode], ['invalid_input', code]);
  }
  assert.deepEqual(server.bugs, []);
});

test('Twilio: a second stream of the same call is refused, the first goes on', async () => {
  const callSid = newCallId();
  const messages = twilioCall(callSid);
  const first = await openRaw(server.url);
  for (const message of messages.slice(0, 4)) first.socket.send(message);
  await until('it is heard', () => server.audioOf(callSid).length === 2);
  const second = await openRaw(server.url);
  for (const message of messages.slice(0, 2)) second.socket.send(message);
  assert.equal(await second.closed, 1008);
  for (const message of messages.slice(4)) first.socket.send(message);
  assert.equal(await first.closed, 1000);
  assert.equal(server.audioOf(callSid).length, 20);
  assert.equal(server.endOf(callSid)?.reason, 'completed');
});
