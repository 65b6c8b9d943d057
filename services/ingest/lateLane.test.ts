/** A side that falls silent on the wire is waited for, then given up; never beyond what must have happened by now. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeAudio } from '../../adapters/telephony/earshot.ts';
import type { AdvanceMessage } from '../../core/audio/message.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { Channel } from '../../core/units/channel.ts';
import { openRaw, startIngestServer, until } from '../../test/support/ingestServer.ts';
import { LaneClock } from './laneClock.ts';

const RATE_HZ = 8_000;
const LATE_MS = 1_000;
const T0 = 1_000_000;
const callOf = (agentPlacement: OpenCall['agentPlacement']): OpenCall => ({
  tenant: 't',
  callId: 'c',
  protocol: 'earshot',
  startedAtMs: T0,
  encoding: 'mulaw',
  rateHz: RATE_HZ,
  layout: 'separate',
  channelOrder: ['caller', 'agent'],
  agentPlacement,
  tap: 'sent',
  agentVersion: '',
  traceId: '',
  labels: {},
  providerIds: {},
});
const newClock = (placement: OpenCall['agentPlacement'] = 'media'): LaneClock =>
  new LaneClock(callOf(placement), LATE_MS, T0);
const at = (ms: number): number => (ms * RATE_HZ) / 1_000;

/** 20 ms of one side, as a live source sends it: when it has been spoken. */
function live(clock: LaneClock, channel: Channel, ms: number): void {
  clock.note(channel, at(ms), at(ms + 20), T0 + ms + 20);
}

/** Runs 10 s in steps of 20 ms; what a side sends at which time is said by `speaks`. */
function run(clock: LaneClock, speaks: (channel: Channel, ms: number) => boolean): AdvanceMessage[] {
  const due: AdvanceMessage[] = [];
  for (let ms = 0; ms < 10_000; ms += 20) {
    for (const channel of ['caller', 'agent'] as const) if (speaks(channel, ms)) live(clock, channel, ms);
    due.push(...clock.due(T0 + ms + 20));
  }
  return due;
}

test('as long as both sides come, and before anything comes, nothing is given up', () => {
  assert.deepEqual(
    run(newClock(), () => true),
    [],
  );
  assert.deepEqual(
    run(newClock(), () => false),
    [],
  );
});

test('a side that stops is given up a second behind the other, again and again', () => {
  const due = run(newClock(), (channel, ms) => channel === 'caller' || ms < 3_000);
  assert.ok(due.every(({ channel, reason }) => channel === 'agent' && reason === 'late'));
  assert.deepEqual(due[0].position, at(3_020));
  assert.equal(due.at(-1)?.position, at(9_000));
});

test('a side that never comes is given up from the start', () => {
  for (const silent of ['caller', 'agent'] as const) {
    const due = run(newClock(), (channel) => channel !== silent);
    assert.ok(due.every(({ channel }) => channel === silent));
    assert.ok(Math.abs((due.at(-1)?.position ?? 0) - at(9_000)) <= at(20));
  }
});

test('an agent that sends a minute at once says nothing of the caller: the clock does', () => {
  const clock = newClock();
  for (let ms = 0; ms < 2_000; ms += 20) live(clock, 'caller', ms);
  clock.note('agent', at(1_000), at(61_000), T0 + 2_000);
  assert.deepEqual(clock.due(T0 + 2_900), []);
  const [advance] = clock.due(T0 + 5_000);
  assert.deepEqual(advance, { type: 'advance', channel: 'caller', position: at(4_000), reason: 'late' });
});

test('queued audio has no lateness of its own; the caller is measured by when things were queued', () => {
  const clock = newClock('playout');
  live(clock, 'caller', 0);
  clock.note('agent', at(100), at(60_100), T0 + 120);
  assert.deepEqual(clock.due(T0 + 30_000), []);
  clock.note('agent', at(30_000), at(31_000), T0 + 30_000);
  assert.deepEqual(
    clock.due(T0 + 30_000).map(({ channel, position }) => [channel, position]),
    [['caller', at(29_000)]],
  );
});

test('after a pause in reading the sides get their second again', () => {
  const clock = newClock();
  for (let ms = 0; ms < 2_000; ms += 20) for (const channel of ['caller', 'agent'] as const) live(clock, channel, ms);
  clock.resume(T0 + 60_000);
  clock.note('caller', at(2_000), at(50_000), T0 + 60_001);
  assert.deepEqual(clock.due(T0 + 60_900), []);
  clock.note('agent', at(2_000), at(50_000), T0 + 60_950);
  assert.deepEqual(clock.due(T0 + 62_500), []);
});

test('however the sides send, none is given up beyond the other less a second, nor beyond the clock, nor backwards', () => {
  const step = fc.record({
    channel: fc.constantFrom('caller' as const, 'agent' as const),
    waitMs: fc.integer({ min: 0, max: 3_000 }),
    jumpMs: fc.integer({ min: -500, max: 2_000 }),
    lengthMs: fc.integer({ min: 1, max: 10_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = newClock();
      const ends = { caller: 0, agent: 0 };
      const given = { caller: 0, agent: 0 };
      let nowMs = T0;
      let earliestMs = Infinity;
      for (const { channel, waitMs, jumpMs, lengthMs } of steps) {
        nowMs += waitMs;
        const startMs = Math.max(0, ends[channel] + jumpMs);
        clock.note(channel, at(startMs), at(startMs + lengthMs), nowMs);
        earliestMs = Math.min(earliestMs, nowMs - startMs - lengthMs);
        ends[channel] = Math.max(ends[channel], startMs + lengthMs);
        for (const { channel: late, position } of clock.due(nowMs)) {
          assert.ok(position <= at(ends[late === 'caller' ? 'agent' : 'caller'] - LATE_MS));
          assert.ok(position <= at(nowMs - earliestMs - LATE_MS));
          assert.ok(position > given[late]);
          given[late] = position;
        }
      }
    }),
  );
});

test('over a socket: the given-up stretch is in the log, in order, numbered with the sender message before it', async (t) => {
  const server = await startIngestServer();
  t.after(() => server.close());
  const { socket, received } = await openRaw(server.url);
  socket.send(
    JSON.stringify({
      type: 'hello',
      version: 1,
      callId: 'late',
      encoding: 'mulaw',
      rateHz: RATE_HZ,
      layout: 'separate',
    }),
  );
  await until('it is ready', () => received.length > 0);
  for (let seq = 0; seq < 150; seq += 1) {
    const payload = new Uint8Array(at(20));
    socket.send(encodeAudio({ seq, lane: 'caller', position: seq * at(20), payload }));
    await until('it is heard', () => server.audioOf('late').length === seq + 1);
    server.pass(20);
  }
  const advances = server.entries.filter(({ message }) => message.type === 'advance');
  assert.ok(advances.length > 0 && advances.every(({ own }) => own));
  for (const advance of advances) {
    const before = server.entries.slice(0, server.entries.indexOf(advance)).findLast(({ own }) => !own);
    assert.equal(advance.seq, before?.seq);
  }
  const { message } = advances[advances.length - 1];
  assert.ok(message.type === 'advance' && message.channel === 'agent' && message.position <= at(2_000));
  socket.terminate();
});
