/**
 * Facts: all that Earshot says about a call, as one tagged union made from one map.
 * All positions are sample indices of the call's 16 kHz timeline; reference for terms: docs/definitions.md.
 */
import type { Channel } from '../units/channel.ts';
import type { SampleIndex } from '../units/time.ts';
import type { OpenCall, Tap } from './openCall.ts';
import type { AgentText, ClockOffset, InterruptionBreakdown, ResponseBreakdown } from './reported.ts';

/** Version of the definitions below; it is part of each fact's id, so old and new rows never mix. */
export const DEFINITION_VERSION = 2;

export const END_REASONS = [
  'completed',
  'client_vanished',
  'superseded',
  'invalid_input',
  'failed',
  'shutdown',
] as const;
export type EndReason = (typeof END_REASONS)[number];

export const GAP_REASONS = ['loss', 'late', 'restart', 'shed'] as const;
export type GapReason = (typeof GAP_REASONS)[number];

/**
 * What an onset inside the other side's speech turned out to be. `pending` only while provisional.
 * yielded / continued: the interrupted side fell silent within 2 s / spoke on. backchannel: a short token that did not
 * take the floor. turn_end: a start within the other's last words. noise: not speech. inconclusive: the call ended first.
 */
export const INTERRUPTION_OUTCOMES = [
  'pending',
  'yielded',
  'continued',
  'backchannel',
  'turn_end',
  'noise',
  'inconclusive',
] as const;
export type InterruptionOutcome = (typeof INTERRUPTION_OUTCOMES)[number];

interface Span {
  readonly startSample: SampleIndex;
  /** One past the last sample; null while it is still open. */
  readonly endSample: SampleIndex | null;
}

interface OnChannel extends Span {
  readonly channel: Channel;
}

export interface FactBodies {
  call_started: { readonly startSample: SampleIndex; readonly call: OpenCall };
  call_ended: {
    readonly startSample: SampleIndex;
    readonly reason: EndReason;
    /** Code and text of the error that ended the call, else empty. */
    readonly errorCode: string;
    readonly errorText: string;
    /** Wall time (Unix ms) of sample 0, estimated from the lower envelope of arrivals. */
    readonly wallTimeOfSample0Ms: number;
  };
  /** A run of speech of one side; pauses under 200 ms are part of it. */
  speech: OnChannel & { readonly levelDbfs: number; readonly probabilityMean: number };
  /** A maximal run of one side's speech that the other's speech (backchannels aside) does not answer. */
  turn: OnChannel & { readonly turnIndex: number; readonly speechSamples: number };
  /** Both sides speak at once: one row per intersection of two speech segments of 100 ms or more. */
  overlap: Span & { readonly startedBy: Channel };
  interruption: Span & {
    readonly by: Channel;
    readonly outcome: InterruptionOutcome;
    /** Onset to the interrupted side's silence; null with `latencyUnknown` saying why. */
    readonly latencySamples: number | null;
    readonly latencyUnknown: '' | 'not_yielded' | 'pending' | 'call_ended';
    readonly tap: Tap;
  };
  /** The wait between the caller's end and the agent's start, in ordinary exchanges only. */
  response: Span & { readonly latencySamples: number; readonly tap: Tap };
  /** Both sides silent for 3 s or more. `owedBy`: the side that owes the floor. */
  dead_air: Span & { readonly owedBy: Channel };
  /** Audio that is missing, with the reason: analysed + gaps = the call's span, to the sample. */
  gap: OnChannel & { readonly reason: GapReason };
  /** A sound that is not speech, loud enough to be taken for it, on the caller's side while the agent speaks. */
  noise_burst: OnChannel & { readonly levelDbfs: number };
  /** The agent leaks into the caller's channel: how much lower and how much later. */
  echo: OnChannel & { readonly lossDb: number; readonly delaySamples: number };
  clipping: OnChannel & { readonly clippedShare: number };
  /** Holes of digital silence inside speech. */
  dropout: OnChannel & { readonly silentSamples: number; readonly holes: number };
  /** One second of 10 ms signals of one channel. */
  frames: OnChannel & {
    readonly frameCount: number;
    /** dBFS x 100. */
    readonly levelCdb: Int16Array;
    /** Speech probability x 255. */
    readonly speech255: Uint8Array;
    /** Fundamental frequency, Hz x 10; 0 where the frame is not voiced or pitch was not measured. */
    readonly f0Dhz: Uint16Array;
    /** Confidence that the frame is voiced x 255; 0 where pitch was not measured. */
    readonly voicing255: Uint8Array;
    /** Bits: 1 speech, 2 clipped, 4 gap, 8 digital silence, 16 echo, 32 pitch was measured. */
    readonly flags: Uint8Array;
  };
  /** How one utterance sounded. */
  prosody: OnChannel & Prosody;
  /** An utterance that departs from its speaker's own way of speaking so far in more than one measure. */
  tone_change: OnChannel & ToneShift;
  /** How understandable and how clean the speech of one window (1.28 s) is. */
  quality: OnChannel & SpeechQuality;
  /** Sound like speech that cannot be understood: what broken synthesis gives. */
  gibberish: OnChannel & { readonly intelligibility: number };
  /** Synthesis that is stuck: the same piece of sound again and again. */
  loop: OnChannel & { readonly periodSamples: number };
  /** Speech that models were asked about in vain: overload dropped them, or they failed. */
  unmeasured: OnChannel & { readonly models: readonly string[]; readonly reason: 'shed' | 'failed' };
  /** What a model that the user added says of one of its windows. */
  model_score: OnChannel & { readonly model: string; readonly scores: Readonly<Record<string, number>> };
  summary: Span & CallSummary;
  /** How far another clock is off Earshot's in this call, and by what that was found. From the call's start to its end. */
  clock_offset: Span & ClockOffset;
  /** Where a response's wait came from: caller's end to agent's onset, cut into parts. */
  response_breakdown: Span & ResponseBreakdown;
  /** Where the time went until an interrupted agent fell silent. */
  interruption_breakdown: Span & InterruptionBreakdown;
  /** What one turn of the agent said, beside what was generated for it. */
  agent_text: OnChannel & AgentText;
}

/** Everything that is counted over a call. Times are samples; what was never observed is null, not 0. */
export interface CallSummary {
  readonly callerSpeechSamples: number;
  readonly agentSpeechSamples: number;
  /** agent / (agent + caller) speech; null when nobody spoke. */
  readonly talkRatio: number | null;
  readonly overlapSamples: number;
  readonly overlapCount: number;
  readonly turnCount: number;
  readonly interruptionsByCaller: number;
  readonly yieldedCount: number;
  readonly continuedCount: number;
  readonly interruptionsByAgent: number;
  readonly backchannelCount: number;
  readonly noiseBurstCount: number;
  readonly interruptionLatencySamplesP50: number | null;
  readonly interruptionLatencySamplesMax: number | null;
  readonly responseCount: number;
  readonly responseLatencySamplesP50: number | null;
  readonly responseLatencySamplesP95: number | null;
  readonly responseLatencySamplesMax: number | null;
  readonly deadAirSamples: number;
  readonly deadAirCount: number;
  readonly gapSamplesCaller: number;
  readonly gapSamplesAgent: number;
  readonly analysedSamplesCaller: number;
  readonly analysedSamplesAgent: number;
  readonly clippingCount: number;
  readonly dropoutCount: number;
  /** Null when no echo was found. */
  readonly echoLossDb: number | null;
  readonly gibberishCount: number;
  readonly loopCount: number;
  readonly toneChangeCount: number;
  /** Means over the call, by channel; null where nothing was measured. */
  readonly intelligibilityCaller: number | null;
  readonly intelligibilityAgent: number | null;
  readonly overallMosCaller: number | null;
  readonly overallMosAgent: number | null;
  readonly f0HzCaller: number | null;
  readonly f0HzAgent: number | null;
}

/** What is null could not be measured; `unknown` says why where the pitch is null. Semitones are relative, st. */
export interface Prosody {
  readonly speechSamples: number;
  readonly levelDbfs: number;
  /** Between the 10th and the 90th percentile of its speech frames. */
  readonly levelRangeDb: number;
  readonly pauseCount: number;
  readonly pauseSamples: number;
  readonly voicedShare: number | null;
  /** Geometric mean. */
  readonly f0Hz: number | null;
  readonly f0RangeSt: number | null;
  readonly f0SlopeStPerS: number | null;
  /** Movement of the last voiced 300 ms against what was before. */
  readonly f0FinalSt: number | null;
  /** Standard deviation in semitones: the less, the more monotonous. */
  readonly f0SdSt: number | null;
  /** The same as a score: 0 lively .. 1 on one note. */
  readonly monotony: number | null;
  readonly syllables: number | null;
  /** Syllables a second with and without pauses. */
  readonly speakingRate: number | null;
  readonly articulationRate: number | null;
  readonly jitterPercent: number | null;
  readonly shimmerPercent: number | null;
  readonly harmonicityDb: number | null;
  /** 0 calm .. 1 aroused. */
  readonly arousal: number | null;
  readonly unknown: '' | 'too_little_voice' | 'not_measured';
}

/** Differences from the speaker's baseline; null where either is not known. */
export interface ToneShift {
  readonly direction: 'raised' | 'lowered' | 'mixed';
  readonly f0ShiftSt: number | null;
  readonly levelShiftDb: number | null;
  /** Syllables a second. */
  readonly rateShift: number | null;
  readonly arousalShift: number | null;
}

export interface SpeechQuality {
  readonly speechSamples: number;
  /** What share a listener would understand, 0..1. */
  readonly intelligibility: number;
  /** ITU-T P.835: of the speech, of the background, overall; 1 bad .. 5 excellent. */
  readonly signalMos: number;
  readonly backgroundMos: number;
  readonly overallMos: number;
}

export type FactKind = keyof FactBodies;

/** A fact before the call's identity and its id are bound to it: what stages emit. */
export type Finding = {
  [Kind in FactKind]: {
    readonly kind: Kind;
    readonly status: FactStatus;
    readonly revision: number;
  } & FactBodies[Kind];
}[FactKind];

export type FindingOf<Kind extends FactKind> = Extract<Finding, { kind: Kind }>;

/** Provisional facts may still change; a later one with the same id and a higher revision replaces them. */
export type FactStatus = 'provisional' | 'final';

/** A finding of a known call. `id` = hash(tenant, call, channel, start, kind, definition version). */
export type Fact = Finding & {
  readonly id: string;
  readonly tenant: string;
  readonly callId: string;
  /** Wall time (Unix ms) of startSample, by the estimate at the time the fact was first told. */
  readonly startWallMs: number;
};
export type FactOf<Kind extends FactKind> = Extract<Fact, { kind: Kind }>;

export const FACT_KINDS = [
  'call_started',
  'call_ended',
  'speech',
  'turn',
  'overlap',
  'interruption',
  'response',
  'dead_air',
  'gap',
  'noise_burst',
  'echo',
  'clipping',
  'dropout',
  'frames',
  'prosody',
  'tone_change',
  'quality',
  'gibberish',
  'loop',
  'unmeasured',
  'model_score',
  'summary',
  'clock_offset',
  'response_breakdown',
  'interruption_breakdown',
  'agent_text',
] as const satisfies readonly FactKind[];
