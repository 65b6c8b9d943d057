/** Clocks of whole calls: short ones are right or not sure; what there is to go by decides, and nothing is made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOISE_FREE, reportedCall, type ReportedOptions, type Style } from '../../test/support/reportedCall.ts';
import { seeded } from '../../test/support/voice.ts';
import { ORIGIN_MS } from '../../test/support/oneExchange.ts';
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { ClockOffset } from '../facts/reported.ts';
import { clocksOf, onEarshotsClock } from './clocks.ts';
import type { JoinInput } from './joinInput.ts';
import { wallClock } from './wallClock.ts';

const STYLES: readonly Style[] = ['livekit', 'pipecat', 'separate'];

const onlyClock = (input: JoinInput): ClockOffset => {
  const clocks = [...clocksOf(input, wallClock(input.anchors)).values()];
  assert.equal(clocks.length, 1);
  return clocks[0];
};

for (const [name, loss, jitterMs] of [
  ['clean', 0, 20],
  ['with three of ten reports lost', 0.3, 30],
] as const) {
  test(`500 calls of three exchanges and skews of up to 5 s, ${name}: right, or not sure`, () => {
    const counts = { right: 0, unsure: 0, assumed: 0, wrong: 0 };
    for (let seed = 1; seed <= 500; seed++) {
      const random = seeded(seed * 101);
      const sign = random() < 0.5 ? -1 : 1;
      const options: ReportedOptions = {
        ...NOISE_FREE,
        style: STYLES[seed % 3],
        exchanges: 3,
        skewMs: sign * (500 + 4_500 * random()),
        driftPpm: (random() * 2 - 1) * 200,
        jitterMs,
        deliveryMs: 40,
        loss,
      };
      const { input, endMs } = reportedCall(seed, options);
      const clock = onlyClock(input);
      const toldMs = options.skewMs + (1 + options.driftPpm / 1e6) * (endMs / 2);
      const errorMs = Math.abs(onEarshotsClock(clock, toldMs) - endMs / 2);
      if (clock.basis === 'ambiguous') counts.unsure++;
      else if (clock.basis === 'assumed') counts.assumed++;
      else if (errorMs <= 150) counts.right++;
      else counts.wrong++;
    }
    console.log(`# 500 calls of three exchanges ${name}: ${JSON.stringify(counts)}`);
    assert.equal(counts.wrong + counts.assumed, 0, JSON.stringify(counts));
  });
}

test('a clock that tells nothing to go by is taken to be right', () => {
  const { input } = reportedCall(4, { ...NOISE_FREE, style: 'pipecat', missing: ['playback'] });
  const { basis, offsetMs, pairCount, spreadMs } = onlyClock(input);
  assert.deepEqual(
    { basis, offsetMs, pairCount, spreadMs },
    { basis: 'assumed', offsetMs: 0, pairCount: 0, spreadMs: null },
  );
});

test('unless its messages come steadily late, or before they were sent: then that tells how far it is off', () => {
  for (const skewMs of [-4_000, 4_000]) {
    const { input } = reportedCall(4, { ...NOISE_FREE, style: 'pipecat', missing: ['playback'], skewMs });
    const { basis, offsetMs } = onlyClock(input);
    assert.equal(basis, 'receipts', `${skewMs}`);
    assert.ok(Math.abs(offsetMs - skewMs) < 100, `${offsetMs}, not ${skewMs}`);
  }
});

test('a recorded session that is sent again a year later is aligned all the same', () => {
  const yearMs = 365 * 86_400_000;
  const { input } = reportedCall(5, NOISE_FREE);
  const again: JoinInput = {
    ...input,
    anchors: input.anchors.map((anchor) => ({ ...anchor, wallMs: anchor.wallMs + yearMs })),
    events: input.events.map((event) => ({ ...event, receivedAtMs: event.receivedAtMs + yearMs })),
  };
  const { basis, offsetMs } = onlyClock(again);
  assert.equal(basis, 'estimated');
  assert.ok(Math.abs(offsetMs + yearMs) < 20, `${offsetMs}`);
});

test('where a clock also tells when the caller spoke, the way from playback to the ear is not taken for an offset', () => {
  const seen = onlyClock(reportedCall(6, { ...NOISE_FREE, exchanges: 20 }).input);
  const hidden = onlyClock(reportedCall(6, { ...NOISE_FREE, exchanges: 20, missing: ['spans'] }).input);
  assert.ok(Math.abs(seen.offsetMs) < 5, `${seen.offsetMs}`);
  assert.ok(Math.abs(hidden.offsetMs + 90) < 5, `${hidden.offsetMs}`);
});

test('a live call that has just begun: what was told and not yet heard speaks against no clock', () => {
  const { input } = reportedCall(7, { ...NOISE_FREE, style: 'pipecat' });
  const first = (event: SpeechEvent): boolean => (event.occurredAtMs ?? 0) < ORIGIN_MS + 300;
  const early = { ...input, state: 'live' as const, speech: [], endSample: input.speech[0].startSample };
  const begun: SpeechEvent = {
    ...(input.events.filter(first)[0] ?? input.events[0]),
    type: 'playback_started',
    occurredAtMs: ORIGIN_MS + 380,
  };
  assert.equal(
    onlyClock({ ...early, events: [{ ...begun, receivedAtMs: ORIGIN_MS + 400 }], requests: [] }).basis,
    'assumed',
  );
});
