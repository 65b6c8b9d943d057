/** The laws for the whole call: cut, lane by lane, saved and loaded anywhere, it finds the same facts under the same ids. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { createCall, type Call } from '../../core/call/call.ts';
import type { WindowRequest } from '../../core/call/voices.ts';
import type { CallMessage } from '../../core/audio/message.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { VOICE_FORMAT, type WindowFormat } from '../../core/inference/windowModel.ts';
import { AGENT, CALLER, DURATION_MS, interleaved, openCall, sideOf } from '../support/calls.ts';
import { measureByLevel, scoreByLevel } from '../support/fakeBatcher.ts';

const caller = sideOf(DURATION_MS, CALLER);
const agent = sideOf(DURATION_MS, AGENT, 8_000, 2);
const both = interleaved(caller, agent);

function score(call: Call, emit: (fact: Fact) => void): void {
  for (let rows = call.rows(); rows.length > 0; rows = call.rows()) {
    for (const { channel, row } of rows) call.scored(channel, scoreByLevel(row), emit);
  }
}

interface Running {
  /** Before this message the call goes on in another one, from its saved state. */
  readonly handOverAt?: number;
  /** Formats of models that only the second one has. */
  readonly addedLater?: readonly WindowFormat[];
  /** So many windows wait before any is answered, and then the newest first. */
  readonly openWindows?: number;
}

function factsOf(
  open: ReturnType<typeof openCall>,
  messages: readonly CallMessage[],
  { handOverAt = -1, addedLater = [], openWindows = 0 }: Running = {},
): Fact[] {
  const facts: Fact[] = [];
  const emit = (fact: Fact): void => void facts.push(fact);
  let call = createCall(open, [VOICE_FORMAT]);
  let asked: WindowRequest[] = [];
  const measure = (openMax: number): void => {
    asked.push(...call.windows());
    if (asked.length <= openMax) return;
    for (const request of asked.reverse()) call.measured(request, measureByLevel(request.row), emit);
    asked = [];
  };
  call.start(emit);
  messages.forEach((message, i) => {
    if (i === handOverAt) {
      const state = deserialize(serialize(call.save())) as unknown;
      call = createCall(open, [VOICE_FORMAT, ...addedLater]);
      call.load(state);
      asked = [];
    }
    call.push(message, emit);
    score(call, emit);
    measure(openWindows);
  });
  call.finishHearing(emit);
  score(call, emit);
  call.finishJudging(emit);
  measure(0);
  call.end({ reason: 'completed', errorCode: '', errorText: '' }, emit);
  return facts;
}

const audio = (lane: 'both' | 'caller' | 'agent', position: number, payload: Uint8Array): CallMessage => ({
  type: 'audio',
  lane,
  position,
  payload,
  arrivedAtMs: 1_700_000_000_000 + position / 8,
});

/** The stereo call in messages of the given lengths (samples), repeated as needed. */
function stereoMessages(lengths: readonly number[]): CallMessage[] {
  const messages: CallMessage[] = [];
  for (let position = 0, i = 0; position < caller.length; i += 1) {
    const end = Math.min(caller.length, position + lengths[i % lengths.length]);
    messages.push(audio('both', position, both.subarray(4 * position, 4 * end)));
    position = end;
  }
  return messages;
}

function laneMessages(samplesEach: number): CallMessage[] {
  const messages: CallMessage[] = [];
  for (let position = 0; position < caller.length; position += samplesEach) {
    for (const [lane, samples] of [
      ['caller', caller],
      ['agent', agent],
    ] as const) {
      const part = samples.slice(position, position + samplesEach);
      messages.push(audio(lane, position, new Uint8Array(part.buffer)));
    }
  }
  return messages;
}

/** Facts without the moment at which they were told: that is wall time, and hangs on how audio arrived. */
const content = (facts: readonly Fact[]): unknown[] =>
  facts
    .map(({ startWallMs: _, ...fact }) => (fact.kind === 'call_ended' ? { ...fact, wallTimeOfSample0Ms: 0 } : fact))
    .filter(({ kind }) => kind !== 'call_started')
    .toSorted((a, b) => (a.id === b.id ? a.revision - b.revision : a.id < b.id ? -1 : 1));

const reference = content(factsOf(openCall(), stereoMessages([160])));

test('the conversation is found: a barge-in, a backchannel, responses', () => {
  const finals = factsOf(openCall(), stereoMessages([160])).filter(({ status }) => status === 'final');
  const outcomes = finals.flatMap((fact) => (fact.kind === 'interruption' ? [fact.outcome] : []));
  assert.deepEqual(outcomes, ['backchannel', 'yielded']);
  assert.equal(finals.filter(({ kind }) => kind === 'response').length, 2);
});

test('any chunking gives equal facts', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 8 }), (lengths) => {
      assert.deepEqual(content(factsOf(openCall(), stereoMessages(lengths))), reference);
    }),
    { numRuns: 15 },
  );
});

test('two mono streams give the facts of one stereo stream', () => {
  assert.deepEqual(content(factsOf(openCall({ layout: 'separate' }), laneMessages(160))), reference);
});

test('mono streams that come out of step, within the bound, give the same facts', () => {
  const messages = laneMessages(160);
  for (let i = 10; i + 8 < messages.length; i += 40) messages.splice(i, 8, ...messages.slice(i, i + 8).reverse());
  assert.deepEqual(content(factsOf(openCall({ layout: 'separate' }), messages)), reference);
});

test('handed over anywhere, the call ends with the same facts', () => {
  const messages = stereoMessages([1_600]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: messages.length - 1 }), (at) => {
      assert.deepEqual(content(factsOf(openCall(), messages, { handOverAt: at, openWindows: at % 4 })), reference);
    }),
    { numRuns: 15 },
  );
});

test('a model that is added in mid-call is asked about later calls only', () => {
  const addedLater = [{ ...VOICE_FORMAT, name: 'added' }];
  assert.deepEqual(content(factsOf(openCall(), stereoMessages([160]), { handOverAt: 500, addedLater })), reference);
});

test('windows may be answered late and in any order', () => {
  for (const openWindows of [1, 3, 1_000]) {
    assert.deepEqual(content(factsOf(openCall(), stereoMessages([160]), { openWindows })), reference);
  }
});

test('every frame of the call has its signals, measured where somebody speaks', () => {
  const facts = factsOf(openCall(), stereoMessages([160]));
  for (const channel of ['caller', 'agent'] as const) {
    const rows = facts.flatMap((fact) => (fact.kind === 'frames' && fact.channel === channel ? [fact] : []));
    assert.equal(
      rows.reduce((sum, { frameCount }) => sum + frameCount, 0),
      DURATION_MS / 10,
    );
    const flags = rows.flatMap((row) => [...row.flags]);
    assert.ok(flags.every((bits) => (bits & 1) === 0 || (bits & 32) !== 0));
    assert.ok(flags.some((bits) => (bits & 32) === 0));
  }
});

test('a saved call is small, however long the call', () => {
  const call = createCall(openCall(), [VOICE_FORMAT]);
  const ignore = (): void => undefined;
  const sizes: number[] = [];
  for (let round = 0; round < 24; round += 1) {
    for (const message of stereoMessages([8_000])) {
      if (message.type !== 'audio') continue;
      call.push({ ...message, position: message.position + round * caller.length }, ignore);
      score(call, ignore);
      for (const request of call.windows()) call.measured(request, measureByLevel(request.row), ignore);
    }
    sizes.push(serialize(call.save()).byteLength);
  }
  // Two channels with up to four seconds of 16-bit audio, at 8 kHz for windows and at 4 kHz for loops, and 50 kB for all else.
  assert.ok(Math.max(...sizes) < 2 * 4 * (8_000 + 4_000) * 2 + 50_000, `${Math.max(...sizes)} bytes`);
  // It comes and goes with how far the next window is filled.
  const [first, second] = [sizes.slice(0, 12), sizes.slice(12)].map((half) => Math.max(...half));
  assert.ok(second < first * 1.2 + 2_000, `grows: ${sizes.join(' ')}`);
});

test('analysed + gaps = span, with audio lost on one side', () => {
  const messages = laneMessages(160).filter((_, i) => i % 2 === 0 || i % 14 !== 7);
  const facts = factsOf(openCall({ layout: 'separate' }), messages);
  const summary = facts.find((fact) => fact.kind === 'summary');
  assert.ok(summary?.kind === 'summary');
  assert.equal(summary.endSample, DURATION_MS * 16);
  const gaps = facts.filter((fact) => fact.kind === 'gap' && fact.status === 'final');
  const lost = gaps.reduce(
    (sum, gap) => sum + (gap.kind === 'gap' ? (gap.endSample as number) - gap.startSample : 0),
    0,
  );
  assert.ok(lost > 0);
  assert.equal(summary.gapSamplesAgent, lost);
  assert.equal(summary.analysedSamplesAgent + lost, summary.endSample);
  assert.equal(summary.gapSamplesCaller, 0);
});

test('agent audio sent in bursts lands where it is played, and a clear cuts it there', () => {
  const open = openCall({ layout: 'separate', agentPlacement: 'playout' });
  const speech = new Uint8Array(sideOf(4_000, [[0, 4_000]]).buffer);
  const messages = laneMessages(160).filter((message) => message.type === 'audio' && message.lane === 'caller');
  // At 8 s on the caller's clock the agent queues 4 s at once; at 9.6 s its player is cleared.
  messages.splice(400, 0, audio('agent', 64_000, speech));
  messages.splice(481, 0, { type: 'clear', position: 76_800 });
  const agentSpeech = factsOf(open, messages).filter(
    (fact) => fact.kind === 'speech' && fact.channel === 'agent' && fact.status === 'final',
  );
  const spans = agentSpeech.map((fact) =>
    fact.kind === 'speech' ? [fact.startSample / 16, (fact.endSample as number) / 16] : [],
  );
  assert.deepEqual(spans, [[8_000, 9_600]]);
});
