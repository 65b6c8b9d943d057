/** The laws for the stages that judge, and that facts shift with time and swap with the channels. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { align, type ChannelHop, type Tick } from '../../core/conversation/align.ts';
import { clipping } from '../../core/conversation/clipping.ts';
import { deadAir } from '../../core/conversation/deadAir.ts';
import { interruptions } from '../../core/conversation/interruptions.ts';
import { label, type LabelledTick } from '../../core/conversation/label.ts';
import { LIMITS } from '../../core/conversation/limits.ts';
import { noiseBursts } from '../../core/conversation/noiseBursts.ts';
import { overlaps } from '../../core/conversation/overlaps.ts';
import { responses } from '../../core/conversation/responses.ts';
import { segments } from '../../core/conversation/segments.ts';
import { turns } from '../../core/conversation/turns.ts';
import type { Finding } from '../../core/facts/facts.ts';
import type { Stage } from '../../core/stage/stage.ts';
import { asSampleIndex, FRAME_SAMPLES } from '../../core/units/time.ts';
import { labelledTicksOf, ticksOf, type Spans } from '../support/signals.ts';
import { checkStageLaws } from '../support/stageLaws.ts';

/** Someone who talks and pauses, in steps of 10 ms. */
const spans: fc.Arbitrary<Spans> = fc
  .array(fc.tuple(fc.integer({ min: 5, max: 150 }), fc.integer({ min: 5, max: 250 })), { maxLength: 6 })
  .map((pairs) => {
    let at = 0;
    return pairs.map(([pause, talk]) => {
      const start = at + pause * 10;
      at = start + talk * 10;
      return [start, at] as const;
    });
  });
const DURATION_MS = 12_000;
const conversation = fc.tuple(spans, spans);
const labelled = conversation.map(([caller, agent]) => labelledTicksOf(DURATION_MS, caller, agent));

const detectors: Readonly<Record<string, () => Stage<LabelledTick, Finding>>> = {
  segments: () => segments('caller'),
  overlaps: () => overlaps(LIMITS),
  interruptions: () => interruptions(LIMITS, 'sent'),
  responses: () => responses('sent'),
  'dead air': () => deadAir(LIMITS),
  turns: () => turns(LIMITS),
  'noise bursts': () => noiseBursts(),
  clipping: () => clipping('agent', 80),
};

for (const [name, make] of Object.entries(detectors)) checkStageLaws({ name, make, inputs: labelled });

checkStageLaws({
  name: 'label',
  make: () => label(LIMITS),
  inputs: conversation.map(([caller, agent]) => ticksOf(DURATION_MS, caller, agent)),
});

/** Hops of both channels, interleaved anyhow, each with the frames that end within it. */
const hops: fc.Arbitrary<ChannelHop[]> = fc
  .array(fc.constantFrom('caller' as const, 'agent' as const), { maxLength: 30 })
  .map((channels) =>
    channels.map((channel, i) => {
      const hopIndex = channels.slice(0, i).filter((before) => before === channel).length;
      const framesBy = (hop: number): number => Math.floor((hop * 32) / 10);
      const count = framesBy(hopIndex + 1) - framesBy(hopIndex);
      return {
        channel,
        probability: (i % 7) / 7,
        edge: i % 5 === 0 ? null : [0.1, 0.2, 0.3, 0.4].map((value) => value + i / 100),
        hop: {
          hopIndex,
          startSample: asSampleIndex(0),
          endSample: asSampleIndex(0),
          samples: new Float32Array(0),
          missing: false,
          frames: Array.from({ length: count }, (_, k) => ({
            levelDbfs: -i - k,
            peak: 0,
            clippedSamples: 0,
            missing: false,
          })),
        },
      };
    }),
  );
checkStageLaws<ChannelHop, Tick>({ name: 'align', make: align, inputs: hops });

const SILENCE_MS = 500;
const shifted = (parts: Spans): Spans => parts.map(([start, end]) => [start + SILENCE_MS, end + SILENCE_MS] as const);

function findingsOf(
  make: () => Stage<LabelledTick, Finding>,
  caller: Spans,
  agent: Spans,
  durationMs: number,
): Finding[] {
  const found: Finding[] = [];
  const stage = make();
  for (const tick of labelledTicksOf(durationMs, caller, agent)) stage.push(tick, (finding) => found.push(finding));
  stage.flush((finding) => found.push(finding));
  return found;
}

for (const name of ['segments', 'overlaps', 'interruptions', 'responses', 'dead air', 'turns'] as const) {
  test(`${name}: half a second of silence in front shifts every fact by half a second`, () => {
    const shiftSamples = (SILENCE_MS / 10) * FRAME_SAMPLES;
    const moved = (finding: Finding): Finding =>
      ({
        ...finding,
        startSample: finding.startSample + shiftSamples,
        ...('endSample' in finding && finding.endSample !== null
          ? { endSample: finding.endSample + shiftSamples }
          : {}),
      }) as Finding;
    fc.assert(
      fc.property(conversation, ([caller, agent]) => {
        const plain = findingsOf(detectors[name], caller, agent, DURATION_MS);
        const late = findingsOf(detectors[name], shifted(caller), shifted(agent), DURATION_MS + SILENCE_MS);
        assert.deepEqual(late, plain.map(moved));
      }),
      { numRuns: 60 },
    );
  });
}

test('overlaps: swapped channels swap who started', () => {
  fc.assert(
    fc.property(conversation, ([caller, agent]) => {
      const swap = { caller: 'agent', agent: 'caller' } as const;
      const plain = findingsOf(detectors.overlaps, caller, agent, DURATION_MS);
      const swapped = findingsOf(detectors.overlaps, agent, caller, DURATION_MS);
      const sameOnset = new Set(
        caller.map(([start]) => start).filter((start) => agent.some(([other]) => other === start)),
      );
      const isDecided = (finding: Finding): boolean => !sameOnset.has(finding.startSample / 16);
      assert.deepEqual(
        swapped.filter(isDecided),
        plain
          .filter(isDecided)
          .map((finding) =>
            finding.kind === 'overlap' ? { ...finding, startedBy: swap[finding.startedBy] } : finding,
          ),
      );
    }),
  );
});

test('silence has no facts', () => {
  for (const [name, make] of Object.entries(detectors)) {
    assert.deepEqual(findingsOf(make, [], [], DURATION_MS), [], name);
  }
});
