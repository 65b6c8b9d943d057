/** Sums the calls' results up into the accuracy table: all calls, clean ones, degraded ones. */
import { renderTable } from '../terminal/table.ts';
import { emptyConfusion, OUTCOMES, type CallResult, type Outcome, type Tally } from './matchCall.ts';

export interface ErrorFigures {
  readonly n: number;
  /** Signed median: which way the errors lean. */
  readonly biasMs: number | null;
  readonly medianMs: number | null;
  readonly p90Ms: number | null;
  readonly worstMs: number | null;
}

export interface TallyFigures extends Tally {
  readonly recall: number | null;
  readonly precision: number | null;
  readonly falseAlarms: number;
}

export interface GroupReport {
  readonly calls: number;
  readonly speechF1: { caller: number | null; agent: number | null };
  /** The mean over calls of each call's F1, and the lowest. */
  readonly speechF1Mean: { caller: number | null; agent: number | null };
  readonly speechF1Min: { caller: number | null; agent: number | null };
  readonly onset: { caller: ErrorFigures; agent: ErrorFigures };
  readonly offset: { caller: ErrorFigures; agent: ErrorFigures };
  readonly interruptions: TallyFigures;
  readonly outcomeAccuracy: number | null;
  readonly confusion: Record<Outcome, Record<Outcome, number>>;
  readonly interruptionLatency: ErrorFigures;
  readonly falseBargeIns: { noise: number; backchannel: number; nothing: number; noiseBursts: number };
  readonly responses: TallyFigures;
  readonly responseLatency: ErrorFigures;
  readonly deadAir: TallyFigures;
  readonly overlaps: TallyFigures;
  readonly incidents: Record<string, TallyFigures>;
}

export function summarizeResults(results: readonly CallResult[]): GroupReport {
  const channels = <Value>(value: (channel: 'caller' | 'agent') => Value) => ({
    caller: value('caller'),
    agent: value('agent'),
  });
  const confusion = emptyConfusion();
  for (const result of results) {
    for (const t of OUTCOMES) for (const f of OUTCOMES) confusion[t][f] += result.confusion[t][f];
  }
  const matched = sum(results, (result) => result.interruptions.matched);
  const rightOutcome = OUTCOMES.reduce(
    (total, outcome) => total + (outcome === 'none' ? 0 : confusion[outcome][outcome]),
    0,
  );
  const kinds = [...new Set(results.flatMap((result) => Object.keys(result.incidents)))];
  return {
    calls: results.length,
    speechF1: channels((channel) => f1(add(results.map((result) => result.frames[channel])))),
    speechF1Mean: channels((channel) => mean(results.map((result) => f1(result.frames[channel]) ?? 1))),
    speechF1Min: channels((channel) => least(results.map((result) => f1(result.frames[channel]) ?? 1))),
    onset: channels((channel) => figures(results.flatMap((result) => result.onsetErrorsMs[channel]))),
    offset: channels((channel) => figures(results.flatMap((result) => result.offsetErrorsMs[channel]))),
    interruptions: rates(add(results.map((result) => result.interruptions))),
    outcomeAccuracy: matched === 0 ? null : rightOutcome / matched,
    confusion,
    interruptionLatency: figures(results.flatMap((result) => result.latencyErrorsMs)),
    falseBargeIns: {
      noise: sum(results, (result) => result.falseBargeIns.noise),
      backchannel: sum(results, (result) => result.falseBargeIns.backchannel),
      nothing: sum(results, (result) => result.falseBargeIns.nothing),
      noiseBursts: sum(results, (result) => result.noiseBursts),
    },
    responses: rates(add(results.map((result) => result.responses))),
    responseLatency: figures(results.flatMap((result) => result.responseErrorsMs)),
    deadAir: rates(add(results.map((result) => result.deadAir))),
    overlaps: rates(add(results.map((result) => result.overlaps))),
    incidents: Object.fromEntries(
      kinds.map((kind) => [kind, rates(add(results.map((result) => result.incidents[kind])))]),
    ),
  };
}

export function renderReport(groups: Readonly<Record<string, GroupReport>>): string {
  const shown = Object.entries(groups).filter(([, group]) => group.calls > 0);
  return shown.map(([name, group]) => renderGroup(name, group)).join('\n\n');
}

function renderGroup(name: string, group: GroupReport): string {
  const tally = (label: string, t: TallyFigures): unknown[] => [
    label,
    t.truth,
    t.found,
    t.recall,
    t.precision,
    t.falseAlarms,
  ];
  const error = (label: string, e: ErrorFigures): unknown[] => [label, e.n, e.biasMs, e.medianMs, e.p90Ms, e.worstMs];
  const found = renderTable(
    ['event', 'true', 'found', 'recall', 'precision', 'false'],
    [
      tally('interruptions', group.interruptions),
      tally('responses', group.responses),
      tally('overlaps', group.overlaps),
      tally('dead air', group.deadAir),
      ...Object.entries(group.incidents).map(([kind, figure]) => tally(kind, figure)),
    ],
  );
  const errors = renderTable(
    ['time, absolute error in ms', 'n', 'bias', 'median', 'p90', 'worst'],
    [
      error('interruption latency', group.interruptionLatency),
      error('response latency', group.responseLatency),
      error('caller onset', group.onset.caller),
      error('caller end', group.offset.caller),
      error('agent onset', group.onset.agent),
      error('agent end', group.offset.agent),
    ],
  );
  const confusion = renderTable(
    ['outcome, true \\ found', ...OUTCOMES],
    OUTCOMES.map((t) => [t, ...OUTCOMES.map((f) => group.confusion[t][f])]),
  );
  const { falseBargeIns } = group;
  return [
    `== ${name}: ${group.calls} calls`,
    `speech frames F1: caller ${fixed(group.speechF1.caller)} (lowest call ${fixed(group.speechF1Min.caller)}), agent ${fixed(group.speechF1.agent)} (lowest call ${fixed(group.speechF1Min.agent)})`,
    `outcome accuracy of matched interruptions: ${fixed(group.outcomeAccuracy)}`,
    `false barge-ins: ${falseBargeIns.noise} at ${falseBargeIns.noiseBursts} noise bursts, ${falseBargeIns.backchannel} at backchannels, ${falseBargeIns.nothing} where the caller is silent (echo)`,
    '',
    found,
    '',
    errors,
    '',
    confusion,
  ].join('\n');
}

const fixed = (value: number | null): string => (value === null ? '–' : value.toFixed(3));

function add(tallies: readonly Tally[]): Tally {
  return {
    truth: sum(tallies, (tally) => tally.truth),
    found: sum(tallies, (tally) => tally.found),
    matched: sum(tallies, (tally) => tally.matched),
  };
}

const rates = (tally: Tally): TallyFigures => ({
  ...tally,
  recall: tally.truth === 0 ? null : tally.matched / tally.truth,
  precision: tally.found === 0 ? null : tally.matched / tally.found,
  falseAlarms: tally.found - tally.matched,
});

const f1 = ({ truth, found, matched }: Tally): number | null =>
  truth + found === 0 ? null : (2 * matched) / (truth + found);

function figures(errorsMs: readonly number[]): ErrorFigures {
  const signed = errorsMs.toSorted((a, b) => a - b);
  const absolute = errorsMs.map(Math.abs).sort((a, b) => a - b);
  const tenths = (value: number | undefined): number | null =>
    value === undefined ? null : Math.round(value * 10) / 10;
  const at = (values: readonly number[], share: number): number | null =>
    tenths(values[Math.max(0, Math.ceil(share * values.length) - 1)]);
  return {
    n: errorsMs.length,
    biasMs: at(signed, 0.5),
    medianMs: at(absolute, 0.5),
    p90Ms: at(absolute, 0.9),
    worstMs: at(absolute, 1),
  };
}

const sum = <Item>(items: readonly Item[], value: (item: Item) => number): number =>
  items.reduce((total, item) => total + value(item), 0);
const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : sum(values, (v) => v) / values.length;
const least = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.min(...values));
