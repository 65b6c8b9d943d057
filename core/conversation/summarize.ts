/** The call's summary: sums up final findings as they pass, and tells them at the end. */
import type { CallSummary, Finding } from '../facts/facts.ts';
import type { Channel } from '../units/channel.ts';
import type { SampleIndex } from '../units/time.ts';
import { asSampleIndex } from '../units/time.ts';
import { addTo, meanOf, noMean, rounded, type WeightedMean } from '../units/weightedMean.ts';

export interface Summary {
  add(finding: Finding): void;
  /** `endSample`: where the call's audio ended. */
  tell(endSample: SampleIndex): Finding;
  save(): unknown;
  load(state: unknown): void;
}

interface Sums {
  speech: { caller: number; agent: number };
  gaps: { caller: number; agent: number };
  overlapSamples: number;
  overlapCount: number;
  turnCount: number;
  deadAirSamples: number;
  deadAirCount: number;
  byAgent: number;
  yielded: number;
  continued: number;
  backchannels: number;
  noiseBursts: number;
  clippings: number;
  dropouts: number;
  interruptionLatencies: number[];
  responseLatencies: number[];
  echoLossDb: number | null;
  gibberishes: number;
  loops: number;
  toneChanges: number;
  intelligibility: Record<Channel, WeightedMean>;
  overallMos: Record<Channel, WeightedMean>;
  /** Of the logarithm of f0 in Hz, weighted by voiced speech. */
  logF0: Record<Channel, WeightedMean>;
}

const noMeans = (): Record<Channel, WeightedMean> => ({ caller: noMean(), agent: noMean() });

const nothing = (): Sums => ({
  speech: { caller: 0, agent: 0 },
  gaps: { caller: 0, agent: 0 },
  overlapSamples: 0,
  overlapCount: 0,
  turnCount: 0,
  deadAirSamples: 0,
  deadAirCount: 0,
  byAgent: 0,
  yielded: 0,
  continued: 0,
  backchannels: 0,
  noiseBursts: 0,
  clippings: 0,
  dropouts: 0,
  interruptionLatencies: [],
  responseLatencies: [],
  echoLossDb: null,
  gibberishes: 0,
  loops: 0,
  toneChanges: 0,
  intelligibility: noMeans(),
  overallMos: noMeans(),
  logF0: noMeans(),
});

export function summarize(): Summary {
  let sums = nothing();
  return {
    add(finding) {
      if (finding.status === 'final') addFinal(sums, finding);
      else if (finding.kind === 'echo') sums.echoLossDb = finding.lossDb;
    },
    tell: (endSample) => ({
      kind: 'summary',
      status: 'final',
      revision: 1,
      startSample: asSampleIndex(0),
      endSample,
      ...summaryOf(sums, endSample),
    }),
    save: () => structuredClone(sums),
    load(state) {
      sums = structuredClone(state) as Sums;
    },
  };
}

function addFinal(sums: Sums, finding: Finding): void {
  switch (finding.kind) {
    case 'speech':
      sums.speech[finding.channel] += lengthOf(finding);
      return;
    case 'turn':
      sums.turnCount += 1;
      return;
    case 'overlap':
      sums.overlapCount += 1;
      sums.overlapSamples += lengthOf(finding);
      return;
    case 'interruption':
      return addInterruption(sums, finding);
    case 'response':
      sums.responseLatencies.push(finding.latencySamples);
      return;
    case 'dead_air':
      sums.deadAirCount += 1;
      sums.deadAirSamples += lengthOf(finding);
      return;
    case 'gap':
      // A gap told again as late has been counted when it was told as lost.
      if (finding.revision === 1) sums.gaps[finding.channel] += lengthOf(finding);
      return;
    case 'noise_burst':
      sums.noiseBursts += 1;
      return;
    case 'echo':
      sums.echoLossDb = finding.lossDb;
      return;
    case 'clipping':
      sums.clippings += 1;
      return;
    case 'dropout':
      sums.dropouts += 1;
      return;
    case 'gibberish':
      sums.gibberishes += 1;
      return;
    case 'loop':
      sums.loops += 1;
      return;
    case 'tone_change':
      sums.toneChanges += 1;
      return;
    case 'quality':
      addTo(sums.intelligibility[finding.channel], finding.intelligibility, finding.speechSamples);
      addTo(sums.overallMos[finding.channel], finding.overallMos, finding.speechSamples);
      return;
    case 'prosody':
      if (finding.f0Hz === null || finding.voicedShare === null) return;
      addTo(sums.logF0[finding.channel], Math.log(finding.f0Hz), finding.voicedShare * finding.speechSamples);
      return;
    case 'call_started':
    case 'call_ended':
    case 'frames':
    case 'unmeasured':
    case 'model_score':
    case 'clock_offset':
    case 'response_breakdown':
    case 'interruption_breakdown':
    case 'agent_text':
    case 'summary':
      return;
  }
}

function addInterruption(sums: Sums, finding: Extract<Finding, { kind: 'interruption' }>): void {
  const { by, outcome, latencySamples } = finding;
  if (outcome === 'backchannel') sums.backchannels += 1;
  if (outcome !== 'yielded' && outcome !== 'continued') return;
  if (by === 'agent') {
    sums.byAgent += 1;
    return;
  }
  sums[outcome] += 1;
  if (latencySamples !== null) sums.interruptionLatencies.push(latencySamples);
}

function summaryOf(sums: Sums, endSample: number): CallSummary {
  const { speech, gaps } = sums;
  const spoken = speech.caller + speech.agent;
  return {
    callerSpeechSamples: speech.caller,
    agentSpeechSamples: speech.agent,
    talkRatio: spoken === 0 ? null : Math.round((speech.agent / spoken) * 1e4) / 1e4,
    overlapSamples: sums.overlapSamples,
    overlapCount: sums.overlapCount,
    turnCount: sums.turnCount,
    interruptionsByCaller: sums.yielded + sums.continued,
    yieldedCount: sums.yielded,
    continuedCount: sums.continued,
    interruptionsByAgent: sums.byAgent,
    backchannelCount: sums.backchannels,
    noiseBurstCount: sums.noiseBursts,
    interruptionLatencySamplesP50: quantile(sums.interruptionLatencies, 0.5),
    interruptionLatencySamplesMax: quantile(sums.interruptionLatencies, 1),
    responseCount: sums.responseLatencies.length,
    responseLatencySamplesP50: quantile(sums.responseLatencies, 0.5),
    responseLatencySamplesP95: quantile(sums.responseLatencies, 0.95),
    responseLatencySamplesMax: quantile(sums.responseLatencies, 1),
    deadAirSamples: sums.deadAirSamples,
    deadAirCount: sums.deadAirCount,
    gapSamplesCaller: gaps.caller,
    gapSamplesAgent: gaps.agent,
    analysedSamplesCaller: endSample - gaps.caller,
    analysedSamplesAgent: endSample - gaps.agent,
    clippingCount: sums.clippings,
    dropoutCount: sums.dropouts,
    echoLossDb: sums.echoLossDb,
    gibberishCount: sums.gibberishes,
    loopCount: sums.loops,
    toneChangeCount: sums.toneChanges,
    intelligibilityCaller: rounded(meanOf(sums.intelligibility.caller), 1_000),
    intelligibilityAgent: rounded(meanOf(sums.intelligibility.agent), 1_000),
    overallMosCaller: rounded(meanOf(sums.overallMos.caller), 100),
    overallMosAgent: rounded(meanOf(sums.overallMos.agent), 100),
    f0HzCaller: rounded(exponential(meanOf(sums.logF0.caller)), 10),
    f0HzAgent: rounded(exponential(meanOf(sums.logF0.agent)), 10),
  };
}

const exponential = (value: number | null): number | null => (value === null ? null : Math.exp(value));

const lengthOf = ({ startSample, endSample }: { startSample: number; endSample: number | null }): number =>
  (endSample ?? startSample) - startSample;

/** Nearest rank: a value that was measured, not one between two. */
function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
