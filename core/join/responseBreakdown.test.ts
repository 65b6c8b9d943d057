/** One wait of two seconds, told in the ways in which it can be told: what each mark is taken from, and what is not known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneExchange, received, span, told } from '../../test/support/oneExchange.ts';
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { FindingOf } from '../facts/facts.ts';
import { RESPONSE_PARTS, type ResponsePart } from '../facts/reported.ts';
import type { Request } from '../spans/request.ts';
import { asSampleIndex, SAMPLES_PER_MS } from '../units/time.ts';
import { join } from './join.ts';
import type { JoinInput } from './joinInput.ts';

type Breakdown = FindingOf<'response_breakdown'>;

const CALLER = { role: 'caller' } as const;

function breakdownOf(input: JoinInput): Breakdown {
  const found = join(input).findings.filter((one): one is Breakdown => one.kind === 'response_breakdown');
  assert.equal(found.length, 1);
  return found[0];
}

type Cut = Record<ResponsePart | 'rest', number | string>;

/** ms of each part, or why it is not known; `rest` is what nobody answers for. */
function cut(events: readonly SpeechEvent[], requests: readonly Request[] = [], more: Partial<JoinInput> = {}): Cut {
  const breakdown = breakdownOf(oneExchange(events, requests, more));
  const parts = RESPONSE_PARTS.map((part) => {
    const { samples, unknown } = breakdown.parts[part];
    return [part, samples === null ? unknown : samples / SAMPLES_PER_MS] as const;
  });
  return Object.fromEntries([...parts, ['rest', breakdown.unattributedSamples / SAMPLES_PER_MS]]) as Cut;
}

const TURN_ENDED = told(5_600, { type: 'turn_ended', ...CALLER });
const FINAL = told(5_700, { type: 'stt_final', ...CALLER, confidence: 0.8, provider: 'deepgram' });
const TOKEN = told(6_300, { type: 'llm_first_token', model: 'gpt' });
const AUDIO = told(6_800, { type: 'tts_first_audio', voice: 'amber' });
const ALL = [TURN_ENDED, FINAL, TOKEN, AUDIO];

test('all marks told: the parts between them', () => {
  assert.deepEqual(cut(ALL), {
    end_of_turn: 600,
    stt: 100,
    retrieval: 'not_observed',
    tool: 'not_observed',
    llm: 600,
    tts: 500,
    playout: 200,
    rest: 0,
  });
  const { toldBy, dominant, sttConfidence, sttProvider, llmModel, ttsVoice } = breakdownOf(oneExchange(ALL));
  assert.deepEqual(toldBy, {
    end_of_turn: 'app turn_ended',
    stt: 'app stt_final',
    llm: 'app llm_first_token',
    tts: 'app tts_first_audio',
  });
  assert.deepEqual(
    [dominant, sttConfidence, sttProvider, llmModel, ttsVoice],
    ['end_of_turn', 0.8, 'deepgram', 'gpt', 'amber'],
  );
});

test("nothing told: nothing known, and all of the wait is nobody's", () => {
  const none = cut([]);
  assert.equal(none.rest, 2_000);
  assert.deepEqual(
    [none.end_of_turn, none.stt, none.llm, none.tts, none.playout],
    ['no_report', 'no_report', 'no_report', 'no_report', 'start_unknown'],
  );
  assert.equal(breakdownOf(oneExchange([])).dominant, 'unattributed');
});

for (const [missing, event, expected] of [
  [
    'decision',
    TURN_ENDED,
    { end_of_turn: 'no_report', stt: 'start_unknown', llm: 600, tts: 500, playout: 200, rest: 700 },
  ],
  ['final', FINAL, { end_of_turn: 600, stt: 'no_report', llm: 'start_unknown', tts: 500, playout: 200, rest: 700 }],
  ['token', TOKEN, { end_of_turn: 600, stt: 100, llm: 'no_report', tts: 'start_unknown', playout: 200, rest: 1_100 }],
  ['audio', AUDIO, { end_of_turn: 600, stt: 100, llm: 600, tts: 'no_report', playout: 'start_unknown', rest: 700 }],
] as const) {
  test(`the ${missing} is not told: its part and the next are unknown, up to the next mark`, () => {
    const found = cut(ALL.filter((one) => one !== event));
    assert.deepEqual(found, { ...found, ...expected });
  });
}

test('a model that began before the decision took no time of the wait', () => {
  const found = cut([
    told(5_900, { type: 'turn_ended', ...CALLER }),
    told(5_300, { type: 'stt_final', ...CALLER }),
    told(5_500, { type: 'llm_first_token' }),
    AUDIO,
  ]);
  assert.deepEqual(found, { ...found, end_of_turn: 900, stt: 0, llm: 0, tts: 900, playout: 200, rest: 0 });
});

test('the model waits for retrieval and tools, each moment counted once; the generation that was spoken counts', () => {
  const work = [
    span('llm', 5_750, 6_000, { timeToFirstMs: 150, turnId: '7' }),
    span('tool', 5_950, 6_150, { tool: 'lookup' }),
    span('retrieval', 6_000, 6_100),
    span('tool', 6_050, 6_200, { tool: 'book' }),
    span('llm', 6_210, 6_900, { timeToFirstMs: 90, turnId: '7', provider: 'openai' }),
  ];
  const events = [TURN_ENDED, FINAL, AUDIO];
  const found = cut(events, work);
  assert.deepEqual(found, { ...found, retrieval: 100, tool: 150, llm: 350, tts: 500, rest: 0 });
  const { toolNames, turnId, llmProvider, traceId } = breakdownOf(oneExchange(events, work));
  assert.deepEqual([toolNames, turnId, llmProvider, traceId], [['book', 'lookup'], '7', 'openai', 'a'.repeat(32)]);
});

test('spans that show no tool: there was none; no spans at all: nobody knows', () => {
  const found = cut(ALL, [span('session', 0, 11_000)]);
  assert.deepEqual([found.retrieval, found.tool], [0, 0]);
});

test('the last generation known came before a tool that ended later: the one that was spoken is not known', () => {
  const found = cut([TURN_ENDED, FINAL, told(5_900, { type: 'llm_first_token' }), AUDIO], [span('tool', 6_000, 6_400)]);
  assert.deepEqual([found.llm, found.tts, found.tool], ['no_report', 'start_unknown', 400]);
});

test('what was given up before the reply does not count; what the caller cut while it was heard does', () => {
  const early = span('llm', 5_400, 5_650, { timeToFirstMs: 100, isCancelled: true });
  const dropped = [
    told(5_600, { type: 'tts_first_audio', requestId: 'x' }),
    told(5_650, { type: 'tts_ended', requestId: 'x', isCancelled: true }),
  ];
  const found = cut([...ALL, ...dropped], [early]);
  assert.deepEqual([found.llm, found.tts, found.playout], [600, 500, 200]);
  const cutLater = span('tts', 6_500, 8_000, { timeToFirstMs: 300, isCancelled: true });
  assert.equal(cut([TURN_ENDED, FINAL, TOKEN], [cutLater]).tts, 500);
});

test('metrics told at the end of a request give its first piece; those of a whole turn give nothing', () => {
  const atEnd = told(7_400, { type: 'metrics', metrics: { 'llm.ttft': 0.3, 'llm.duration': 1.4 } });
  const ofTurn = told(6_900, {
    type: 'metrics',
    metrics: { 'llm.ttft': 0.3, 'tts.ttfb': 0.2, 'turn.reported_latency': 1.9 },
  });
  const found = cut([TURN_ENDED, FINAL, atEnd, AUDIO, ofTurn]);
  assert.deepEqual([found.llm, found.tts], [600, 500]);
  assert.equal(cut([TURN_ENDED, FINAL, AUDIO, ofTurn]).llm, 'no_report');
});

test("a delay counts from where its reporter saw the caller end, and goes before the end of a detector's span", () => {
  const delay = told(5_652, { type: 'metrics', metrics: { 'turn.eou_delay': 0.7 } });
  const seen = span('speaking', 3_050, 4_950, { role: 'caller' });
  const detector = span('end_of_turn', 5_200, 5_230);
  assert.equal(cut([delay, FINAL, TOKEN, AUDIO], [seen, detector]).end_of_turn, 650);
  assert.equal(cut([FINAL, TOKEN, AUDIO], [seen, detector]).end_of_turn, 230);
});

test("a transcript of something said before is not this one's, however late it comes", () => {
  const words = (startMs: number, endMs: number) => [{ text: 'w', startMs, endMs, confidence: 0.5 }];
  const before = received(5_300, { type: 'stt_final', ...CALLER, startMs: 3_000, words: words(3_000, 3_900) });
  assert.equal(cut([TURN_ENDED, before, TOKEN, AUDIO]).stt, 'no_report');
  const early = received(4_700, { type: 'stt_final', ...CALLER, startMs: 3_000, words: words(3_000, 4_900) });
  assert.equal(cut([TURN_ENDED, early, TOKEN, AUDIO]).stt, 0);
  const unsaid = told(4_700, { type: 'stt_final', ...CALLER });
  assert.equal(cut([TURN_ENDED, unsaid, TOKEN, AUDIO]).stt, 'no_report');
});

test('a clock that cannot be aligned tells nothing, and that is said', () => {
  const off = [0, 1].map((index) => ({
    ...told(900 + index * 4_000, { type: 'playback_started', role: 'agent', clock: 'far' }),
    id: `far ${index}`,
  }));
  const found = cut([...off, { ...TOKEN, clock: 'far' }, TURN_ENDED, FINAL, AUDIO]);
  assert.deepEqual([found.llm, found.tts], [600, 500]);
  const further = off.map((one, index) => ({ ...one, occurredAtMs: (one.occurredAtMs ?? 0) + 1_500 + index * 700 }));
  const lost = cut([...further, { ...TOKEN, clock: 'far' }, TURN_ENDED, FINAL, AUDIO]);
  assert.deepEqual([lost.llm, lost.tts], ['clock_unknown', 'start_unknown']);
});

test('two turns in one window: the tokens of the turn that was heard', () => {
  const ofTurn = (turnId: string, atMs: number) => told(atMs, { type: 'llm_first_token', turnId, requestId: turnId });
  const audio = told(6_800, { type: 'tts_first_audio', turnId: 'b' });
  assert.equal(cut([TURN_ENDED, FINAL, ofTurn('b', 6_300), ofTurn('c', 6_600), audio]).llm, 600);
});

test("the framework's own figure lies beside what was heard", () => {
  const turn = span('turn', 5_650, 9_900, { metrics: { 'turn.reported_latency': 1.85 } });
  assert.equal(breakdownOf(oneExchange(ALL, [turn])).reportedLatencyMs, 1_850);
  const late = told(9_950, { type: 'metrics', metrics: { 'turn.reported_latency': 1.9 } });
  assert.equal(breakdownOf(oneExchange([...ALL, late])).reportedLatencyMs, 1_900);
  const report = [1, 2].map((index) => ({ ...late, id: `r${index}`, metrics: { 'turn.reported_latency': index } }));
  assert.equal(breakdownOf(oneExchange([...ALL, ...report])).reportedLatencyMs, null);
});

test('a live call tells provisionally, an ended one finally', () => {
  assert.equal(breakdownOf(oneExchange(ALL)).status, 'final');
  assert.equal(breakdownOf(oneExchange(ALL, [], { state: 'live' })).status, 'provisional');
});

test("what was decided in a pause of the caller's, who then went on, is not the decision", () => {
  const early = [told(4_800, { type: 'turn_ended', ...CALLER }), told(4_820, { type: 'llm_first_token' })];
  const input = oneExchange([...early, FINAL, AUDIO]);
  const [greeting, caller, reply] = input.speech;
  const at = (ms: number) => asSampleIndex(ms * SAMPLES_PER_MS);
  const speech = [greeting, { ...caller, endSample: at(4_600) }, { ...caller, startSample: at(4_850) }, reply];
  const { parts } = breakdownOf({ ...input, speech });
  assert.deepEqual([parts.end_of_turn.unknown, parts.llm.unknown], ['no_report', 'no_report']);
});

test('that there was no tool is known only of an exchange of whose model or work something is told', () => {
  // As when its clock is seconds off: the call has spans, none of them here.
  const elsewhere = [span('tool', 500, 900), span('llm', 500, 2_500, { timeToFirstMs: 300 })];
  const untold = cut([TURN_ENDED], elsewhere);
  assert.deepEqual([untold.retrieval, untold.tool, untold.llm], ['no_report', 'no_report', 'no_report']);
  const token = cut([TURN_ENDED, TOKEN], elsewhere);
  assert.deepEqual([token.retrieval, token.tool], [0, 0]);
  const work = cut([TURN_ENDED], [...elsewhere, span('tool', 5_800, 6_000)]);
  assert.deepEqual([work.retrieval, work.tool], [0, 200]);
});
