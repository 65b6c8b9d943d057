/** One call's facts against its truth. Every count and error of the report comes from here. */
import type { Fact, FactKind, FactOf } from '../../core/facts/facts.ts';
import { CHANNELS, type Channel } from '../../core/units/channel.ts';
import { msFromSamples } from '../../core/units/time.ts';
import { matchNearest, matchOverlapping, type Interval } from './matching.ts';
import type { Truth } from './truth.ts';

const FRAME_MS = 10;
const BOUNDARY_MS = 300;
const ONSET_MS = 250;
const IOU_MIN = 0.5;
/** Ours are events from 100 ms on; shorter true intersections are not asked for. */
const OVERLAP_MS_MIN = 100;
const INCIDENTS = ['clipping', 'dropout', 'gibberish', 'loop'] as const satisfies readonly FactKind[];

export const OUTCOMES = ['yielded', 'continued', 'backchannel', 'none', 'agent'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Found against true, one to one. */
export interface Tally {
  truth: number;
  found: number;
  matched: number;
}

export interface CallResult {
  readonly frames: Record<Channel, Tally>;
  readonly onsetErrorsMs: Record<Channel, number[]>;
  readonly offsetErrorsMs: Record<Channel, number[]>;
  readonly interruptions: Tally;
  /** [true outcome][found outcome]. */
  readonly confusion: Record<Outcome, Record<Outcome, number>>;
  readonly latencyErrorsMs: number[];
  /** Barge-ins (yielded or continued) reported where truth has a noise burst, a backchannel, or nothing (echo). */
  readonly falseBargeIns: { noise: number; backchannel: number; nothing: number };
  readonly noiseBursts: number;
  readonly responses: Tally;
  readonly responseErrorsMs: number[];
  readonly deadAir: Tally;
  readonly overlaps: Tally;
  readonly incidents: Record<string, Tally>;
}

export function matchCall(truth: Truth, facts: readonly Fact[]): CallResult {
  const final = newestFinals(facts);
  const of = <Kind extends FactKind>(kind: Kind): FactOf<Kind>[] =>
    final.filter((fact): fact is FactOf<Kind> => fact.kind === kind);
  const speech = of('speech');
  return {
    ...matchSpeech(truth, speech),
    ...matchInterruptions(truth, of('interruption')),
    ...matchResponses(truth, of('response')),
    deadAir: tallyOverlapping(truth.deadAir, of('dead_air').map(intervalOf)),
    overlaps: tallyOverlapping(
      truth.overlaps.filter(({ startMs, endMs }) => endMs - startMs >= OVERLAP_MS_MIN),
      of('overlap').map(intervalOf),
    ),
    incidents: Object.fromEntries(
      INCIDENTS.map((kind) => {
        const labelled = truth.incidents.filter((incident) => incident.kind === kind);
        return [kind, tallyOverlapping(labelled, of(kind).map(intervalOf))];
      }),
    ),
  };
}

/** The newest revision of each id, if it is final. */
function newestFinals(facts: readonly Fact[]): Fact[] {
  const newest = new Map<string, Fact>();
  for (const fact of facts) {
    const known = newest.get(fact.id);
    if (known === undefined || fact.revision >= known.revision) newest.set(fact.id, fact);
  }
  return [...newest.values()].filter(({ status }) => status === 'final');
}

function matchSpeech(truth: Truth, speech: FactOf<'speech'>[]) {
  const perChannel = <Value>(value: (channel: Channel) => Value): Record<Channel, Value> => ({
    caller: value('caller'),
    agent: value('agent'),
  });
  const trueOf = (channel: Channel) => truth.segments.filter((segment) => segment.channel === channel);
  const foundOf = (channel: Channel) => speech.filter((fact) => fact.channel === channel).map(intervalOf);
  const boundary = (channel: Channel, edge: 'startMs' | 'endMs'): number[] =>
    matchNearest(
      trueOf(channel).map((segment) => segment[edge]),
      foundOf(channel).map((segment) => segment[edge]),
      BOUNDARY_MS,
    ).map(([t, f]) => foundOf(channel)[f][edge] - trueOf(channel)[t][edge]);
  return {
    frames: perChannel((channel) => tallyFrames(truth.durationMs, trueOf(channel), foundOf(channel))),
    onsetErrorsMs: perChannel((channel) => boundary(channel, 'startMs')),
    offsetErrorsMs: perChannel((channel) => boundary(channel, 'endMs')),
  };
}

function tallyFrames(durationMs: number, truth: readonly Interval[], found: readonly Interval[]): Tally {
  const count = Math.ceil(durationMs / FRAME_MS);
  const trueFrames = paint(count, truth);
  const foundFrames = paint(count, found);
  const tally: Tally = { truth: 0, found: 0, matched: 0 };
  for (let i = 0; i < count; i += 1) {
    tally.truth += trueFrames[i];
    tally.found += foundFrames[i];
    tally.matched += trueFrames[i] & foundFrames[i];
  }
  return tally;
}

function paint(count: number, intervals: readonly Interval[]): Uint8Array {
  const frames = new Uint8Array(count);
  for (const { startMs, endMs } of intervals)
    frames.fill(1, Math.round(startMs / FRAME_MS), Math.round(endMs / FRAME_MS));
  return frames;
}

function matchInterruptions(truth: Truth, facts: FactOf<'interruption'>[]) {
  const events = truth.interruptions.filter(({ outcome }) => outcome !== 'noise_burst');
  const bursts = truth.interruptions.filter(({ outcome }) => outcome === 'noise_burst');
  const found = facts.filter(({ outcome }) => outcome !== 'noise' && outcome !== 'turn_end' && outcome !== 'pending');
  const confusion = emptyConfusion();
  const latencyErrorsMs: number[] = [];
  const taken = new Set<FactOf<'interruption'>>();
  let matched = 0;
  for (const by of CHANNELS) {
    const trueBy = events.filter((event) => event.by === by);
    const foundBy = found.filter((fact) => fact.by === by);
    const pairs = matchNearest(
      trueBy.map(({ onsetMs }) => onsetMs),
      foundBy.map(({ startSample }) => msFromSamples(startSample)),
      ONSET_MS,
    );
    for (const [t, f] of pairs) {
      const event = trueBy[t];
      const fact = foundBy[f];
      taken.add(fact);
      matched += 1;
      confusion[trueOutcome(event)][foundOutcome(fact)] += 1;
      if (
        event.outcome === 'yielded' &&
        fact.outcome === 'yielded' &&
        by === 'caller' &&
        event.latencyMs !== undefined
      ) {
        latencyErrorsMs.push(msFromSamples(fact.latencySamples ?? 0) - event.latencyMs);
      }
    }
    const pairedTrue = new Set(pairs.map(([t]) => t));
    trueBy.forEach((event, t) => {
      if (!pairedTrue.has(t)) confusion[trueOutcome(event)].none += 1;
    });
  }
  const falseBargeIns = {
    noise: 0,
    backchannel: confusion.backchannel.yielded + confusion.backchannel.continued,
    nothing: 0,
  };
  for (const fact of found) {
    if (taken.has(fact)) continue;
    confusion.none[foundOutcome(fact)] += 1;
    if (fact.by !== 'caller' || (fact.outcome !== 'yielded' && fact.outcome !== 'continued')) continue;
    const onsetMs = msFromSamples(fact.startSample);
    if (bursts.some((burst) => Math.abs(burst.onsetMs - onsetMs) <= 2 * ONSET_MS)) falseBargeIns.noise += 1;
    else if (!overlapsCaller(truth, fact)) falseBargeIns.nothing += 1;
  }
  return {
    interruptions: { truth: events.length, found: found.length, matched },
    confusion,
    latencyErrorsMs,
    falseBargeIns,
    noiseBursts: bursts.length,
  };
}

function overlapsCaller(truth: Truth, fact: FactOf<'interruption'>): boolean {
  const startMs = msFromSamples(fact.startSample);
  const endMs = msFromSamples(fact.endSample ?? fact.startSample);
  return truth.segments.some(
    (segment) => segment.channel === 'caller' && segment.startMs < endMs && segment.endMs > startMs,
  );
}

const trueOutcome = ({ by, outcome }: Truth['interruptions'][number]): Outcome =>
  by === 'agent' ? 'agent' : (outcome as Exclude<typeof outcome, 'noise_burst'>);

function foundOutcome({ by, outcome }: FactOf<'interruption'>): Outcome {
  if (by === 'agent') return 'agent';
  return outcome === 'yielded' || outcome === 'continued' || outcome === 'backchannel' ? outcome : 'none';
}

function matchResponses(truth: Truth, facts: FactOf<'response'>[]) {
  const pairs = matchNearest(
    truth.responses.map(({ agentStartMs }) => agentStartMs),
    facts.map(({ endSample }) => msFromSamples(endSample ?? 0)),
    ONSET_MS,
  );
  return {
    responses: { truth: truth.responses.length, found: facts.length, matched: pairs.length },
    responseErrorsMs: pairs.map(([t, f]) => msFromSamples(facts[f].latencySamples) - truth.responses[t].latencyMs),
  };
}

function tallyOverlapping(truth: readonly Interval[], found: readonly Interval[]): Tally {
  return { truth: truth.length, found: found.length, matched: matchOverlapping(truth, found, IOU_MIN).length };
}

const intervalOf = ({ startSample, endSample }: { startSample: number; endSample: number | null }): Interval => ({
  startMs: msFromSamples(startSample),
  endMs: msFromSamples(endSample ?? startSample),
});

export function emptyConfusion(): Record<Outcome, Record<Outcome, number>> {
  const row = (): Record<Outcome, number> => ({ yielded: 0, continued: 0, backchannel: 0, none: 0, agent: 0 });
  return { yielded: row(), continued: row(), backchannel: row(), none: row(), agent: row() };
}
