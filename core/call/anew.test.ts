/** A call that begins anew in its middle: what came before is a gap of reason `restart`, and nothing else is missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGENT, CALLER, DURATION_MS, interleaved, openCall, sideOf } from '../../test/support/calls.ts';
import { fakeBatcher } from '../../test/support/fakeBatcher.ts';
import type { AudioMessage, CallMessage } from '../audio/message.ts';
import type { Fact } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { createCall, type Call } from './call.ts';

const [caller, agent] = [sideOf(DURATION_MS, CALLER), sideOf(DURATION_MS, AGENT, 8_000, 2)];
const FROM = 48_000;
const END = (DURATION_MS * 8_000) / 1_000;
/** From the stream's 8 kHz to the timeline. */
const onTimeline = (position: number): number => 2 * position;

const audio = (lane: AudioMessage['lane'], position: number, payload: Uint8Array): AudioMessage => ({
  type: 'audio',
  lane,
  position,
  payload,
  arrivedAtMs: 1_700_000_000_000 + position / 8,
});
const bytes = (samples: Int16Array): Uint8Array => new Uint8Array(samples.slice().buffer);

function messagesFrom(open: OpenCall, from: number): AudioMessage[] {
  const messages: AudioMessage[] = [];
  for (let at = from; at < END; at += 800) {
    const [heard, said] = [caller, agent].map((side) => side.slice(at, at + 800));
    if (open.layout === 'interleaved') messages.push(audio('both', at, interleaved(heard, said)));
    else messages.push(audio('caller', at, bytes(heard)), audio('agent', at, bytes(said)));
  }
  return messages;
}

async function take(call: Call, messages: readonly CallMessage[], facts: Fact[]): Promise<void> {
  const emit = (fact: Fact): void => void facts.push(fact);
  for (const message of messages) {
    call.push(message, emit);
    await score(call, emit);
  }
}

async function score(call: Call, emit: (fact: Fact) => void): Promise<void> {
  for (let rows = call.rows(); rows.length > 0; rows = call.rows()) {
    for (const { channel, row } of rows) call.scored(channel, await fakeBatcher.score(row), emit);
  }
}

async function finish(call: Call, facts: Fact[]): Promise<void> {
  const emit = (fact: Fact): void => void facts.push(fact);
  call.finishHearing(emit);
  await score(call, emit);
  call.finishJudging(emit);
  call.end({ reason: 'completed', errorCode: '', errorText: '' }, emit);
}

async function heardFrom(open: OpenCall, messages: readonly CallMessage[]): Promise<Fact[]> {
  const facts: Fact[] = [];
  const call = createCall(open, []);
  call.startAnew((fact) => facts.push(fact));
  await take(call, messages, facts);
  await finish(call, facts);
  return facts;
}

function assertGapUpTo(facts: readonly Fact[], position: number): void {
  const gaps = facts.filter((fact) => fact.kind === 'gap' && fact.status === 'final');
  const told = gaps.map((gap) => gap.kind === 'gap' && [gap.channel, gap.startSample, gap.endSample, gap.reason]);
  assert.deepEqual(
    told.sort(),
    ['agent', 'caller'].map((channel) => [channel, 0, onTimeline(position), 'restart']),
  );
  const summary = facts.find((fact) => fact.kind === 'summary');
  assert.ok(summary?.kind === 'summary');
  const { gapSamplesCaller, gapSamplesAgent, analysedSamplesCaller, analysedSamplesAgent } = summary;
  const rest = onTimeline(END - position);
  const before = facts.filter(({ kind, startSample }) => kind !== 'gap' && startSample < onTimeline(position));
  assert.deepEqual(
    before.map(({ kind }) => kind),
    ['call_started', 'summary'],
    'signals and facts of before are left as they were told',
  );
  assert.ok(facts.some(({ kind }) => kind === 'frames') && facts.some(({ kind }) => kind === 'speech'));
  assert.deepEqual([gapSamplesCaller, analysedSamplesCaller], [onTimeline(position), rest]);
  assert.deepEqual([gapSamplesAgent, analysedSamplesAgent], [onTimeline(position), rest]);
}

test('placed by media time, both sides together or each for itself: one gap a side, up to what came first', async () => {
  for (const layout of ['interleaved', 'separate'] as const) {
    const open = openCall({ layout });
    const facts = await heardFrom(open, messagesFrom(open, FROM));
    assertGapUpTo(facts, FROM);
  }
});

test("an agent placed by playout is unknown up to the caller's clock; what was queued since is played after it", async () => {
  const open = openCall({ layout: 'separate', agentPlacement: 'playout' });
  const [first, ...rest] = messagesFrom(open, FROM);
  const queued = rest.filter(({ lane }) => lane === 'agent');
  const heard = rest.filter(({ lane }) => lane === 'caller');
  assertGapUpTo(await heardFrom(open, [queued[0], first, ...queued.slice(1), ...heard]), FROM);
});

test('a side that says nothing more is a gap up to where it is no longer waited for', async () => {
  const open = openCall({ layout: 'separate' });
  const messages = messagesFrom(open, FROM).filter(({ lane }) => lane === 'caller');
  const advance: CallMessage = { type: 'advance', channel: 'agent', position: FROM + 800, reason: 'late' };
  const facts = await heardFrom(open, [messages[0], messages[1], advance, ...messages.slice(2)]);
  const gaps = facts.flatMap((fact) => (fact.kind === 'gap' && fact.status === 'final' ? [fact] : []));
  assert.deepEqual(gaps.map(({ channel, reason, endSample }) => [channel, reason, endSample]).sort(), [
    ['agent', 'loss', onTimeline(END)],
    ['agent', 'restart', onTimeline(FROM + 800)],
    ['caller', 'restart', onTimeline(FROM)],
  ]);
});

test('saved before the second side is heard, it goes on alike', async () => {
  const open = openCall({ layout: 'separate' });
  const messages = messagesFrom(open, FROM);
  const facts: Fact[] = [];
  let call = createCall(open, []);
  call.startAnew((fact) => facts.push(fact));
  await take(call, messages.slice(0, 1), facts);
  const state = structuredClone(call.save());
  call = createCall(open, []);
  call.load(state);
  await take(call, messages.slice(1), facts);
  await finish(call, facts);
  assert.deepEqual(facts, await heardFrom(open, messages));
});

test('a call that had not been heard at all begins at its beginning', async () => {
  const open = openCall();
  const facts = await heardFrom(open, messagesFrom(open, 0));
  assert.equal(facts.filter(({ kind }) => kind === 'gap').length, 0);
});

test('many minutes are skipped in slices, to the sample', async () => {
  const open = openCall();
  const position = 10 * 60 * 8_000 + 123;
  const message = audio('both', position, interleaved(caller.slice(0, 800), agent.slice(0, 800)));
  const facts = await heardFrom(open, [message]);
  const gaps = facts.flatMap((fact) => (fact.kind === 'gap' && fact.status === 'final' ? [fact] : []));
  assert.deepEqual(
    gaps.map(({ endSample }) => endSample),
    [onTimeline(position), onTimeline(position)],
  );
});
