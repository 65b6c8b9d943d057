/** One barge-in with round times: the framework's decision, and what the caller heard after it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneExchange, span, told } from '../../test/support/oneExchange.ts';
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { FindingOf } from '../facts/facts.ts';
import { asSampleIndex, SAMPLES_PER_MS, samplesFromMs } from '../units/time.ts';
import { join } from './join.ts';
import type { HeardInterruption, JoinInput } from './joinInput.ts';

type Breakdown = FindingOf<'interruption_breakdown'>;

const at = (ms: number) => asSampleIndex(samplesFromMs(ms));

/** The caller begins at 8 s, while the agent speaks from 7 s; it stops at 8.7 s. */
const YIELDED: HeardInterruption = { by: 'caller', outcome: 'yielded', onsetSample: at(8_000), stopSample: at(8_700) };

function bargeIn(events: readonly SpeechEvent[], interruption = YIELDED, agentEndMs = 8_700): JoinInput {
  const input = oneExchange(events, [span('session', 0, 11_000)]);
  const [greeting, caller, reply] = input.speech;
  return {
    ...input,
    speech: [
      greeting,
      caller,
      { ...reply, endSample: at(agentEndMs) },
      { channel: 'caller', startSample: at(8_000), endSample: at(9_500) },
    ],
    interruptions: [interruption],
  };
}

function breakdownsOf(input: JoinInput): Breakdown[] {
  return join(input).findings.filter((one): one is Breakdown => one.kind === 'interruption_breakdown');
}

function timesOf(input: JoinInput) {
  const [{ latencySamples, detectionSamples, flushSamples, speechAfterDecisionSamples, decisionUnknown, toldBy }] =
    breakdownsOf(input);
  const [latency, detection, flush, after] = [
    latencySamples,
    detectionSamples,
    flushSamples,
    speechAfterDecisionSamples,
  ].map((samples) => (samples === null ? null : samples / SAMPLES_PER_MS));
  return { latency, detection, flush, after, decisionUnknown, toldBy };
}

const DECIDED = told(8_300, { type: 'interruption', role: 'caller' });

test('detection and flush are the latency; what was buffered is heard after the decision', () => {
  assert.deepEqual(timesOf(bargeIn([DECIDED])), {
    latency: 700,
    detection: 300,
    flush: 400,
    after: 400,
    decisionUnknown: '',
    toldBy: 'app interruption',
  });
});

test('nobody tells a decision: the latency alone', () => {
  const none = { latency: 700, detection: null, flush: null, after: null, decisionUnknown: 'no_report', toldBy: '' };
  assert.deepEqual(timesOf(bargeIn([])), none);
  assert.deepEqual(timesOf(bargeIn([told(7_700, { type: 'interruption' })])), none);
  assert.deepEqual(timesOf(bargeIn([told(10_300, { type: 'playback_truncated', role: 'agent' })])), none);
});

test('without a decision, the first that follows from one; told after the silence it is no later than that', () => {
  const truncated = told(8_450, { type: 'playback_truncated', role: 'agent' });
  assert.deepEqual(timesOf(bargeIn([truncated])).detection, 450);
  assert.deepEqual(timesOf(bargeIn([DECIDED, truncated])).detection, 300);
  const late = timesOf(bargeIn([told(9_300, { type: 'interruption' })]));
  assert.deepEqual([late.detection, late.flush, late.after], [700, 0, 0]);
});

test("the framework's own figure: from where it saw the caller begin to where it says that it stopped", () => {
  const began = told(8_100, { type: 'speech_started', role: 'caller' });
  const truncated = told(8_350, { type: 'playback_truncated', role: 'agent' });
  assert.equal(breakdownsOf(bargeIn([began, DECIDED, truncated]))[0].reportedLatencyMs, 250);
  assert.equal(breakdownsOf(bargeIn([DECIDED, truncated]))[0].reportedLatencyMs, null);
});

test('an agent that speaks on: no latency, and how much it said after it had decided to stop', () => {
  const continued: HeardInterruption = { ...YIELDED, outcome: 'continued', stopSample: null };
  const found = timesOf(bargeIn([DECIDED], continued, 11_000));
  assert.deepEqual(found, { ...found, latency: null, detection: 300, flush: null, after: 2_700 });
});

test('backchannels, turn ends, noise and interruptions by the agent are not cut up', () => {
  for (const outcome of ['backchannel', 'turn_end', 'noise', 'pending'] as const) {
    assert.deepEqual(breakdownsOf(bargeIn([DECIDED], { ...YIELDED, outcome })), []);
  }
  assert.deepEqual(breakdownsOf(bargeIn([DECIDED], { ...YIELDED, by: 'agent' })), []);
});
