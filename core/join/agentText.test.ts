/** Scenes whose truth is known by how they are made: what was said, when, and where it was cut, stretched, silenced or misheard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventOf } from '../events/eventOf.ts';
import { redactPersonal } from '../events/redact.ts';
import type { ReportedEvent, SpeechEvent, Word } from '../events/speechEvent.ts';
import { keepText, type TextPolicy } from '../events/textPolicy.ts';
import { createWordHash } from '../events/wordHash.ts';
import { charactersOf } from '../events/words.ts';
import type { FindingOf } from '../facts/facts.ts';
import type { Request } from '../spans/request.ts';
import { asSampleIndex, samplesFromMs } from '../units/time.ts';
import { agentTexts } from './agentText.ts';
import type { HeardInterruption, HeardSpeech, HeardTurn, JoinInput } from './joinInput.ts';
import type { Place } from './joined.ts';

const ORIGIN = { tenant: 't', callKey: 'c', source: 'tts-service', receivedAtMs: 0 };
const WORD_MS = 260;
const STEP_MS = 330;
/** Fourteen words, whose letters take about as long as they do at the usual pace. */
const TEXT = 'Your table is booked for Friday evening, and we look forward to seeing you.';
const WORDS = TEXT.split(' ');

const at = (ms: number) => asSampleIndex(samplesFromMs(ms));
const report = (event: ReportedEvent): SpeechEvent => eventOf({ role: 'agent', ...event }, ORIGIN);
/** Wall time is the timeline's own here; recognisers count in the call's audio. */
const place = ({ type, startMs, endMs, occurredAtMs }: SpeechEvent): Place =>
  type === 'stt_final' && startMs !== null
    ? { startSample: at(startMs), endSample: endMs === null ? null : at(endMs), correctionMs: 0, placedBy: 'media' }
    : {
        startSample: occurredAtMs === null ? null : at(occurredAtMs),
        endSample: null,
        correctionMs: 0,
        placedBy: 'clock',
      };
const placeRequest = ({ startMs, durationMs }: Request): Place => ({
  startSample: at(startMs),
  endSample: at(startMs + durationMs),
  correctionMs: 0,
  placedBy: 'clock',
});

const wordsFrom = (texts: readonly string[], fromMs = 0): Word[] =>
  texts.map((text, index) => ({
    text,
    startMs: fromMs + index * STEP_MS,
    endMs: fromMs + index * STEP_MS + WORD_MS,
    confidence: null,
  }));

interface Scene {
  readonly turns: readonly HeardTurn[];
  readonly speech?: readonly HeardSpeech[];
  readonly interruptions?: readonly HeardInterruption[];
  readonly events?: readonly SpeechEvent[];
  readonly requests?: readonly Request[];
  readonly endMs?: number;
  readonly state?: 'live' | 'ended';
}

const turn = (turnIndex: number, startMs: number, endMs: number | null): HeardTurn => ({
  channel: 'agent',
  turnIndex,
  startSample: at(startMs),
  endSample: endMs === null ? null : at(endMs),
});
const speak = (startMs: number, endMs: number): HeardSpeech => ({
  channel: 'agent',
  startSample: at(startMs),
  endSample: at(endMs),
});
const yieldAt = (onsetMs: number, stopMs: number): HeardInterruption => ({
  by: 'caller',
  outcome: 'yielded',
  onsetSample: at(onsetMs),
  stopSample: at(stopMs),
});

function inputOf({
  turns,
  speech,
  interruptions = [],
  events = [],
  requests = [],
  endMs = 60_000,
  state = 'ended',
}: Scene): JoinInput {
  return {
    tenant: 't',
    callId: 'c',
    state,
    anchors: [{ sample: at(0), wallMs: 0 }],
    endSample: at(endMs),
    speech:
      speech ??
      turns.map(({ startSample, endSample }) => ({ channel: 'agent', startSample, endSample: endSample ?? at(endMs) })),
    turns,
    responses: [],
    interruptions,
    events,
    requests,
    scores: [],
  };
}

const tell = (scene: Scene): FindingOf<'agent_text'>[] => agentTexts(inputOf(scene), place, placeRequest);
const tellOne = (scene: Scene): FindingOf<'agent_text'> => {
  const told = tell(scene);
  assert.equal(told.length, 1);
  return told[0];
};

/** A synthesis asked for half a second before it is heard, with times for its words. */
const synthesis = (startMs: number, texts: readonly string[], more: Partial<ReportedEvent> = {}): SpeechEvent[] => [
  report({ type: 'tts_requested', segmentId: 's', occurredAtMs: startMs - 500, text: texts.join(' '), ...more }),
  report({
    type: 'tts_words',
    segmentId: 's',
    occurredAtMs: startMs - 200,
    text: texts.join(' '),
    words: wordsFrom(texts),
    ...more,
  }),
];
const lengthMs = (words: number): number => (words - 1) * STEP_MS + WORD_MS;

test('a turn that was said whole', () => {
  const told = tellOne({ turns: [turn(1, 5_000, 5_000 + lengthMs(14))], events: synthesis(5_000, WORDS) });
  assert.equal(told.verdict, 'fits');
  assert.equal(told.isCut, false);
  assert.deepEqual([told.generatedWords, told.heardWords, told.silentWords], [14, 14, 0]);
  assert.deepEqual([told.generatedCharacters, told.heardCharacters], [charactersOf(TEXT), charactersOf(TEXT)]);
  assert.equal(told.wordsPerMinute, Math.round((14 * 600_000) / lengthMs(14)) / 10);
  assert.equal(told.unknown, '');
  assert.equal(told.status, 'final');
});

test('a turn cut after any word: as many were heard, whatever the order of the reports, however its text is kept', () => {
  const keepers = (['none', 'hashed', 'redacted', 'full'] as const).map((policy) => policyOf(policy));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 13 }),
      fc.integer({ min: -90, max: 90 }),
      fc.constantFrom(...keepers),
      fc.gen(),
      (heard, jitterMs, keep, gen) => {
        const stopMs = 5_000 + lengthMs(heard) + 35 + jitterMs;
        const events = [...synthesis(5_000, WORDS), ...synthesis(5_000, WORDS)].map(keep);
        const told = tellOne({
          turns: [turn(1, 5_000, stopMs)],
          interruptions: [yieldAt(Math.max(5_050, stopMs - 300), stopMs)],
          events: gen(fc.shuffledSubarray, events, { minLength: events.length, maxLength: events.length }),
        });
        assert.equal(told.isCut, true);
        assert.deepEqual([told.generatedWords, told.heardWords], [14, heard]);
        assert.equal(told.generatedCharacters, charactersOf(TEXT));
        if (told.unknown !== 'text_not_kept' && keep !== keepers[1])
          assert.equal(told.heardCharacters, charactersOf(WORDS.slice(0, heard).join(' ').replace(/,$/, '')));
      },
    ),
  );
});

const policyOf = (policy: TextPolicy) => {
  const tools = { hash: createWordHash(new Uint8Array(32)), redact: redactPersonal };
  return (event: SpeechEvent): SpeechEvent => keepText(event, policy, tools);
};

test('without times of words: by the length of the audio, else not known', () => {
  const requested = report({ type: 'tts_requested', segmentId: 's', occurredAtMs: 4_500, text: TEXT });
  const measured = report({
    type: 'metrics',
    segmentId: 's',
    occurredAtMs: 4_800,
    metrics: { 'tts.audio_duration': 5 },
  });
  const cut = { turns: [turn(1, 5_000, 7_500)], interruptions: [yieldAt(7_200, 7_500)] };
  const half = tellOne({ ...cut, events: [requested, measured] });
  assert.deepEqual([half.isCut, half.generatedWords, half.heardWords, half.unknown], [true, 14, 7, '']);
  const unknown = tellOne({ ...cut, events: [requested] });
  assert.deepEqual(
    [unknown.isCut, unknown.heardWords, unknown.wordsPerMinute, unknown.unknown],
    [true, null, null, 'no_timing'],
  );
  const whole = tellOne({ turns: cut.turns, events: [requested] });
  assert.deepEqual([whole.isCut, whole.heardWords], [false, 14]);
});

test('a truncation tells how much was played, where sound was heard for longer', () => {
  const truncated = report({ type: 'playback_truncated', segmentId: 's', occurredAtMs: 8_000, endMs: lengthMs(6) });
  const told = tellOne({ turns: [turn(1, 5_000, 8_000)], events: [...synthesis(5_000, WORDS), truncated] });
  assert.deepEqual([told.isCut, told.heardWords], [true, 6]);
});

test('an agent that went on after it had yielded was not cut there', () => {
  const told = tellOne({
    turns: [turn(1, 5_000, 10_000)],
    speech: [speak(5_000, 6_000), speak(8_000, 10_000)],
    interruptions: [yieldAt(5_800, 6_000)],
    events: [report({ type: 'tts_requested', occurredAtMs: 4_700, text: TEXT })],
  });
  assert.equal(told.isCut, false);
});

test('two segments in one turn, the second cut; each in its own audio', () => {
  const [first, second] = [WORDS.slice(0, 7), WORDS.slice(7)];
  const secondMs = 5_000 + lengthMs(7) + 400;
  const stopMs = secondMs + lengthMs(3) + 30;
  const scene = {
    turns: [turn(1, 5_000, stopMs)],
    speech: [speak(5_000, 5_000 + lengthMs(7)), speak(secondMs, stopMs)],
    interruptions: [yieldAt(stopMs - 400, stopMs)],
  };
  const events = [...synthesis(5_000, first, { segmentId: 'a' }), ...synthesis(5_100, second, { segmentId: 'b' })];
  const played = ['a', 'b'].map((segmentId, index) =>
    report({ type: 'playback_started', source: 'framework', segmentId, occurredAtMs: [4_900, secondMs - 100][index] }),
  );
  const told = tellOne({ ...scene, events: [...played, ...events] });
  assert.deepEqual([told.generatedWords, told.heardWords, told.silentWords], [14, 10, 0]);
});

test('what was cancelled with the turn was to be said, and was not heard', () => {
  const stopMs = 5_000 + lengthMs(7) + 40;
  const told = tellOne({
    turns: [turn(1, 5_000, stopMs)],
    interruptions: [yieldAt(stopMs - 500, stopMs)],
    events: [
      ...synthesis(5_000, WORDS.slice(0, 7), { segmentId: 'a' }),
      report({ type: 'tts_requested', segmentId: 'b', occurredAtMs: 6_000, text: WORDS.slice(7).join(' ') }),
      report({
        type: 'metrics',
        segmentId: 'b',
        occurredAtMs: stopMs - 100,
        isCancelled: true,
        metrics: { 'tts.audio_duration': 0.4 },
      }),
    ],
  });
  assert.deepEqual([told.isCut, told.generatedWords, told.heardWords], [true, 14, 7]);
});

test('audio that does not fit its text, by the pace of the call', () => {
  const starts = [0, 1, 2, 3, 4, 5].map((index) => 2_000 + index * 8_000);
  const verdictFor = (lastMs: number): string => {
    const turns = starts.map((startMs, index) => turn(index, startMs, startMs + (index === 5 ? lastMs : lengthMs(14))));
    const events = starts.flatMap((startMs, index) => [
      report({ type: 'tts_requested', segmentId: `s${index}`, occurredAtMs: startMs - 500, text: TEXT }),
    ]);
    const told = tell({ turns, events });
    assert.deepEqual(
      told.slice(0, 5).map(({ verdict }) => verdict),
      Array(5).fill('fits'),
    );
    return told[5].verdict;
  };
  assert.equal(verdictFor(lengthMs(14)), 'fits');
  assert.equal(verdictFor(lengthMs(14) * 0.4), 'too_short');
  assert.equal(verdictFor(lengthMs(14) * 0.6), 'fits');
  assert.equal(verdictFor(lengthMs(14) * 2.2), 'too_long');
  assert.equal(verdictFor(lengthMs(14) * 1.8), 'fits');
});

test('numbers take their time, also where only counts are left of the text', () => {
  const text = 'Your number is 4155550132.';
  for (const keep of (['full', 'redacted', 'hashed', 'none'] as const).map(policyOf)) {
    const event = keep(report({ type: 'tts_requested', occurredAtMs: 4_500, text }));
    assert.equal(tellOne({ turns: [turn(1, 5_000, 9_500)], events: [event] }).verdict, 'fits');
  }
});

test('too little text, a cut and a turn that goes on are not judged by length', () => {
  const short = report({ type: 'tts_requested', occurredAtMs: 4_500, text: 'One moment.' });
  assert.equal(tellOne({ turns: [turn(1, 5_000, 9_000)], events: [short] }).verdict, 'unknown');
  const open = tellOne({
    turns: [turn(1, 5_000, null)],
    events: synthesis(5_000, WORDS),
    endMs: 5_000 + lengthMs(4) + 30,
    state: 'live',
  });
  assert.deepEqual(
    [open.verdict, open.heardWords, open.isCut, open.status, open.endSample],
    ['unknown', 4, false, 'provisional', null],
  );
});

test('words that were to be said where the audio is silent', () => {
  const turns = [turn(1, 5_000, 5_000 + lengthMs(14))];
  const holeFromMs = 5_000 + 5 * STEP_MS - 40;
  const holeToMs = 5_000 + 8 * STEP_MS - 40;
  const speech = [speak(5_000, holeFromMs), speak(holeToMs, 5_000 + lengthMs(14))];
  const told = tellOne({ turns, speech, events: synthesis(5_000, WORDS) });
  assert.deepEqual([told.verdict, told.silentWords], ['silent_words', 3]);
});

test('an STT of the agent, with known edits', () => {
  const turns = [turn(1, 5_000, 5_000 + lengthMs(14))];
  const heard = [...WORDS];
  heard[2] = 'was';
  heard.splice(9, 1);
  heard.push('all');
  const recognised = (text: string, more: Partial<ReportedEvent> = {}): SpeechEvent =>
    report({ type: 'stt_final', source: 'stt', startMs: 5_000, endMs: 9_000, text, confidence: 0.5, ...more });
  const told = tellOne({ turns, events: [...synthesis(5_000, WORDS), recognised(heard.join(' ').toUpperCase())] });
  assert.equal(told.wordErrorRate, Math.round((3 / 14) * 1e4) / 1e4);
  assert.ok(told.characterErrorRate !== null && told.characterErrorRate > 0 && told.characterErrorRate < 3 / 14);
  assert.equal(told.sttConfidence, 0.5);
  const same = tellOne({
    turns,
    events: [
      ...synthesis(5_000, WORDS),
      recognised('your table is booked for friday evening', { endMs: 7_000 }),
      recognised('and we look forward to seeing you', { startMs: 7_000 }),
    ],
  });
  assert.deepEqual([same.wordErrorRate, same.characterErrorRate], [0, 0]);
  const hashed = tellOne({
    turns,
    events: [...synthesis(5_000, WORDS), recognised(heard.join(' '))].map(policyOf('hashed')),
  });
  assert.deepEqual([hashed.wordErrorRate, hashed.characterErrorRate, hashed.unknown], [told.wordErrorRate, null, '']);
  const none = tellOne({
    turns,
    events: [...synthesis(5_000, WORDS), recognised(heard.join(' '))].map(policyOf('none')),
  });
  assert.deepEqual(
    [none.wordErrorRate, none.characterErrorRate, none.unknown, none.sttConfidence],
    [null, null, 'text_not_kept', 0.5],
  );
});

test('what was cut off is no error of the recogniser', () => {
  const stopMs = 5_000 + lengthMs(6) + 30;
  const told = tellOne({
    turns: [turn(1, 5_000, stopMs)],
    interruptions: [yieldAt(Math.max(5_050, stopMs - 300), stopMs)],
    events: [
      ...synthesis(5_000, WORDS),
      report({ type: 'stt_final', source: 'stt', occurredAtMs: stopMs + 600, text: WORDS.slice(0, 6).join(' ') }),
    ],
  });
  assert.deepEqual([told.isCut, told.wordErrorRate, told.characterErrorRate], [true, 0, 0]);
});

test('text without audio, audio without text, and a first try that was thrown away', () => {
  const told = tell({
    turns: [turn(1, 5_000, 5_000 + lengthMs(14)), turn(3, 30_000, 33_000)],
    events: [
      ...synthesis(5_000, WORDS),
      report({ type: 'tts_requested', segmentId: 'lost', occurredAtMs: 15_000, text: 'Are you still there, caller?' }),
      report({ type: 'tts_requested', segmentId: 'try', occurredAtMs: 4_000, text: 'Thrown away.' }),
      report({ type: 'tts_ended', segmentId: 'try', occurredAtMs: 4_300, isCancelled: true }),
    ],
  });
  assert.deepEqual(
    told.map(({ startSample, verdict, generatedWords, heardWords, unknown }) => [
      startSample / 16,
      verdict,
      generatedWords,
      heardWords,
      unknown,
    ]),
    [
      [5_000, 'fits', 14, 14, ''],
      [15_000, 'no_audio', 5, 0, ''],
      [30_000, 'no_text', null, null, 'no_report'],
    ],
  );
});

test('text asked for so late that the call ended first is no failure, nor one that is still awaited', () => {
  const events = [report({ type: 'tts_requested', occurredAtMs: 58_000, text: 'One more thing to say.' })];
  assert.deepEqual(tell({ turns: [], events }), []);
});

test('several tell the same text: one is believed', () => {
  const span = spanOf({ outputText: `${TEXT} And more.`, startMs: 4_600 });
  const whole = tellOne({
    turns: [turn(1, 5_000, 5_000 + lengthMs(14))],
    events: synthesis(5_000, WORDS),
    requests: [span, spanOf({ ...span, spanId: 'b', parentSpanId: 'a' })],
  });
  assert.equal(whole.generatedWords, 14);
  const spans = tellOne({
    turns: [turn(1, 5_000, 5_000 + lengthMs(14))],
    requests: [span, spanOf({ ...span, spanId: 'b', parentSpanId: 'a' })],
  });
  assert.equal(spans.generatedWords, 16);
});

test('segments of one request: its own text is not counted beside theirs', () => {
  const told = tellOne({
    turns: [turn(1, 5_000, 9_500)],
    events: [
      report({ type: 'tts_requested', requestId: 'r', occurredAtMs: 4_400, text: TEXT }),
      report({
        type: 'tts_words',
        requestId: 'r',
        segmentId: 'a',
        occurredAtMs: 4_700,
        text: WORDS.slice(0, 7).join(' '),
      }),
      report({
        type: 'tts_words',
        requestId: 'r',
        segmentId: 'b',
        occurredAtMs: 4_800,
        text: WORDS.slice(7).join(' '),
      }),
    ],
  });
  assert.equal(told.generatedWords, 14);
});

test('a text whose clock could not be aligned is found by its turn', () => {
  const told = tellOne({
    turns: [turn(1, 5_000, 9_500)],
    events: [
      report({
        type: 'tts_requested',
        segmentId: 'a',
        turnId: 'turn 7',
        occurredAtMs: 4_400,
        text: WORDS.slice(0, 7).join(' '),
      }),
      report({ type: 'tts_requested', segmentId: 'b', turnId: 'turn 7', text: WORDS.slice(7).join(' ') }),
    ],
  });
  assert.equal(told.generatedWords, 14);
});

test('reports without any id are kept apart by their times', () => {
  const starts = [5_000, 20_000];
  const told = tell({
    turns: starts.map((startMs, index) => turn(index, startMs, startMs + lengthMs(14))),
    events: starts.flatMap((startMs) => [
      report({ type: 'playback_started', occurredAtMs: startMs - 80 }),
      report({ type: 'tts_words', occurredAtMs: startMs - 200, text: WORDS.slice(0, 9).join(' ') }),
      report({ type: 'tts_words', occurredAtMs: startMs + 900, text: WORDS.slice(9).join(' ') }),
      report({ type: 'playback_stopped', occurredAtMs: startMs + lengthMs(14) }),
    ]),
  });
  assert.deepEqual(
    told.map(({ verdict, generatedWords }) => [verdict, generatedWords]),
    [
      ['fits', 14],
      ['fits', 14],
    ],
  );
});

test('without any report of text there is nothing to tell', () => {
  assert.deepEqual(
    tell({ turns: [turn(1, 5_000, 6_000)], events: [report({ type: 'turn_ended', occurredAtMs: 4_000 })] }),
    [],
  );
});

const spanOf = (more: Partial<Request>): Request => ({
  traceId: 'f',
  spanId: 'a',
  parentSpanId: '',
  kind: 'tts',
  name: 'tts',
  serviceName: 'agent',
  clock: 'agent',
  startMs: 0,
  durationMs: 400,
  provider: '',
  model: '',
  voice: '',
  tool: '',
  role: 'agent',
  inputTokens: null,
  outputTokens: null,
  cachedTokens: null,
  inputAudioTokens: null,
  outputAudioTokens: null,
  characters: null,
  audioMs: null,
  costUsd: null,
  timeToFirstMs: null,
  isCancelled: false,
  isError: false,
  errorType: '',
  turnId: '',
  metrics: {},
  outputText: '',
  ...more,
});

const anyEvent = fc
  .record({
    type: fc.constantFrom(
      'tts_requested',
      'tts_words',
      'tts_ended',
      'playback_started',
      'playback_truncated',
      'metrics',
      'stt_final',
    ),
    source: fc.constantFrom('x', 'y'),
    segmentId: fc.constantFrom('', 'a', 'b'),
    requestId: fc.constantFrom('', 'r', 'q'),
    turnId: fc.constantFrom('', 't'),
    occurredAtMs: fc.option(fc.integer({ min: -2_000, max: 70_000 }), { nil: null }),
    text: fc.constantFrom('', TEXT, 'hello there', '12 <break time="1s"/>', 'ab'.repeat(8)),
    words: fc.constantFrom([], wordsFrom(WORDS), wordsFrom(['', '', 'x-y', '...'], 400)),
    endMs: fc.option(fc.integer({ min: 0, max: 9_000 }), { nil: null }),
    isCancelled: fc.boolean(),
    metrics: fc.constantFrom<Record<string, number>>({}, { 'tts.audio_duration': 3 }),
    attributes: fc.constantFrom<Record<string, string>>({}, { 'text.words': '3', 'text.characters': 'x' }),
  } as const)
  .map((event) => report(event));
const anyTurns = fc
  .array(fc.tuple(fc.integer({ min: 100, max: 9_000 }), fc.integer({ min: 0, max: 6_000 })), { maxLength: 6 })
  .map((pairs) => {
    let fromMs = 0;
    return pairs.map(([gapMs, spanMs], index) => {
      const startMs = fromMs + gapMs;
      fromMs = startMs + spanMs;
      return turn(index, startMs, fromMs);
    });
  });

test('whatever comes: no order matters, what is known holds together, each id is told once', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 12 }), anyTurns, fc.gen(), (events, turns, gen) => {
      const interruptions = turns
        .slice(0, 2)
        .map(({ endSample }) => yieldAt((endSample ?? 0) / 16 - 100, (endSample ?? 0) / 16));
      const scene = { turns, events, interruptions };
      const told = tell(scene);
      const shuffle = <Item>(items: readonly Item[]): Item[] =>
        gen(fc.shuffledSubarray<Item>, [...items], { minLength: items.length, maxLength: items.length });
      const again = tell({
        ...scene,
        events: [...shuffle(events), ...events],
        turns: shuffle(turns),
        interruptions: shuffle(interruptions),
      });
      assert.deepEqual(again, told);
      for (const each of told) {
        const { generatedWords, heardWords, generatedCharacters, heardCharacters } = each;
        if (generatedWords !== null && heardWords !== null) assert.ok(heardWords >= 0 && heardWords <= generatedWords);
        if (generatedCharacters !== null && heardCharacters !== null)
          assert.ok(heardCharacters >= 0 && heardCharacters <= generatedCharacters);
        for (const value of Object.values(each)) if (typeof value === 'number') assert.ok(Number.isFinite(value));
      }
      assert.equal(new Set(told.map(({ startSample }) => startSample)).size, told.length);
    }),
    { numRuns: 200 },
  );
});
