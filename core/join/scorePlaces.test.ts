/** Scores find the agent's turn that they are about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneExchange, span, told } from '../../test/support/oneExchange.ts';
import type { Score } from '../events/score.ts';
import { SAMPLES_PER_MS } from '../units/time.ts';
import { join } from './join.ts';
import type { JoinInput } from './joinInput.ts';

const about = (what: Partial<Score>): Score => ({
  id: 's1',
  tenant: 'acme',
  callKey: 'call-1',
  name: 'helpfulness',
  value: 0.8,
  label: '',
  explanation: '',
  source: 'judge',
  traceId: '',
  spanId: '',
  turnId: '',
  turnIndex: null,
  mediaMs: null,
  receivedAtMs: 0,
  ...what,
});

function placed(score: Score, input: JoinInput) {
  const [{ turnIndex, startSample, placedBy }] = join({ ...input, scores: [score] }).scores;
  return { turnIndex, startMs: startSample === null ? null : startSample / SAMPLES_PER_MS, placedBy };
}

/** Turns: 0 the agent greets, 1 the caller, 2 the agent answers. */
const GREETING = span('tts', 300, 900, { timeToFirstMs: 100, traceId: '1'.repeat(32) });
const REPLY = span('llm', 5_700, 6_900, { timeToFirstMs: 300, turnId: 'speech_2', traceId: '2'.repeat(32) });
const JUDGED = span('turn', 5_650, 10_000, { name: 'agent_turn', traceId: '2'.repeat(32) });
const EVENTS = [told(6_800, { type: 'tts_first_audio', turnId: 'speech_2' })];
const CALL = oneExchange(EVENTS, [GREETING, REPLY, JUDGED]);

test("by the turn's index", () => {
  assert.deepEqual(placed(about({ turnIndex: 2 }), CALL), { turnIndex: 2, startMs: 7_000, placedBy: '' });
  assert.deepEqual(placed(about({ turnIndex: 9 }), CALL), { turnIndex: 9, startMs: null, placedBy: '' });
});

test("by a moment: the agent's turn that covers it, or that it follows", () => {
  assert.deepEqual(placed(about({ mediaMs: 8_000 }), CALL), { turnIndex: 2, startMs: 8_000, placedBy: 'media' });
  assert.deepEqual(placed(about({ mediaMs: 4_000 }), CALL), { turnIndex: 0, startMs: 4_000, placedBy: 'media' });
  assert.deepEqual(placed(about({ mediaMs: 100 }), CALL), { turnIndex: null, startMs: 100, placedBy: 'media' });
});

test('by a request: the turn in which its output was heard', () => {
  const { traceId, spanId } = REPLY;
  assert.deepEqual(placed(about({ traceId, spanId }), CALL), { turnIndex: 2, startMs: 5_700, placedBy: 'clock' });
  assert.equal(placed(about({ spanId: GREETING.spanId }), CALL).turnIndex, 0);
  assert.equal(placed(about({ spanId: JUDGED.spanId }), CALL).turnIndex, 2);
});

test("by the framework's id of the turn", () => {
  assert.equal(placed(about({ turnId: 'speech_2' }), CALL).turnIndex, 2);
  assert.equal(placed(about({ turnId: 'speech_2' }), { ...CALL, requests: [] }).turnIndex, 2);
});

test('by a trace of one reply; one of the whole call is about the call', () => {
  assert.equal(placed(about({ traceId: '2'.repeat(32) }), CALL).turnIndex, 2);
  const whole = CALL.requests.map((request) => ({ ...request, traceId: '3'.repeat(32) }));
  assert.equal(placed(about({ traceId: '3'.repeat(32) }), { ...CALL, requests: whole }).turnIndex, null);
});

test('about nothing in particular, or of a span that is not known: the call as a whole', () => {
  assert.deepEqual(placed(about({}), CALL), { turnIndex: null, startMs: null, placedBy: '' });
  assert.equal(placed(about({ spanId: 'f'.repeat(16) }), CALL).turnIndex, null);
});
