/** Twilio's streams over real sockets: on good days and bad ones, to every kind of end; and never a word back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { openRaw, startIngestServer, until, type IngestServer } from '../../test/support/ingestServer.ts';
import { twilioMessages, type TwilioFaults } from '../../test/support/twilioSender.ts';

let server: IngestServer;
before(async () => {
  server = await startIngestServer();
});
after(() => server.close());

const CHUNK = 160;
/** Each chunk is filled with its number. */
const numbered = (chunks: number): Uint8Array =>
  Uint8Array.from({ length: chunks * CHUNK }, (_, i) => Math.floor(i / CHUNK));

let callNumber = 0;
function newCall(chunks = 10, faults?: TwilioFaults): { callSid: string; messages: string[] } {
  callNumber += 1;
  const callSid = `CA${callNumber}`;
  const audio = numbered(chunks);
  return { callSid, messages: twilioMessages({ callSid, streamSid: 'MZ1', inbound: audio, outbound: audio, faults }) };
}

test('both tracks go into the log of the tenant in the path, nothing is sent back, stop ends the call', async () => {
  const { callSid, messages } = newCall();
  const { socket, received, closed } = await openRaw(`${server.url}/acme`);
  for (const message of messages) socket.send(message);
  assert.equal(await closed, 1000);
  assert.deepEqual(received, []);
  assert.equal(server.audioOf(callSid).length, 20);
  assert.ok(server.entries.every((entry) => entry.callId !== callSid || entry.tenant === 'acme'));
  assert.deepEqual(server.endOf(callSid), { reason: 'completed', errorCode: '', errorText: '', own: false, seq: 20 });
});

test('chunks lost, swapped and doubled: all that come are in the log at once, each at its place', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const faults = { seed, dropShare: 0.1, duplicateShare: 0.1, reorderShare: 0.3 };
      const { callSid, messages } = newCall(60, faults);
      const { socket, closed } = await openRaw(server.url);
      for (const message of messages) socket.send(message);
      assert.equal(await closed, 1000);
      const heard = server.audioOf(callSid);
      assert.equal(heard.length, messages.length - 3);
      for (const { message } of heard) {
        assert.ok(message.type === 'audio' && message.position === message.payload[0] * CHUNK);
      }
    }),
    { numRuns: 10 },
  );
});

test('who hangs up without a stop has vanished, at once: Twilio never comes back to a stream', async () => {
  const { callSid, messages } = newCall();
  const { socket } = await openRaw(server.url);
  for (const message of messages.slice(0, -1)) socket.send(message);
  await until('it is heard', () => server.audioOf(callSid).length === 20);
  socket.terminate();
  await until('the end is taken', () => server.endOf(callSid) !== null);
  assert.equal(server.endOf(callSid)?.reason, 'client_vanished');
});

test('who hangs up while the call is being found: what was sent counts, and the call ends', async () => {
  const { callSid, messages } = newCall();
  const { socket } = await openRaw(server.url);
  for (const message of messages.slice(0, -1)) socket.send(message);
  socket.close();
  await until('the end is taken', () => server.endOf(callSid) !== null);
  assert.equal(server.audioOf(callSid).length, 20);
  assert.equal(server.endOf(callSid)?.reason, 'client_vanished');
});

test('the server stops: the call ends as that, for nobody can go on with it', async (t) => {
  const stopping = await startIngestServer();
  t.after(() => stopping.close());
  const { callSid, messages } = newCall();
  const { socket, received, closed } = await openRaw(stopping.url);
  for (const message of messages.slice(0, 6)) socket.send(message);
  await until('it is heard', () => stopping.audioOf(callSid).length === 4);
  stopping.ingest.close();
  assert.deepEqual(stopping.endOf(callSid), { reason: 'shutdown', errorCode: '', errorText: '', own: true, seq: 3 });
  assert.equal(await closed, 1001);
  assert.deepEqual(received, []);
});
