/** Whatever is told, and however foolish: what was measured stays as it was, and the sums are exact. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { oneExchange, ORIGIN_MS, received, span, told } from '../../test/support/oneExchange.ts';
import { EVENT_TYPES, type SpeechEvent } from '../events/speechEvent.ts';
import { RESPONSE_PARTS } from '../facts/reported.ts';
import { REQUEST_KINDS, type Request } from '../spans/request.ts';
import { asSampleIndex, samplesFromMs } from '../units/time.ts';
import { join } from './join.ts';

const METRICS = [
  'llm.ttft',
  'llm.duration',
  'tts.ttfb',
  'tts.duration',
  'turn.eou_delay',
  'stt.transcription_delay',
  'turn.reported_latency',
];
const time = fc.oneof(fc.double({ min: -2_000, max: 14_000, noNaN: true }), fc.constantFrom(-ORIGIN_MS, 0, 4e12, 1e15));
const seconds = fc.oneof(fc.double({ min: -1, max: 5, noNaN: true }), fc.constantFrom(-1, 0, 1e9, Infinity));
const metrics = fc.dictionary(fc.constantFrom(...METRICS), seconds, { maxKeys: 3 });
const id = fc.constantFrom('', 'a', 'b');
const role = fc.constantFrom('caller' as const, 'agent' as const, '' as const);

const event: fc.Arbitrary<SpeechEvent> = fc
  .record({
    type: fc.constantFrom(...EVENT_TYPES),
    role,
    atMs: time,
    isTimed: fc.boolean(),
    clock: fc.constantFrom('app', 'far', 'other'),
    streamId: fc.constantFrom('', 's1'),
    startMs: fc.option(fc.double({ min: -100, max: 1e5, noNaN: true })),
    endMs: fc.option(fc.double({ min: -100, max: 1e5, noNaN: true })),
    turnId: id,
    requestId: id,
    isCancelled: fc.boolean(),
    metrics,
  })
  .map(({ atMs, isTimed, ...rest }) => (isTimed ? told(atMs, rest) : received(atMs, rest)));

const request: fc.Arbitrary<Request> = fc
  .record({
    kind: fc.constantFrom(...REQUEST_KINDS),
    role,
    startMs: time,
    lengthMs: fc.oneof(fc.double({ min: 0, max: 9_000, noNaN: true }), fc.constantFrom(0, 1e13)),
    timeToFirstMs: fc.option(fc.double({ min: 0, max: 5_000, noNaN: true })),
    clock: fc.constantFrom('app', 'far'),
    isCancelled: fc.boolean(),
    turnId: id,
    metrics,
  })
  .map(({ kind, startMs, lengthMs, ...rest }) => span(kind, startMs, startMs + lengthMs, rest));

const isPlace = (value: number | null): boolean => value === null || Number.isSafeInteger(value);

test('any events and requests: sums to the sample, whole places, nothing lost', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), fc.array(request, { maxLength: 15 }), (events, requests) => {
      const interruption = {
        by: 'caller' as const,
        outcome: 'yielded' as const,
        onsetSample: asSampleIndex(samplesFromMs(8_000)),
        stopSample: asSampleIndex(samplesFromMs(8_900)),
      };
      const joined = join(oneExchange(events, requests, { interruptions: [interruption] }));
      assert.equal(joined.events.length, new Set(events.map((one) => one.id)).size);
      assert.equal(joined.requests.length, requests.length);
      for (const { startSample, endSample, correctionMs } of [...joined.events, ...joined.requests]) {
        assert.ok(isPlace(startSample) && isPlace(endSample) && Number.isFinite(correctionMs));
      }
      for (const finding of joined.findings) {
        if (finding.kind === 'clock_offset') assert.ok(Number.isFinite(finding.offsetMs + finding.driftPpm));
        if (finding.kind === 'interruption_breakdown' && finding.detectionSamples !== null) {
          assert.equal(finding.detectionSamples + (finding.flushSamples ?? NaN), samplesFromMs(900));
        }
        if (finding.kind !== 'response_breakdown') continue;
        const known = RESPONSE_PARTS.map((part) => finding.parts[part].samples ?? 0);
        assert.ok(known.every((samples) => samples >= 0 && Number.isInteger(samples)));
        assert.ok(finding.unattributedSamples >= 0);
        assert.equal(
          known.reduce((sum, samples) => sum + samples, finding.unattributedSamples),
          samplesFromMs(2_000),
        );
      }
    }),
    { numRuns: 1_500 },
  );
});
