/** A short call with one fact of every kind, for what stores and shows facts. Its numbers are easy to tell apart. */
import type { Fact, FactBodies, FactKind, Finding, Prosody } from '../../core/facts/facts.ts';
import { factId } from '../../core/facts/factId.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { sampleJoined } from './sampleJoined.ts';
import { asSampleIndex, msFromSamples, samplesFromMs } from '../../core/units/time.ts';

export const sampleMs = (ms: number) => asSampleIndex(samplesFromMs(ms));

/** Rows older than their table's retention would vanish, so the call began a minute ago. */
export const sampleOpenCall = (callId: string, changes: Partial<OpenCall> = {}): OpenCall => ({
  tenant: 'acme',
  callId,
  protocol: 'earshot',
  startedAtMs: Date.now() - 60_000,
  encoding: 'mulaw',
  rateHz: 8_000,
  layout: 'separate',
  channelOrder: ['caller', 'agent'],
  agentPlacement: 'media',
  tap: 'sent',
  agentVersion: 'v7',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  labels: { campaign: "spring; it's 'new'", note: 'back\\slash\nand line' },
  providerIds: { callSid: `CA-${callId}` },
  ...changes,
});

type Told = { status?: 'provisional' | 'final'; revision?: number };

/** A fact of `call`; final and of revision 1 unless said otherwise. */
export function sampleFact<Kind extends FactKind>(
  call: OpenCall,
  kind: Kind,
  body: FactBodies[Kind],
  { status = 'final', revision = 1 }: Told = {},
): Fact {
  const finding = { kind, status, revision, ...body } as unknown as Finding;
  return {
    ...finding,
    id: factId(call.tenant, call.callId, finding),
    tenant: call.tenant,
    callId: call.callId,
    startWallMs: call.startedAtMs + msFromSamples(finding.startSample),
  };
}

export const SAMPLE_SUMMARY: FactBodies['summary'] = {
  startSample: sampleMs(0),
  endSample: sampleMs(20_000),
  callerSpeechSamples: samplesFromMs(4_000),
  agentSpeechSamples: samplesFromMs(6_000),
  talkRatio: 0.6,
  overlapSamples: samplesFromMs(400),
  overlapCount: 1,
  turnCount: 2,
  interruptionsByCaller: 2,
  yieldedCount: 1,
  continuedCount: 1,
  interruptionsByAgent: 0,
  backchannelCount: 1,
  noiseBurstCount: 1,
  interruptionLatencySamplesP50: samplesFromMs(400),
  interruptionLatencySamplesMax: samplesFromMs(400),
  responseCount: 1,
  responseLatencySamplesP50: samplesFromMs(900),
  responseLatencySamplesP95: samplesFromMs(900),
  responseLatencySamplesMax: samplesFromMs(900),
  deadAirSamples: samplesFromMs(3_500),
  deadAirCount: 1,
  gapSamplesCaller: samplesFromMs(100),
  gapSamplesAgent: 0,
  analysedSamplesCaller: samplesFromMs(19_900),
  analysedSamplesAgent: samplesFromMs(20_000),
  clippingCount: 1,
  dropoutCount: 1,
  echoLossDb: null,
  gibberishCount: 1,
  loopCount: 1,
  toneChangeCount: 1,
  intelligibilityCaller: 0.75,
  intelligibilityAgent: null,
  overallMosCaller: 3.5,
  overallMosAgent: null,
  f0HzCaller: 120.5,
  f0HzAgent: null,
};

const SAMPLE_PROSODY: Prosody = {
  speechSamples: samplesFromMs(950),
  levelDbfs: -23.5,
  levelRangeDb: 12.5,
  pauseCount: 1,
  pauseSamples: samplesFromMs(50),
  voicedShare: 0.5,
  f0Hz: 120.5,
  f0RangeSt: 6.5,
  f0SlopeStPerS: -1.5,
  f0FinalSt: -2.5,
  f0SdSt: 2.25,
  monotony: 0.5,
  syllables: 4,
  speakingRate: 4,
  articulationRate: 4.25,
  jitterPercent: 1.25,
  shimmerPercent: 5.5,
  harmonicityDb: 14.5,
  arousal: 0.25,
  unknown: '',
};
const NO_PITCH: Partial<Prosody> = {
  voicedShare: null,
  f0Hz: null,
  f0RangeSt: null,
  f0SlopeStPerS: null,
  f0FinalSt: null,
  f0SdSt: null,
  monotony: null,
  unknown: 'not_measured',
};

export function sampleFacts(call: OpenCall): Fact[] {
  const fact = <Kind extends FactKind>(kind: Kind, body: FactBodies[Kind], told?: Told): Fact =>
    sampleFact(call, kind, body, told);
  const span = (fromMs: number, toMs: number) => ({ startSample: sampleMs(fromMs), endSample: sampleMs(toMs) });
  const onset = { startSample: sampleMs(5_000), by: 'caller', tap: 'sent' } as const;
  return [
    fact('call_started', { startSample: sampleMs(0), call }, { revision: 0 }),
    fact('speech', { ...span(1_000, 2_000), channel: 'caller', levelDbfs: -23.5, probabilityMean: 0.9 }),
    fact('speech', { ...span(2_900, 5_400), channel: 'agent', levelDbfs: -20.25, probabilityMean: 0.97 }),
    fact('turn', { ...span(1_000, 2_000), channel: 'caller', turnIndex: 0, speechSamples: samplesFromMs(950) }),
    fact('turn', { ...span(2_900, 5_400), channel: 'agent', turnIndex: 1, speechSamples: samplesFromMs(2_400) }),
    fact('response', { ...span(2_000, 2_900), latencySamples: samplesFromMs(900), tap: 'sent' }),
    fact('overlap', { ...span(5_000, 5_400), startedBy: 'caller' }),
    fact(
      'interruption',
      { ...onset, endSample: null, outcome: 'pending', latencySamples: null, latencyUnknown: 'pending' },
      { status: 'provisional', revision: 0 },
    ),
    fact('interruption', {
      ...onset,
      endSample: sampleMs(5_400),
      outcome: 'yielded',
      latencySamples: samplesFromMs(400),
      latencyUnknown: '',
    }),
    fact('interruption', {
      ...onset,
      ...span(9_000, 11_000),
      outcome: 'continued',
      latencySamples: null,
      latencyUnknown: 'not_yielded',
    }),
    fact('interruption', {
      ...onset,
      ...span(12_000, 12_500),
      outcome: 'backchannel',
      latencySamples: null,
      latencyUnknown: 'not_yielded',
    }),
    fact('dead_air', { ...span(13_000, 16_500), owedBy: 'agent' }),
    fact('gap', { ...span(17_000, 17_100), channel: 'caller', reason: 'loss' }),
    fact('noise_burst', { ...span(4_000, 4_200), channel: 'caller', levelDbfs: -30 }),
    fact('echo', { ...span(3_000, 5_000), channel: 'caller', lossDb: 32.5, delaySamples: samplesFromMs(120) }),
    fact('clipping', { ...span(1_200, 1_300), channel: 'caller', clippedShare: 0.125 }),
    fact('dropout', { ...span(3_200, 3_500), channel: 'agent', silentSamples: samplesFromMs(60), holes: 3 }),
    fact('prosody', { ...span(1_000, 2_000), channel: 'caller', ...SAMPLE_PROSODY }),
    fact('prosody', { ...span(2_900, 5_400), channel: 'agent', ...SAMPLE_PROSODY, ...NO_PITCH }),
    fact('tone_change', {
      ...span(1_000, 2_000),
      channel: 'caller',
      direction: 'raised',
      f0ShiftSt: 4.5,
      levelShiftDb: 6,
      rateShift: null,
      arousalShift: 0.25,
    }),
    fact('quality', {
      ...span(1_280, 2_560),
      channel: 'caller',
      speechSamples: samplesFromMs(720),
      intelligibility: 0.75,
      signalMos: 3.25,
      backgroundMos: 4.5,
      overallMos: 3,
    }),
    fact('gibberish', { ...span(3_000, 4_500), channel: 'agent', intelligibility: 0.125 }),
    fact('loop', { ...span(3_500, 4_500), channel: 'agent', periodSamples: samplesFromMs(300) }),
    fact('unmeasured', { ...span(3_840, 5_120), channel: 'agent', models: ['arousal', 'syllables'], reason: 'shed' }),
    fact('model_score', { ...span(0, 9_010), channel: 'caller', model: 'dnsmos', scores: { ovrl: 2.5 } }),
    ...(['caller', 'agent'] as const).map((channel) =>
      fact('frames', {
        ...span(5_000, 5_030),
        channel,
        frameCount: 3,
        levelCdb: Int16Array.of(-2_350, -3_000, -10_000),
        speech255: Uint8Array.of(255, 51, 0),
        f0Dhz: Uint16Array.of(1_255, 0, 0),
        voicing255: Uint8Array.of(204, 51, 0),
        flags: Uint8Array.of(1 | 32, 2 | 16 | 32, 4),
      }),
    ),
    ...sampleJoined(fact),
    fact('summary', SAMPLE_SUMMARY),
    fact(
      'call_ended',
      {
        startSample: sampleMs(20_000),
        reason: 'completed',
        errorCode: '',
        errorText: '',
        wallTimeOfSample0Ms: call.startedAtMs + 40,
      },
      { revision: 0 },
    ),
  ];
}
