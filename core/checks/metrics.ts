/**
 * What can be limited: every metric of a call, by its name and unit as in SQL (docs/sql.md) and by the definitions of
 * docs/definitions.md. `_caller` and `_agent` at the end of a name: of which side.
 */
import { RESPONSE_PARTS } from '../facts/reported.ts';
import { CHANNELS } from '../units/channel.ts';
import { msFromSamples } from '../units/time.ts';
import { falseInterruptionsOf } from './falseInterruptions.ts';
import type { HeardCall, HeardRow } from './heardCall.ts';

/** In which direction a change is for the worse; `neither`: any change is. */
export type Better = 'lower' | 'higher' | 'neither';

interface Described {
  readonly name: string;
  readonly unit: 'ms' | 'dB' | 'dBFS' | 'Hz' | '' | 'n';
  readonly better: Better;
  readonly text: string;
}

/** Things that happen in a call, each with a value; `n`: they are only counted. */
export interface ThingMetric extends Described {
  readonly kind: 'things';
  /** Whether each is something that should not be. */
  readonly each: 'fault' | 'measure';
  things(call: HeardCall): Thing[];
}

/** A part of a whole, of each call; over calls, the parts over the wholes. */
export interface ShareMetric extends Described {
  readonly kind: 'share';
  /** What is enough to judge by: things that make up the whole, or calls. */
  readonly wholeOf: 'things' | 'calls';
  share(call: HeardCall): Share;
}

export type Metric = ThingMetric | ShareMetric;

export interface Thing {
  readonly value: number;
  /** What it counts in a mean, as in the call's summary: the speech that was measured. */
  readonly weight: number;
  readonly atMs: number;
}

export interface Share {
  readonly part: number;
  readonly whole: number;
}

const lengthMs = ({ start_sample, end_sample }: HeardRow): number =>
  msFromSamples((end_sample ?? start_sample) - start_sample);

const latencyMs = ({ latency_samples }: HeardRow): number | null =>
  latency_samples === null ? null : msFromSamples(latency_samples);

type Choice = (row: HeardRow) => boolean;

const ofKind =
  (kind: string, channel = ''): Choice =>
  (row) =>
    row.kind === kind && (channel === '' || row.channel === channel);

const interruption = (by: 'caller' | 'agent', ...outcomes: string[]): Choice => {
  const isBy = ofKind('interruption', by);
  return (row) => isBy(row) && outcomes.includes(row.outcome);
};

/** A value that is not known makes no thing. */
function thingsOf(
  described: Described,
  choice: Choice,
  valueOf: (row: HeardRow) => number | null,
  weightOf: (row: HeardRow) => number = () => 1,
): ThingMetric {
  return {
    ...described,
    kind: 'things',
    each: 'measure',
    things: ({ rows }) =>
      rows.filter(choice).flatMap((row) => {
        const value = valueOf(row);
        return value === null ? [] : [{ value, weight: weightOf(row), atMs: msFromSamples(row.start_sample) }];
      }),
  };
}

const counted = (name: string, better: Better, text: string, choice: Choice): ThingMetric =>
  thingsOf({ name, unit: 'n', better, text }, choice, () => 1);

const lengths = (name: string, text: string, choice: Choice): ThingMetric => ({
  ...thingsOf({ name, unit: 'ms', better: 'lower', text }, choice, lengthMs),
  each: 'fault',
});

function share(
  described: Omit<Described, 'unit'>,
  wholeOf: ShareMetric['wholeOf'],
  of: (call: HeardCall) => Share,
): ShareMetric {
  return { ...described, unit: '', kind: 'share', wholeOf, share: of };
}

const countOf = ({ rows }: HeardCall, choice: Choice): number => rows.filter(choice).length;
const msOf = ({ rows }: HeardCall, choice: Choice): number =>
  rows.filter(choice).reduce((sum, row) => sum + lengthMs(row), 0);

const TURN_TAKING: readonly Metric[] = [
  thingsOf(
    { name: 'response_latency_ms', unit: 'ms', better: 'lower', text: "the caller's end to the agent's onset" },
    ofKind('response'),
    latencyMs,
  ),
  thingsOf(
    { name: 'interruption_latency_ms', unit: 'ms', better: 'lower', text: "the caller's onset to the agent's silence" },
    interruption('caller', 'yielded'),
    latencyMs,
  ),
  counted(
    'interruptions_by_caller',
    'neither',
    'barge-ins, yielded or continued',
    interruption('caller', 'yielded', 'continued'),
  ),
  counted('yielded', 'higher', 'barge-ins that the agent fell silent for', interruption('caller', 'yielded')),
  counted('continued', 'lower', 'barge-ins that the agent spoke through', interruption('caller', 'continued')),
  counted(
    'interruptions_by_agent',
    'lower',
    'the agent speaks into the caller',
    interruption('agent', 'yielded', 'continued'),
  ),
  counted('backchannels', 'neither', 'short words that take no floor', ofBackchannel),
  counted('turns', 'neither', 'turns of both sides', ofKind('turn')),
  share(
    { name: 'continued_share', better: 'lower', text: 'of the barge-ins, those that the agent did not yield to' },
    'things',
    (call) => ({
      part: countOf(call, interruption('caller', 'continued')),
      whole: countOf(call, interruption('caller', 'yielded', 'continued')),
    }),
  ),
  share({ name: 'talk_ratio', better: 'neither', text: 'agent / (agent + caller) speech time' }, 'calls', (call) => ({
    part: msOf(call, ofKind('speech', 'agent')),
    whole: msOf(call, ofKind('speech')),
  })),
  lengths('overlap_ms', 'each overlap', ofKind('overlap')),
  share({ name: 'overlap_share', better: 'lower', text: 'of the call, both sides speaking' }, 'calls', (call) => ({
    part: msOf(call, ofKind('overlap')),
    whole: call.durationMs,
  })),
  lengths('dead_air_ms', 'each silence of 3 s or more', ofKind('dead_air')),
  lengths('dead_air_ms_agent', 'each that the agent owed the floor in', ofKind('dead_air', 'agent')),
  lengths('dead_air_ms_caller', 'each that the caller owed the floor in', ofKind('dead_air', 'caller')),
  share({ name: 'dead_air_share', better: 'lower', text: 'of the call, dead air' }, 'calls', (call) => ({
    part: msOf(call, ofKind('dead_air')),
    whole: call.durationMs,
  })),
];

function ofBackchannel(row: HeardRow): boolean {
  return row.kind === 'interruption' && row.outcome === 'backchannel';
}

const FALSE_TEXT = 'noise that the agent fell silent for within 1 s, then spoke on';

const SOUNDS: readonly Metric[] = [
  counted('noise_bursts', 'neither', "sounds on the caller's side that are no speech", ofKind('noise_burst')),
  {
    name: 'false_interruptions',
    unit: 'n',
    better: 'lower',
    text: FALSE_TEXT,
    kind: 'things',
    each: 'fault',
    things: ({ rows }) =>
      falseInterruptionsOf(rows).map((row) => ({ value: 1, weight: 1, atMs: msFromSamples(row.start_sample) })),
  },
  share(
    {
      name: 'false_interruption_share',
      better: 'lower',
      text: 'of the noise bursts, those that the agent stopped for',
    },
    'things',
    (call) => ({ part: falseInterruptionsOf(call.rows).length, whole: countOf(call, ofKind('noise_burst')) }),
  ),
  thingsOf(
    {
      name: 'echo_loss_db',
      unit: 'dB',
      better: 'higher',
      text: "how far the agent's echo is under it, where there is one",
    },
    ofKind('echo'),
    ({ loss_db }) => loss_db,
  ),
  share({ name: 'echo_share', better: 'lower', text: 'of the calls, those with an echo' }, 'calls', (call) => ({
    part: call.rows.some(ofKind('echo')) ? 1 : 0,
    whole: 1,
  })),
  counted('tone_changes', 'neither', 'utterances that depart from their speaker', ofKind('tone_change')),
  ...CHANNELS.flatMap((channel) => [
    lengths(`gap_ms_${channel}`, 'each stretch of audio that never came', ofKind('gap', channel)),
    share(
      { name: `gap_share_${channel}`, better: 'lower', text: 'of the call, audio that never came' },
      'calls',
      (call) => ({
        part: msOf(call, ofKind('gap', channel)),
        whole: call.durationMs,
      }),
    ),
    ...(['clipping', 'dropout', 'gibberish', 'loop', 'unmeasured'] as const).map((kind) =>
      lengths(`${kind}_ms_${channel}`, `each ${kind}`, ofKind(kind, channel)),
    ),
  ]),
];

const QUALITY = ['intelligibility', 'signal_mos', 'background_mos', 'overall_mos'] as const;
const PROSODY = [
  'level_range_db',
  'pauses',
  'pause_ms',
  'voiced_share',
  'f0_hz',
  'f0_range_st',
  'f0_slope_st_per_s',
  'f0_final_st',
  'f0_sd_st',
  'monotony',
  'syllables',
  'speaking_rate_per_s',
  'articulation_rate_per_s',
  'jitter_percent',
  'shimmer_percent',
  'harmonicity_db',
  'arousal',
] as const;

const unitOf = (measure: string): Described['unit'] => {
  if (measure.endsWith('_ms')) return 'ms';
  if (measure.endsWith('_hz')) return 'Hz';
  return measure.endsWith('_db') ? 'dB' : '';
};

const measured = (name: string, measure: string, better: Better, text: string, choice: Choice): ThingMetric =>
  thingsOf(
    { name, unit: unitOf(measure), better, text },
    choice,
    ({ measures }) => measures[measure] ?? null,
    ({ speech_samples }) => msFromSamples(speech_samples ?? 0) || 1,
  );

const VOICES: readonly Metric[] = CHANNELS.flatMap((channel) => [
  ...QUALITY.map((name) =>
    measured(`${name}_${channel}`, name, 'higher', 'of each window of speech', ofKind('quality', channel)),
  ),
  ...PROSODY.map((name) =>
    measured(`${name}_${channel}`, name, 'neither', 'of each utterance', ofKind('prosody', channel)),
  ),
  thingsOf(
    { name: `level_dbfs_${channel}`, unit: 'dBFS', better: 'neither', text: 'of each utterance' },
    ofKind('prosody', channel),
    ({ level_dbfs }) => level_dbfs,
  ),
]);

/** Known only of calls in the store whose services report. */
const REPORTED: readonly Metric[] = [
  ...[...RESPONSE_PARTS.map((part) => `${part}_ms`), 'unattributed_ms'].map((name) =>
    measured(name, name, 'lower', "part of each response's wait, by reports", ofKind('response_breakdown')),
  ),
  ...(['detection_ms', 'flush_ms'] as const).map((name) =>
    measured(name, name, 'lower', 'part of each interruption latency, by reports', ofKind('interruption_breakdown')),
  ),
];

export const METRICS: ReadonlyMap<string, Metric> = new Map(
  [...TURN_TAKING, ...SOUNDS, ...VOICES, ...REPORTED].map((metric) => [metric.name, metric]),
);
