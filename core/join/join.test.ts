/** Joining on calls whose waits are known by construction: exact where nothing goes wrong, never wrong where much does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
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
import type { FindingOf } from '../facts/facts.ts';
import { RESPONSE_PARTS, type ResponsePart } from '../facts/reported.ts';
import { SAMPLES_PER_MS } from '../units/time.ts';
import type { Joined } from './joined.ts';
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
    missing,
  };
}

test('200 randomised calls: no part is wrong, what is unknown is NULL and says why', () => {
  const all: PartError[] = [];
  const bases: Record<string, number> = {};
  let wrong = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const options = troubled(seed);
    const call = reportedCall(seed, options);
    const joined = join(call.input);
    for (const { basis } of ofKind(joined, 'clock_offset')) bases[basis] = (bases[basis] ?? 0) + 1;
    const toleranceMs = toleranceOf(options);
    for (const error of errorsOf(call, joined)) {
      if (call.exchanges[error.exchange].isMistakable) continue;
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
  console.log(`# clocks: ${JSON.stringify(bases)}; ${wrong} wrong`);
  assert.equal(wrong, 0);
});
