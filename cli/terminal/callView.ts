/**
 * A call in the terminal as it happens: one line a fact, in the words of someone who listens. On a terminal provisional
 * facts are shown as they come; in a file only what is final.
 */
import type { Fact, FactOf } from '../../core/facts/facts.ts';
import { msFromSamples } from '../../core/units/time.ts';
import { UNKNOWN } from './table.ts';

export interface Style {
  readonly colour: 'on' | 'off';
  readonly provisional: 'shown' | 'hidden';
}

const CODES = { caller: 36, agent: 35, good: 32, bad: 31, warn: 33, dim: 2, bold: 1 } as const;
type Colour = keyof typeof CODES;

/** Returns the lines that a fact adds; none for facts that are not worth a line. */
export function createCallView(style: Style): (fact: Fact) => string[] {
  const paint = (colour: Colour, text: string): string =>
    style.colour === 'on' ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
  return (fact) => {
    if (fact.status === 'provisional' && style.provisional === 'hidden') return [];
    const text = describe(fact, paint);
    return text === null ? [] : [`${paint('dim', clock(momentOf(fact)))}  ${text}`];
  };
}

type Paint = (colour: Colour, text: string) => string;

function describe(fact: Fact, paint: Paint): string | null {
  const isFinal = fact.status === 'final';
  switch (fact.kind) {
    case 'call_started':
      return paint('bold', `call ${fact.callId} (${fact.call.rateHz} Hz ${fact.call.encoding}, ${fact.call.protocol})`);
    case 'speech':
      return isFinal
        ? `${side(fact.channel, paint)} ${bar(fact)} spoke ${seconds(length(fact))}`
        : `${side(fact.channel, paint)} …`;
    case 'overlap':
      return isFinal
        ? paint('warn', `       both spoke for ${ms(length(fact))}, ${fact.startedBy} started second`)
        : null;
    case 'interruption':
      return `       ${interruption(fact, paint)}`;
    case 'response':
      return paint(
        fact.latencySamples > 32_000 ? 'warn' : 'good',
        `       agent answered after ${ms(fact.latencySamples)}`,
      );
    case 'dead_air':
      return isFinal
        ? paint('bad', `       dead air of ${seconds(length(fact))}, the ${fact.owedBy} owed the floor`)
        : paint('bad', '       nobody has spoken for 3 s …');
    case 'gap':
      return isFinal
        ? paint('warn', `       ${fact.channel} audio missing for ${ms(length(fact))} (${fact.reason})`)
        : null;
    case 'noise_burst':
      return paint('dim', `       noise on the caller's side, no speech (${fact.levelDbfs} dBFS)`);
    case 'echo':
      return isFinal ? null : paint('dim', `       the agent echoes in the caller's channel, ${fact.lossDb} dB down`);
    case 'clipping':
      return paint('warn', `       ${fact.channel} clipped for ${ms(length(fact))}`);
    case 'dropout':
      return paint(
        'warn',
        `       ${fact.channel} has ${fact.holes} hole(s) of silence in speech (${ms(fact.silentSamples)})`,
      );
    case 'call_ended':
      return paint('bold', `call ended: ${fact.reason}${fact.errorText === '' ? '' : ` (${fact.errorText})`}`);
    case 'gibberish':
      return paint('bad', `       ${fact.channel} cannot be understood for ${ms(length(fact))}`);
    case 'loop':
      return paint(
        'bad',
        `       ${fact.channel} is stuck: the same ${ms(fact.periodSamples)} for ${ms(length(fact))}`,
      );
    case 'tone_change':
      return paint('warn', `       ${fact.channel} changes tone (${fact.direction}): ${shifts(fact)}`);
    case 'unmeasured':
      return paint(
        'warn',
        `       ${fact.channel} not measured for ${ms(length(fact))}: ${fact.models.join(', ')} (${fact.reason})`,
      );
    case 'turn':
    case 'frames':
    case 'prosody':
    case 'quality':
    case 'model_score':
    case 'summary':
    case 'clock_offset':
    case 'response_breakdown':
    case 'interruption_breakdown':
    case 'agent_text':
      return null;
  }
}

function shifts({ f0ShiftSt, levelShiftDb, rateShift, arousalShift }: FactOf<'tone_change'>): string {
  const signed = (value: number | null, unit: string): string[] =>
    value === null ? [] : [`${value > 0 ? '+' : ''}${value.toFixed(1)} ${unit}`];
  return [
    ...signed(f0ShiftSt, 'semitones'),
    ...signed(levelShiftDb, 'dB'),
    ...signed(rateShift, 'syllables/s'),
    ...signed(arousalShift, 'arousal'),
  ].join(', ');
}

function interruption(fact: FactOf<'interruption'>, paint: Paint): string {
  const who = fact.by === 'caller' ? 'caller barged in' : 'agent interrupted the caller';
  switch (fact.outcome) {
    case 'pending':
      return paint(
        'warn',
        `${fact.by === 'caller' ? 'caller starts while the agent speaks' : 'agent starts while the caller speaks'} …`,
      );
    case 'yielded': {
      const stopped = fact.by === 'caller' ? 'agent silent' : 'caller silent';
      const text = `${who}: ${stopped} after ${ms(fact.latencySamples ?? 0)}`;
      return fact.status === 'final' ? paint('good', `${text} (yielded)`) : paint('warn', `${text} …`);
    }
    case 'continued':
      return paint('bad', `${who}: the other spoke on (continued)`);
    case 'backchannel':
      return paint('dim', `${fact.by} said a short word of listening (backchannel)`);
    case 'turn_end':
      return paint('dim', `${fact.by} came in at the other's last words`);
    case 'noise':
      return paint('dim', 'it was noise');
    case 'inconclusive':
      return paint('dim', `${who}: the call ended before it was decided`);
  }
}

/** The summary as label and value pairs. */
export function summaryRows(summary: FactOf<'summary'>): [string, string][] {
  const figure = (samples: number | null): string => (samples === null ? UNKNOWN : ms(samples));
  return [
    ['length', seconds(summary.endSample ?? 0)],
    ['speech', `caller ${seconds(summary.callerSpeechSamples)}, agent ${seconds(summary.agentSpeechSamples)}`],
    ['talk ratio (agent)', summary.talkRatio === null ? UNKNOWN : `${Math.round(summary.talkRatio * 100)} %`],
    ['turns', String(summary.turnCount)],
    [
      'responses',
      `n ${summary.responseCount}, p50 ${figure(summary.responseLatencySamplesP50)}, p95 ${figure(summary.responseLatencySamplesP95)}, worst ${figure(summary.responseLatencySamplesMax)}`,
    ],
    [
      'barge-ins',
      `n ${summary.interruptionsByCaller}: ${summary.yieldedCount} yielded (p50 ${figure(summary.interruptionLatencySamplesP50)}, worst ${figure(summary.interruptionLatencySamplesMax)}), ${summary.continuedCount} continued`,
    ],
    ['agent interruptions', `n ${summary.interruptionsByAgent}`],
    ['backchannels', `n ${summary.backchannelCount}`],
    ['overlaps', `n ${summary.overlapCount}, ${seconds(summary.overlapSamples)}`],
    ['dead air', `n ${summary.deadAirCount}, ${seconds(summary.deadAirSamples)}`],
    ['missing audio', `caller ${ms(summary.gapSamplesCaller)}, agent ${ms(summary.gapSamplesAgent)}`],
    [
      'incidents',
      `${summary.clippingCount} clipping, ${summary.dropoutCount} dropout, ${summary.gibberishCount} gibberish, ${summary.loopCount} loop, ${summary.noiseBurstCount} noise`,
    ],
    ['understandable', bothSides(summary.intelligibilityCaller, summary.intelligibilityAgent, 2)],
    ['quality (MOS)', bothSides(summary.overallMosCaller, summary.overallMosAgent, 1)],
    ['pitch (Hz)', bothSides(summary.f0HzCaller, summary.f0HzAgent, 0)],
    ['tone changes', `n ${summary.toneChangeCount}`],
    ['echo', summary.echoLossDb === null ? 'none found' : `${summary.echoLossDb} dB under the agent`],
  ];
}

const bothSides = (caller: number | null, agent: number | null, digits: number): string =>
  `caller ${caller?.toFixed(digits) ?? UNKNOWN}, agent ${agent?.toFixed(digits) ?? UNKNOWN}`;

/** When a fact is told of: the end of what is over, else its start. */
const momentOf = (fact: Fact): number =>
  'endSample' in fact && fact.endSample !== null ? fact.endSample : fact.startSample;

const side = (channel: 'caller' | 'agent', paint: Paint): string => paint(channel, channel.padEnd(6));
const length = ({ startSample, endSample }: { startSample: number; endSample: number | null }): number =>
  (endSample ?? startSample) - startSample;
const bar = (fact: FactOf<'speech'>): string =>
  '█'.repeat(Math.min(24, Math.max(1, Math.round(msFromSamples(length(fact)) / 250))));
const ms = (samples: number): string => `${Math.round(msFromSamples(samples))} ms`;
const seconds = (samples: number): string => `${(msFromSamples(samples) / 1_000).toFixed(1)} s`;

function clock(samples: number): string {
  const totalMs = msFromSamples(samples);
  const minutes = Math.floor(totalMs / 60_000);
  return `${String(minutes).padStart(2, '0')}:${((totalMs % 60_000) / 1_000).toFixed(2).padStart(5, '0')}`;
}
