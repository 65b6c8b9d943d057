/** Joining on calls whose waits are known by construction: exact where nothing goes wrong, never wrong where much does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  NOISE_FREE,
  reportedCall,
  type ReportedCall,
  type ReportedOptions,
  type Stage,
  type Style,
  type TrueExchange,
} from '../../test/support/reportedCall.ts';
import { seeded } from '../../test/support/voice.ts';
import { ORIGIN_MS } from '../../test/support/oneExchange.ts';
import type { FindingOf } from '../facts/facts.ts';
import { RESPONSE_PARTS, type ResponsePart } from '../facts/reported.ts';
import { asSampleIndex, SAMPLES_PER_MS, samplesFromMs } from '../units/time.ts';
import type { Joined } from './joined.ts';
import type { JoinInput } from './joinInput.ts';
import { join } from './join.ts';

type Breakdown = FindingOf<'response_breakdown'>;

const STYLES: readonly Style[] = ['livekit', 'pipecat', 'separate'];

const ofKind = <Kind extends 'clock_offset' | 'response_breakdown' | 'interruption_breakdown'>(
  { findings }: Joined,
  kind: Kind,
): FindingOf<Kind>[] => findings.filter((finding): finding is FindingOf<Kind> => finding.kind === kind);

/** Known parts and the rest are the latency, none is negative, and what is unknown has a reason. */
function assertAddsUp({ latencySamples, parts, unattributedSamples, dominant }: Breakdown): void {
  const values = RESPONSE_PARTS.map((part) => parts[part]);
  const sum = values.reduce((total, { samples }) => total + (samples ?? 0), unattributedSamples);
  assert.equal(sum, latencySamples);
  assert.ok(unattributedSamples >= 0, `unattributed ${unattributedSamples}`);
  for (const { samples, unknown } of values) {
    assert.equal(samples === null, unknown !== '');
    assert.ok(samples === null || (samples >= 0 && Number.isInteger(samples)));
  }
  const largest = Math.max(unattributedSamples, ...values.map(({ samples }) => samples ?? 0));
  assert.equal(dominant === 'unattributed' ? unattributedSamples : parts[dominant].samples, largest);
}

interface PartError {
  readonly part: ResponsePart;
  readonly exchange: number;
  readonly errorMs: number | null;
  readonly told: string;
}

/** Without a decision a transcript may have waited for it, and a model that nobody watched may have called tools. */
function truthOf(exchange: TrueExchange, { parts, toldBy }: Breakdown): Record<ResponsePart, number> {
  const { marks, modelStartMs, toolStartMs } = exchange;
  const truth = { ...exchange.parts };
  if (parts.end_of_turn.samples === null) {
    const waitedFrom = toldBy.llm === undefined ? marks.final : Math.max(marks.final, modelStartMs);
    const work = (waitedFrom < toolStartMs ? truth.tool : 0) + (waitedFrom < modelStartMs ? truth.retrieval : 0);
    truth.llm = marks.token - waitedFrom - work;
    truth.tts = marks.firstAudio - marks.token;
  }
  if (parts.tool.unknown === 'not_observed') truth.llm += truth.tool;
  return truth;
}

function errorsOf(call: ReportedCall, joined: Joined): PartError[] {
  const breakdowns = ofKind(joined, 'response_breakdown');
  assert.equal(breakdowns.length, call.exchanges.length);
  return breakdowns.flatMap((breakdown, exchange) => {
    assertAddsUp(breakdown);
    const truth = truthOf(call.exchanges[exchange], breakdown);
    return RESPONSE_PARTS.map((part) => {
      const { samples } = breakdown.parts[part];
      const errorMs = samples === null ? null : samples / SAMPLES_PER_MS - truth[part];
      return { part, exchange, errorMs, told: breakdown.toldBy[part] ?? '' };
    });
  });
}

function figures(errors: readonly PartError[]): void {
  for (const part of RESPONSE_PARTS) {
    const own = errors.filter((error) => error.part === part);
    const known = own.flatMap(({ errorMs }) => (errorMs === null ? [] : [Math.abs(errorMs)])).sort((a, b) => a - b);
    const at = (share: number): string => (known[Math.floor((known.length - 1) * share)] ?? NaN).toFixed(1);
    const unknown = ((100 * (own.length - known.length)) / own.length).toFixed(1);
    console.log(
      `# ${part.padEnd(12)} median ${at(0.5)} p90 ${at(0.9)} max ${at(1)} ms, NULL ${unknown} % of ${own.length}`,
    );
  }
}

for (const style of STYLES) {
  test(`${style}, noise-free: every part within 30 ms of truth, sums exact`, () => {
    const all: PartError[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const call = reportedCall(seed, { ...NOISE_FREE, style });
      const errors = errorsOf(call, join(call.input));
      all.push(...errors);
      for (const error of errors) {
        const where = `seed ${seed} ${JSON.stringify(error)}`;
        assert.ok(error.errorMs !== null, where);
        assert.ok(Math.abs(error.errorMs) <= 30, where);
      }
    }
    figures(all);
  });
}

/**
 * The clock and the jitter of two marks. Receipts have the delivery in them, and where LiveKit does not tell when the caller
 * spoke, the steady way from its playback to the ear is taken for the clock's.
 */
function toleranceOf({ style, jitterMs, deliveryMs, missing }: ReportedOptions): number {
  const hiddenMs = style === 'livekit' && (missing.includes('spans') || missing.includes('playback')) ? 90 : 0;
  return 50 + 2 * jitterMs + (style === 'separate' ? deliveryMs : 0) + hiddenMs;
}

/** Calls in which everything that can go wrong does. */
function troubled(seed: number): ReportedOptions {
  const random = seeded(seed * 7_919);
  const stages: readonly Stage[] = ['decision', 'stt', 'llm', 'tts', 'playback', 'spans'];
  const missing = stages.filter(() => random() < 0.12);
  const skewMs = (random() * 2 - 1) * 5_000;
  // A clock that tells nothing to check it by is either kept by NTP or so far off that its messages come out of time.
  const isSmall = missing.includes('playback') && Math.abs(skewMs) < 500;
  return {
    style: STYLES[seed % 3],
    exchanges: 8 + Math.floor(random() * 30),
    tools: 0.3,
    retrieval: 0.3,
    cancelled: 0.2,
    interrupted: 0.25,
    skewMs: isSmall ? skewMs / 20 : skewMs,
    driftPpm: (random() * 2 - 1) * 200,
    jitterMs: random() * 40,
    deliveryMs: 40,
    loss: random() < 0.5 ? 0 : random() * 0.2,
    doubled: random() * 0.3,
    pauses: 0.4,
    missing,
  };
}

test('200 randomised calls: no part is wrong, what is unknown is NULL and says why', () => {
  const all: PartError[] = [];
  const bases: Record<string, number> = {};
  let wrong = 0;
  let mistakable = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const options = troubled(seed);
    const call = reportedCall(seed, options);
    const joined = join(call.input);
    for (const { basis } of ofKind(joined, 'clock_offset')) bases[basis] = (bases[basis] ?? 0) + 1;
    const toleranceMs = toleranceOf(options);
    for (const error of errorsOf(call, joined)) {
      if (call.exchanges[error.exchange].isMistakable) {
        mistakable++;
        continue;
      }
      all.push(error);
      if (error.errorMs !== null && Math.abs(error.errorMs) > toleranceMs) {
        wrong++;
        if (wrong < 40)
          console.log(
            `# seed ${seed} ${options.style} jitter ${options.jitterMs.toFixed(0)} loss ${options.loss.toFixed(2)} missing ${options.missing.join()} ${JSON.stringify(error)}`,
          );
      }
    }
  }
  figures(all);
  console.log(
    `# clocks: ${JSON.stringify(bases)}; ${wrong} wrong; left out: ${mistakable / RESPONSE_PARTS.length} exchanges`,
  );
  assert.equal(wrong, 0);
  assert.ok(mistakable / RESPONSE_PARTS.length <= 20, `${mistakable}`);
});

test('interruptions: detection and flush add up to the latency, within what the clock and jitter allow', () => {
  let count = 0;
  let known = 0;
  let largest = 0;
  for (let seed = 1; seed <= 80; seed++) {
    const options = troubled(seed);
    const call = reportedCall(seed, { ...options, interrupted: 0.6 });
    const found = ofKind(join(call.input), 'interruption_breakdown');
    assert.equal(found.length, call.interruptions.length);
    found.forEach((breakdown, index) => {
      const { onsetMs, decisionMs, stopMs } = call.interruptions[index];
      const { latencySamples, detectionSamples, flushSamples, speechAfterDecisionSamples } = breakdown;
      assert.equal(latencySamples, samplesFromMs(stopMs - onsetMs));
      count++;
      assert.equal(detectionSamples === null, breakdown.decisionUnknown !== '');
      if (detectionSamples === null || flushSamples === null) return;
      known++;
      assert.equal(detectionSamples + flushSamples, latencySamples);
      assert.equal(speechAfterDecisionSamples, flushSamples);
      // Where the decision itself was lost, the end of playback is the first that is told of it.
      const isDecision = breakdown.toldBy.endsWith('interruption');
      const detectionMs = detectionSamples / SAMPLES_PER_MS;
      const possible = isDecision ? [decisionMs] : [stopMs - 90, stopMs - 20, stopMs];
      const errorMs = Math.min(...possible.map((at) => Math.abs(at - onsetMs - detectionMs)));
      largest = Math.max(largest, errorMs);
      assert.ok(errorMs <= toleranceOf(options), `seed ${seed} ${errorMs} ${JSON.stringify(breakdown)}`);
    });
  }
  console.log(`# interruptions: ${known} of ${count} decisions known, largest error ${largest.toFixed(1)} ms`);
  assert.ok(known > count / 2);
});

test('what frameworks report as latency goes to the response that it is of', () => {
  let known = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const options = { ...troubled(seed), jitterMs: 0 };
    const call = reportedCall(seed, options);
    ofKind(join(call.input), 'response_breakdown').forEach(({ reportedLatencyMs }, index) => {
      if (reportedLatencyMs === null) return;
      known++;
      const { onsetMs, callerEndMs } = call.exchanges[index];
      assert.ok(onsetMs - callerEndMs - reportedLatencyMs >= 0, `seed ${seed} exchange ${index}`);
      assert.ok(onsetMs - callerEndMs - reportedLatencyMs <= 90.01, `seed ${seed} exchange ${index}`);
    });
  }
  assert.ok(known > 200, `${known}`);
});

test('events of skewed and drifting clocks over 10 to 60 minutes lie within 50 ms of where they belong', () => {
  let events = 0;
  let largest = 0;
  let slowestMs = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const random = seeded(seed * 31);
    const skewMs = (random() < 0.5 ? -1 : 1) * (4_000 + 1_000 * random());
    const driftPpm = (random() < 0.5 ? -1 : 1) * (150 + 50 * random());
    const style = seed % 2 === 0 ? 'livekit' : 'pipecat';
    const exchanges = 60 + Math.floor(random() * 300);
    const call = reportedCall(seed, {
      ...troubled(seed),
      style,
      exchanges,
      skewMs,
      driftPpm,
      jitterMs: 25,
      missing: [],
    });
    const startedAt = process.hrtime.bigint();
    const joined = join(call.input);
    slowestMs = Math.max(slowestMs, Number(process.hrtime.bigint() - startedAt) / 1e6);
    for (const { event, startSample } of joined.events) {
      if (event.occurredAtMs === null) continue;
      const trueMs = (event.occurredAtMs - ORIGIN_MS - skewMs) / (1 + driftPpm / 1e6);
      assert.notEqual(startSample, null);
      events++;
      largest = Math.max(largest, Math.abs((startSample ?? 0) / SAMPLES_PER_MS - trueMs));
    }
  }
  console.log(
    `# ${events} events placed, largest error ${largest.toFixed(1)} ms, slowest call ${slowestMs.toFixed(0)} ms`,
  );
  assert.ok(largest <= 50, `${largest} ms`);
});

const shuffledBy = (seed: number) => {
  const random = seeded(seed);
  return <Item>(items: readonly Item[]): Item[] =>
    items
      .map((item) => ({ item, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
};

test('the same, whatever came first and however often', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(), (seed, order) => {
      const { input } = reportedCall(seed, { ...troubled(seed), exchanges: 6 });
      const shuffled = shuffledBy(order);
      const again = {
        ...input,
        anchors: shuffled(input.anchors),
        speech: shuffled(input.speech),
        turns: shuffled(input.turns),
        responses: shuffled(input.responses),
        interruptions: shuffled(input.interruptions),
        events: shuffled([...input.events, ...input.events.slice(0, 20)]),
        requests: shuffled([...input.requests, ...input.requests.slice(0, 20)]),
      };
      assert.deepEqual(join(again), join(input));
    }),
    { numRuns: 40 },
  );
});

/** Moved on the timeline by samples, or in wall time by ms. */
function moved(input: JoinInput, samples: number, wallMs: number): JoinInput {
  const at = (sample: number) => asSampleIndex(sample + samples);
  const both = <Item extends { startSample: number; endSample: number }>(item: Item) => ({
    ...item,
    startSample: at(item.startSample),
    endSample: at(item.endSample),
  });
  return {
    ...input,
    anchors: input.anchors.map((anchor) => ({ sample: at(anchor.sample), wallMs: anchor.wallMs + wallMs })),
    endSample: at(input.endSample),
    speech: input.speech.map(both),
    responses: input.responses.map(both),
    turns: input.turns.map((turn) => ({
      ...turn,
      startSample: at(turn.startSample),
      endSample: turn.endSample === null ? null : at(turn.endSample),
    })),
    interruptions: input.interruptions.map((one) => ({
      ...one,
      onsetSample: at(one.onsetSample),
      stopSample: one.stopSample === null ? null : at(one.stopSample),
    })),
    events: input.events.map((event) => ({
      ...event,
      occurredAtMs: event.occurredAtMs === null ? null : event.occurredAtMs + wallMs,
      receivedAtMs: event.receivedAtMs + wallMs,
    })),
    requests: input.requests.map((request) => ({ ...request, startMs: request.startMs + wallMs })),
  };
}

/** Equal but for what fractions of Unix ms round away. */
function assertClose(actual: unknown, expected: unknown, path = ''): void {
  if (typeof actual === 'number' && typeof expected === 'number') {
    assert.ok(Math.abs(actual - expected) <= 2, `${path}: ${actual} and ${expected}`);
  } else if (typeof actual === 'object' && actual !== null && typeof expected === 'object' && expected !== null) {
    assert.deepEqual(Object.keys(actual), Object.keys(expected), path);
    const other = new Map(Object.entries(expected));
    for (const [key, value] of Object.entries(actual)) assertClose(value, other.get(key), `${path}.${key}`);
  } else assert.equal(actual, expected, path);
}

test('moved in wall time nothing changes; moved on the timeline everything moves along', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { input } = reportedCall(seed, { ...troubled(seed), exchanges: 10 });
    const given = join(input);
    assertClose(join(moved(input, 0, 86_400_000)).findings, given.findings, `seed ${seed}`);
    const later = join(moved(input, 16_000, 0));
    for (const kind of ['response_breakdown', 'interruption_breakdown'] as const) {
      const back = ofKind(later, kind).map((finding) => ({
        ...finding,
        startSample: finding.startSample - 16_000,
        endSample: (finding.endSample ?? 0) - 16_000,
      }));
      assertClose(back, ofKind(given, kind), `seed ${seed}`);
    }
  }
});

test('an exchange of which nothing is told takes nothing from those beside it', () => {
  for (const style of STYLES) {
    for (let seed = 1; seed <= 16; seed++) {
      const call = reportedCall(seed, { ...NOISE_FREE, style, exchanges: 8 });
      const silent = seed % 8;
      const { callerEndMs, onsetMs } = call.exchanges[silent];
      const isOutside = (atMs: number): boolean =>
        atMs < ORIGIN_MS + callerEndMs - 1_600 || atMs > ORIGIN_MS + onsetMs + 30;
      const isMoment = (type: string): boolean => type.startsWith('playback') || type === 'speech_started';
      const input: JoinInput = {
        ...call.input,
        events: call.input.events.filter(
          (event) => isMoment(event.type) || isOutside(event.occurredAtMs ?? event.receivedAtMs),
        ),
        requests: call.input.requests.filter(
          ({ kind, startMs, timeToFirstMs, durationMs }) =>
            kind === 'speaking' || isOutside(startMs + (timeToFirstMs ?? durationMs)),
        ),
      };
      const { events, requests } = call.input;
      // Metrics are told at the end of their requests, after the onset: those of the silent exchange are told as well.
      const isOfSilent = (turnId: string): boolean => turnId === call.exchanges[silent].turnId;
      const without = {
        ...input,
        events: input.events.filter(
          ({ turnId, segmentId }) => !isOfSilent(turnId) && !segmentId.startsWith(`speech_${silent + 1}_`),
        ),
        requests: input.requests.filter(({ turnId }) => !isOfSilent(turnId)),
      };
      assert.ok(without.events.length < events.length && without.requests.length <= requests.length);
      const breakdowns = ofKind(join(without), 'response_breakdown');
      const { parts, toldBy, unattributedSamples, latencySamples } = breakdowns[silent];
      const where = `${style} seed ${seed} ${JSON.stringify({ parts, toldBy })}`;
      assert.deepEqual(toldBy, {}, where);
      assert.equal(unattributedSamples, latencySamples, where);
      for (const part of ['end_of_turn', 'stt', 'llm', 'tts'] as const) assert.equal(parts[part].unknown, 'no_report');
      assert.equal(parts.playout.unknown, 'start_unknown');
      ofKind(join(call.input), 'response_breakdown').forEach((other, index) => {
        if (index !== silent) assert.deepEqual(breakdowns[index].parts, other.parts, where);
      });
    }
  }
});

/** Where somebody tells turns to be over, that the caller is seen to stop is no decision: Pipecat gets no such event. */
const STRAY = {
  livekit: ['llm_first_token', 'tts_first_audio', 'turn_ended', 'stt_final', 'state'],
  pipecat: ['llm_first_token', 'tts_first_audio', 'stt_final', 'state'],
  separate: ['llm_first_token', 'tts_first_audio', 'turn_ended', 'stt_final', 'state'],
} as const;

test('what is told while the agent speaks changes no wait', () => {
  for (const style of STYLES) {
    for (let seed = 1; seed <= 20; seed++) {
      const call = reportedCall(seed, { ...NOISE_FREE, style, exchanges: 8, interrupted: 0 });
      const [known] = call.input.events.filter(({ occurredAtMs }) => occurredAtMs !== null);
      const stray = call.exchanges.flatMap(({ onsetMs }, index) =>
        STRAY[style].map((type) => ({
          ...known,
          id: `stray ${index} ${type}`,
          type,
          role: '' as const,
          metrics: {},
          occurredAtMs: ORIGIN_MS + onsetMs + 600,
          receivedAtMs: ORIGIN_MS + onsetMs + 620,
        })),
      );
      const given = ofKind(join(call.input), 'response_breakdown');
      const more = ofKind(join({ ...call.input, events: [...call.input.events, ...stray] }), 'response_breakdown');
      assert.deepEqual(
        more.map(({ parts, toldBy }) => ({ parts, toldBy })),
        given.map(({ parts, toldBy }) => ({ parts, toldBy })),
      );
    }
  }
});
