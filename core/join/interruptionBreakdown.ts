/**
 * Where the time went until an agent that was interrupted fell silent: from the caller's onset to the framework's decision,
 * and from there, while what was buffered played on, to the silence that the caller heard.
 */
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { FindingOf } from '../facts/facts.ts';
import type { InterruptionBreakdown } from '../facts/reported.ts';
import { msFromSamples, samplesFromMs } from '../units/time.ts';
import { rounded } from '../units/weightedMean.ts';
import type { Clocks } from './clocks.ts';
import type { HeardInterruption, JoinInput } from './joinInput.ts';
import { stretchesOf, type Stretch } from './moments.ts';
import type { Placing } from './placing.ts';

/** Jitter of clocks and of the onset as it was heard. */
const EARLY_SAMPLES = samplesFromMs(100);
/** A framework may tell that playback stopped after the caller heard it stop. */
const AFTER_STOP_SAMPLES = samplesFromMs(1_500);
/** How long a decision is waited for where the agent spoke on. */
const CONTINUED_SAMPLES = samplesFromMs(4_000);

/** The decision itself, or the first that follows from it. */
const DECIDING: ReadonlySet<SpeechEvent['type']> = new Set(['interruption', 'playback_truncated', 'playback_stopped']);

interface Told {
  readonly sample: number;
  readonly toldBy: string;
  readonly event: SpeechEvent;
}

export function interruptionBreakdowns(
  input: JoinInput,
  placing: Placing,
  clocks: Clocks,
): FindingOf<'interruption_breakdown'>[] {
  const decisions = toldOf(input, placing, isDeciding);
  const onsets = toldOf(input, placing, isOnset);
  const agent = stretchesOf(input.speech, 'agent');
  const followed = input.interruptions
    .filter(({ by, outcome }) => by === 'caller' && ['yielded', 'continued', 'inconclusive'].includes(outcome))
    .sort((a, b) => a.onsetSample - b.onsetSample);
  const isLost = isClockLost(input, clocks);
  return followed.map((interruption, index) => {
    const decision = decisionFor(interruption, followed[index + 1] ?? null, agent, decisions);
    return {
      kind: 'interruption_breakdown',
      status: input.state === 'ended' ? 'final' : 'provisional',
      revision: 0,
      startSample: interruption.onsetSample,
      endSample: interruption.stopSample,
      outcome: interruption.outcome,
      ...timesOf(interruption, decision, input),
      decisionUnknown: decision !== null ? '' : isLost ? 'clock_unknown' : 'no_report',
      reportedLatencyMs: decision === null ? null : reportedOf(decision, decisions, onsets),
      toldBy: decision?.toldBy ?? '',
    };
  });
}

function toldOf({ events }: JoinInput, placing: Placing, wanted: (event: SpeechEvent) => boolean): Told[] {
  const found = events.flatMap((event): Told[] => {
    const told = wanted(event) ? placing.told(event) : null;
    if (told === null) return [];
    const toldBy = `${event.source} ${event.type}${told.by === 'received' ? ' (by receipt)' : ''}`;
    return [{ sample: told.sample, toldBy, event }];
  });
  return found.sort((a, b) => a.sample - b.sample || (a.event.id < b.event.id ? -1 : 1));
}

/** Some tell an interruption as the caller's, who began, others as the agent's, who was interrupted. */
const isDeciding = ({ type, role }: SpeechEvent): boolean =>
  DECIDING.has(type) && (type === 'interruption' || role !== 'caller');

const isOnset = ({ type, role }: SpeechEvent): boolean => type === 'speech_started' && role === 'caller';

function isClockLost({ events }: JoinInput, clocks: Clocks): boolean {
  const telling = events.filter(isDeciding);
  return (
    telling.length > 0 &&
    telling.every(({ clock, occurredAtMs }) => occurredAtMs !== null && clocks.get(clock)?.basis === 'ambiguous')
  );
}

/** The first after the onset, and before what the caller does next. */
function decisionFor(
  { onsetSample, stopSample }: HeardInterruption,
  next: HeardInterruption | null,
  agent: readonly Stretch[],
  decisions: readonly Told[],
): Told | null {
  const limit = stopSample === null ? onsetSample + CONTINUED_SAMPLES : stopSample + AFTER_STOP_SAMPLES;
  const nextAgent = agent.find(({ startSample }) => startSample > (stopSample ?? onsetSample));
  const until = Math.min(limit, next?.onsetSample ?? Infinity, nextAgent?.startSample ?? Infinity);
  const possible = decisions.filter(({ sample }) => sample >= onsetSample - EARLY_SAMPLES && sample <= until);
  const told = possible.filter(({ event }) => event.occurredAtMs !== null);
  const [first] = told.length > 0 ? told : possible;
  return first ?? null;
}

type Times = Pick<
  InterruptionBreakdown,
  'latencySamples' | 'detectionSamples' | 'flushSamples' | 'speechAfterDecisionSamples'
>;

function timesOf(
  { onsetSample, stopSample, outcome }: HeardInterruption,
  decision: Told | null,
  { speech, endSample }: JoinInput,
): Times {
  const latencySamples = outcome === 'yielded' && stopSample !== null ? stopSample - onsetSample : null;
  if (decision === null) {
    return { latencySamples, detectionSamples: null, flushSamples: null, speechAfterDecisionSamples: null };
  }
  const latest = latencySamples === null ? Infinity : onsetSample + latencySamples;
  const decidedAt = Math.min(Math.max(decision.sample, onsetSample), latest);
  const agent = stretchesOf(speech, 'agent').find((run) => run.startSample <= decidedAt && run.endSample > decidedAt);
  const heardUntil = latencySamples === null ? (agent?.endSample ?? endSample) : onsetSample + latencySamples;
  const after = speech.filter(({ channel }) => channel === 'agent');
  return {
    latencySamples,
    detectionSamples: decidedAt - onsetSample,
    flushSamples: latencySamples === null ? null : onsetSample + latencySamples - decidedAt,
    speechAfterDecisionSamples: after.reduce(
      (sum, run) => sum + Math.max(0, Math.min(run.endSample, heardUntil) - Math.max(run.startSample, decidedAt)),
      0,
    ),
  };
}

/** By the reporter's own words: where it saw the caller begin, and where it says that it stopped. */
function reportedOf(decision: Told, decisions: readonly Told[], onsets: readonly Told[]): number | null {
  const { source } = decision.event;
  const stop = decisions.find(
    ({ sample, event }) =>
      event.source === source &&
      event.type !== 'interruption' &&
      sample >= decision.sample &&
      sample <= decision.sample + AFTER_STOP_SAMPLES,
  );
  const onset = onsets.findLast(({ sample, event }) => event.source === source && sample <= decision.sample);
  if (stop === undefined || onset === undefined || onset.sample < decision.sample - CONTINUED_SAMPLES) return null;
  return rounded(msFromSamples(stop.sample - onset.sample), 1000);
}
