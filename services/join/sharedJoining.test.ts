/** Several joiners beside one store: each call is one's, whoever takes its reports in; shares move, processes die, texts go along. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FactRow } from '../../adapters/clickhouse/joinRows.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { TextPolicy } from '../../core/events/textPolicy.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { JoinerFleet, type FleetCall } from '../../test/support/joinerFleet.ts';

const STARTED_AT_MS = 1_764_000_000_000;
const TURNS_AT_MS = [1_000, 130_000, 300_000];
const TEXT = 'good morning to you and welcome';
/** One word of six. */
const MISHEARD = 'good morning to you and farewell';
const WORD_MS = 500;
const TURN_MS = TEXT.split(' ').length * WORD_MS;

function callOf(name: string): FleetCall {
  const fact = (kind: FactRow['kind'], channel: FactRow['channel'], startMs: number, turnIndex: number): FactRow => ({
    tenant: 't',
    call_id: name,
    kind,
    channel,
    status: 'final',
    revision: 0,
    start_sample: startMs * 16,
    end_sample: (startMs + TURN_MS) * 16,
    outcome: '',
    turn_index: kind === 'turn' ? turnIndex : null,
    ts_ms: STARTED_AT_MS + startMs,
  });
  return {
    call: { tenant: 't', callId: name, startedAtMs: STARTED_AT_MS, keys: [name, `sid-${name}`], traceId: '' },
    facts: [
      ...TURNS_AT_MS.flatMap((startMs, index) => [
        fact('speech', 'agent', startMs, index),
        fact('turn', 'agent', startMs, index),
      ]),
      fact('call_ended', '', 310_000, 0),
    ],
  };
}

const wordsOf = (text: string, fromMs: number) =>
  text.split(' ').map((word, index) => ({
    text: word,
    startMs: fromMs + index * WORD_MS,
    endMs: fromMs + (index + 1) * WORD_MS - 100,
    confidence: null,
  }));

/** One synthesis a turn, what a recogniser made of it (which only texts show to be wrong), and something without text, under either name of the call. */
function eventsOf(callKey: string, turns: readonly number[] = [...TURNS_AT_MS.keys()]): SpeechEvent[] {
  const origin = { tenant: 't', callKey, source: 'tts', receivedAtMs: STARTED_AT_MS + 400_000 };
  return turns.flatMap((turn) => [
    eventOf(
      {
        id: `${callKey} asked ${turn}`,
        type: 'tts_requested',
        role: 'agent',
        segmentId: String(turn),
        occurredAtMs: STARTED_AT_MS + TURNS_AT_MS[turn] - 200,
        text: TEXT,
      },
      origin,
    ),
    eventOf(
      {
        id: `${callKey} heard ${turn}`,
        type: 'stt_final',
        role: 'agent',
        occurredAtMs: STARTED_AT_MS + TURNS_AT_MS[turn] + TURN_MS + 300,
        text: MISHEARD,
        words: wordsOf(MISHEARD, TURNS_AT_MS[turn]),
      },
      { ...origin, source: 'stt' },
    ),
    eventOf(
      {
        id: `${callKey} end ${turn}`,
        type: 'turn_ended',
        role: 'caller',
        occurredAtMs: STARTED_AT_MS + TURNS_AT_MS[turn] - 600,
      },
      origin,
    ),
  ]);
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const CALLS = NAMES.map(callOf);

function fleetOf(processes: number, policy: TextPolicy = 'none'): JoinerFleet {
  const fleet = new JoinerFleet(CALLS, policy, STARTED_AT_MS);
  for (let count = 0; count < processes; count += 1) fleet.start();
  return fleet;
}

/** What one process makes of the same reports. */
async function alone(events: readonly SpeechEvent[], policy: TextPolicy = 'none') {
  const fleet = fleetOf(1, policy);
  fleet.dealAllToEach();
  for (const event of events) fleet.report(event);
  await fleet.cycle(12);
  return fleet.rows;
}

const byLetter = (count: number) => (key: string) => key.charCodeAt(key.length - 1) % count;

test('each call is joined by the one whose it is, and the end is as with one process', async () => {
  const fleet = fleetOf(2);
  fleet.deal(byLetter(2));
  const events = NAMES.flatMap((name) => eventsOf(name));
  for (const event of events) fleet.report(event);
  await fleet.cycle(12);
  assert.deepEqual(fleet.reads, [
    ['b', 'd', 'f'],
    ['a', 'c', 'e'],
  ]);
  assert.deepEqual(fleet.rows, await alone(events));
});

test('what is taken in under another name by another process comes to the owner, with its texts', async () => {
  const fleet = fleetOf(2);
  fleet.deal((key) => (key.startsWith('sid-') ? 0 : 1));
  const events = eventsOf('sid-a');
  for (const event of events) fleet.report(event);
  await fleet.cycle(6);
  assert.deepEqual(fleet.reads[0], []);
  assert.equal(fleet.rowsOf('agent_text').length, TURNS_AT_MS.length);
  assert.deepEqual(fleet.rows, await alone(events));
});

test('texts that came before their call was opened go to its owner when it is', async () => {
  const unknown: FleetCall[] = [];
  const fleet = new JoinerFleet(unknown, 'none', STARTED_AT_MS);
  fleet.start();
  fleet.start();
  fleet.deal((key) => (key.startsWith('sid-') ? 0 : 1));
  for (const event of eventsOf('sid-a')) fleet.report(event);
  await fleet.cycle(3);
  // The name, which is all that is known, moves to another meanwhile.
  await fleet.leave(0);
  fleet.kill(0);
  fleet.start();
  fleet.deal((key) => (key.startsWith('sid-') ? 1 : 0));
  await fleet.cycle(3);
  unknown.push(callOf('a'));
  const { call } = unknown[0];
  fleet.tellFact({
    kind: 'call_started',
    status: 'final',
    tenant: 't',
    callId: 'a',
    call: { ...call, providerIds: { sid: 'sid-a' } },
  } as unknown as Fact);
  await fleet.cycle(6);
  assert.deepEqual(fleet.rows, await alone(eventsOf('sid-a')));
});

test('the calls of a process that died are joined by the others, though nothing more is reported', async () => {
  const fleet = fleetOf(2, 'full');
  fleet.deal(byLetter(2));
  const events = NAMES.flatMap((name) => eventsOf(name));
  await fleet.cycle(1);
  for (const event of events) fleet.report(event);
  await fleet.cycle(1);
  fleet.kill(1);
  fleet.deal(() => 0);
  await fleet.cycle(2);
  assert.deepEqual(fleet.rows, await alone(events, 'full'));
});

test('what was recorded by a process that dies before it could tell the owner is told by the next, long after the call', async () => {
  const fleet = new JoinerFleet(CALLS, 'full', STARTED_AT_MS + 3_600_000);
  fleet.start();
  fleet.start();
  fleet.deal((key) => (key.startsWith('sid-') ? 0 : 1));
  await fleet.cycle(8);
  const events = eventsOf('sid-a');
  for (const event of events) fleet.report(event);
  await fleet.handOut();
  fleet.kill(0);
  fleet.deal(() => 0);
  await fleet.cycle(3);
  assert.deepEqual(fleet.rows, await alone(events, 'full'));
});

test('texts go along with a call that moves, and with one whose process ends in order', async () => {
  const fleet = fleetOf(2);
  const events = eventsOf('a');
  fleet.deal(() => 0);
  for (const event of events.slice(0, 2)) fleet.report(event);
  await fleet.cycle(2);
  fleet.deal(() => 1);
  for (const event of events.slice(2, 4)) fleet.report(event);
  await fleet.cycle(3);
  await fleet.leave(1);
  fleet.kill(1);
  fleet.deal(() => 0);
  for (const event of events.slice(4)) fleet.report(event);
  await fleet.cycle(6);
  assert.deepEqual(fleet.rows, await alone(events));
});

test('who has counts only gives up nothing that was found out with the texts, and tells what is new with its own', async () => {
  const fleet = fleetOf(2);
  const events = eventsOf('a');
  fleet.deal(() => 0);
  for (const event of events.slice(0, 2)) fleet.report(event);
  await fleet.cycle(3);
  const [before] = fleet.rowsOf('agent_text');
  fleet.kill(0);
  fleet.deal(() => 0);
  for (const event of events.slice(2)) fleet.report(event);
  await fleet.cycle(6);
  const after = fleet.rowsOf('agent_text');
  assert.deepEqual(
    after.find(({ id }) => id === before.id),
    before,
  );
  assert.deepEqual(fleet.rows, await alone(events));
});

test('two that both take a call for theirs do no harm, whichever writes last', async () => {
  for (const texts of [0, 1]) {
    const fleet = fleetOf(2);
    const events = eventsOf('a');
    fleet.deal(() => texts);
    for (const event of events) fleet.report(event);
    fleet.dealAllToEach();
    await fleet.cycle(1);
    fleet.deal(() => texts);
    for (const event of events) fleet.report(event);
    await fleet.cycle(1);
    fleet.dealAllToEach();
    await fleet.cycle(12);
    assert.deepEqual(fleet.rows, await alone(events), `texts with ${texts}`);
  }
});

test('whatever moves, joins, leaves and dies: nothing is lost, and the end is as with one process', async () => {
  const events = NAMES.flatMap((name) => [...eventsOf(name, [0, 2]), ...eventsOf(`sid-${name}`, [1])]);
  const expected = { full: await alone(events, 'full'), none: await alone(events, 'none') };
  const step = fc.oneof(
    fc.record({ what: fc.constant('deal' as const), seed: fc.nat(1_000) }),
    fc.record({
      what: fc.constantFrom('start' as const, 'kill' as const, 'leave' as const, 'cycle' as const),
      seed: fc.nat(9),
    }),
    fc.record({ what: fc.constant('report' as const), seed: fc.nat(9) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('full' as const, 'none' as const),
      fc.array(step, { maxLength: 30 }),
      async (policy, steps) => {
        const fleet = fleetOf(2, policy);
        const left = [...events];
        const deal = (seed: number): void =>
          fleet.deal(
            (key) => ([...key].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), seed) >>> 0) % fleet.size,
          );
        deal(0);
        for (const { what, seed } of steps) {
          if (what === 'report') for (const event of left.splice(0, seed)) fleet.report(event);
          else if (what === 'cycle') await fleet.cycle();
          else if (what === 'start') fleet.start();
          else if (what === 'deal') deal(seed);
          else if (fleet.size > 1) {
            // Who is killed loses its texts; with policy `none` that costs what they told.
            if (what === 'leave' || policy === 'none') await fleet.leave(seed % fleet.size);
            fleet.kill(seed % fleet.size);
            deal(seed);
          }
        }
        for (const event of left) fleet.report(event);
        deal(7);
        await fleet.cycle(14);
        assert.deepEqual(fleet.rows, expected[policy]);
      },
    ),
    { numRuns: 40 },
  );
});
