/** Where events and requests come to lie, and by what. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneExchange, ORIGIN_MS, received, span, told } from '../../test/support/oneExchange.ts';
import { NOISE_FREE, reportedCall } from '../../test/support/reportedCall.ts';
import { seeded } from '../../test/support/voice.ts';
import type { SpeechEvent, Word } from '../events/speechEvent.ts';
import { asSampleIndex, SAMPLES_PER_MS } from '../units/time.ts';
import { join } from './join.ts';
import type { AlignedEvent } from './joined.ts';
import type { JoinInput } from './joinInput.ts';
import { wallClock } from './wallClock.ts';

const inMs = (sample: number | null): number | null => (sample === null ? null : sample / SAMPLES_PER_MS);

function placeOf(input: JoinInput, { id }: SpeechEvent) {
  const found = join(input).events.find(({ event }) => event.id === id);
  assert.ok(found !== undefined);
  const { startSample, endSample, correctionMs, placedBy } = found;
  return { startMs: inMs(startSample), endMs: inMs(endSample), correctionMs, placedBy };
}

const words = (startMs: number, endMs: number): Word[] => [
  { text: 'a', startMs, endMs: startMs + 200, confidence: null },
  { text: 'b', startMs: endMs - 200, endMs, confidence: null },
];

test('the wall clock goes by the nearest earlier anchor, and by the first before it', () => {
  const anchors = [
    { sample: asSampleIndex(160_000), wallMs: ORIGIN_MS + 10_040 },
    { sample: asSampleIndex(0), wallMs: ORIGIN_MS },
    { sample: asSampleIndex(320_000), wallMs: ORIGIN_MS + 20_020 },
  ];
  const clock = wallClock(anchors);
  assert.equal(clock.originMs, ORIGIN_MS);
  assert.deepEqual(
    [-1_000, 5_000, 10_040, 15_040, 25_020].map((ms) => clock.samplesAt(ms)),
    [-16_000, 80_000, 160_000, 240_000, 400_000],
  );
  assert.deepEqual(
    [-16_000, 80_000, 160_000, 240_000, 400_000].map((sample) => clock.wallAt(sample)),
    [-1_000, 5_000, 10_040, 15_040, 25_020],
  );
});

test('a moment lies where its clock says; without a clock, where it came', () => {
  const decided = told(5_600, { type: 'turn_ended' });
  const audio = received(6_900, { type: 'tts_first_audio' });
  const input = oneExchange([decided, audio]);
  assert.deepEqual(placeOf(input, decided), { startMs: 5_600, endMs: null, correctionMs: 0, placedBy: 'clock' });
  assert.deepEqual(placeOf(input, audio), { startMs: 6_900, endMs: null, correctionMs: 0, placedBy: 'received' });
});

test("what speaks of the call's own audio lies there, whenever it was told", () => {
  const final = told(5_900, { type: 'stt_final', role: 'caller', startMs: 3_000, endMs: 5_000 });
  const place = placeOf(oneExchange([final]), final);
  assert.deepEqual(place, { startMs: 3_000, endMs: 5_000, correctionMs: 0, placedBy: 'media' });
});

test("a recogniser's stream that began in mid-call is found by its words", () => {
  const final = received(5_400, {
    type: 'stt_final',
    role: 'caller',
    streamId: 'dg',
    startMs: 200,
    endMs: 2_500,
    words: words(400, 2_400),
  });
  const place = placeOf(oneExchange([final]), final);
  assert.deepEqual(place, { startMs: 3_000, endMs: 5_000, correctionMs: -2_600, placedBy: 'media' });
});

test('an utterance lies where the agent began after its first audio; the next one follows it', () => {
  const first = { source: 'tts', streamId: 'c1', role: 'agent' } as const;
  const second = { source: 'tts', streamId: 'c2', role: 'agent' } as const;
  const events = [
    received(6_800, { ...first, type: 'tts_first_audio' }),
    received(6_850, { ...first, type: 'tts_words', startMs: 0, words: words(0, 1_500) }),
    received(7_200, { ...second, type: 'tts_words', startMs: 0, words: words(0, 1_400) }),
  ];
  const input = oneExchange(events);
  assert.deepEqual(placeOf(input, events[0]).placedBy, 'received');
  assert.deepEqual([placeOf(input, events[1]).startMs, placeOf(input, events[1]).endMs], [7_000, 8_500]);
  assert.deepEqual([placeOf(input, events[2]).startMs, placeOf(input, events[2]).endMs], [8_500, 9_900]);
});

test('a clock that cannot be aligned places nothing', () => {
  const off = [3_400, 9_100].map((atMs) => told(atMs, { type: 'playback_started', role: 'agent' }));
  const request = span('llm', 6_000, 7_000);
  const { events, requests } = join(oneExchange(off, [request]));
  for (const { startSample, placedBy } of [...events, ...requests])
    assert.deepEqual([startSample, placedBy], [null, '']);
});

test('a request lies from its start to its end, less what its clock is ahead', () => {
  const ahead = (event: SpeechEvent): SpeechEvent => ({ ...event, occurredAtMs: (event.occurredAtMs ?? 0) + 150 });
  const request = span('llm', 6_150, 6_650);
  const playback = [500, 2_500, 7_000, 10_000].map((atMs, index) =>
    ahead(told(atMs, { type: index % 2 === 0 ? 'playback_started' : 'playback_stopped', role: 'agent' })),
  );
  const [aligned] = join(oneExchange(playback, [request])).requests;
  assert.deepEqual([inMs(aligned.startSample), inMs(aligned.endSample), aligned.correctionMs], [6_000, 6_500, 150]);
});

test('streams of 60 calls lie within 60 ms of what was said in them', () => {
  const errors: number[] = [];
  let unplaced = 0;
  let utterances = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed * 17);
    const options = {
      ...NOISE_FREE,
      style: 'separate',
      jitterMs: 40,
      deliveryMs: 40,
      loss: 0.2 * random(),
      doubled: 0.2,
    } as const;
    const { input, exchanges } = reportedCall(seed, options);
    const nearest = (times: readonly number[], ms: number): number =>
      Math.min(...times.map((time) => Math.abs(time - ms)));
    const starts = input.speech.map(({ startSample }) => startSample / SAMPLES_PER_MS);
    const onsets = exchanges.map(({ onsetMs }) => onsetMs);
    for (const { event, startSample, placedBy } of join(input).events) {
      if (event.type !== 'stt_final' && event.type !== 'tts_words') continue;
      if (placedBy !== 'media' || startSample === null) unplaced++;
      else errors.push(nearest(event.type === 'stt_final' ? starts : onsets, startSample / SAMPLES_PER_MS));
      if (event.type === 'tts_words') utterances++;
    }
  }
  const largest = Math.max(...errors);
  console.log(
    `# ${errors.length} pieces placed by media, ${utterances} of them synthesised; ${unplaced} not; largest error ${largest.toFixed(1)} ms`,
  );
  assert.ok(largest <= 60, `${largest} ms`);
  assert.ok(unplaced <= errors.length / 20);
});

test('each of what was told comes back once, with its place', () => {
  const event = told(5_600, { type: 'turn_ended' });
  const late = { ...event, receivedAtMs: event.receivedAtMs + 5_000 };
  const found: readonly AlignedEvent[] = join(oneExchange([late, event, late])).events;
  assert.deepEqual(
    found.map((one) => one.event),
    [event],
  );
});
