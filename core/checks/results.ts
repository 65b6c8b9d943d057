/** The results of a run as JSON: what was judged, and all measures of its calls, so that a later run can be compared with it. */
import { DEFINITION_VERSION } from '../facts/facts.ts';
import { describe } from '../units/describe.ts';
import { InvalidInput } from '../units/errors.ts';
import type { CallMeasures } from './callMeasures.ts';
import { isFailing, type Judgement } from './judge.ts';
import type { Share, Thing } from './metrics.ts';

const FORMAT = 'earshot-check';
const VERSION = 1;

export interface Run {
  readonly judgements: readonly Judgement[];
  readonly calls: readonly CallMeasures[];
  /** What should be known beside the figures. */
  readonly notes: readonly string[];
}

export type RunOutcome = 'passed' | 'failed' | 'nothing_judged';

/** A run in which nothing at all could be judged has not passed. */
export function outcomeOf({ judgements }: Pick<Run, 'judgements'>): RunOutcome {
  if (judgements.some(isFailing)) return 'failed';
  const isNothing = judgements.length > 0 && judgements.every(({ outcome }) => outcome === 'not_judged');
  return isNothing ? 'nothing_judged' : 'passed';
}

export const resultsJson = (run: Run): string =>
  `${JSON.stringify(
    {
      format: FORMAT,
      version: VERSION,
      definitionVersion: DEFINITION_VERSION,
      outcome: outcomeOf(run),
      notes: run.notes,
      judgements: run.judgements.map(told),
      calls: run.calls.map(({ things, ...call }) => ({
        ...call,
        things: Object.fromEntries(Object.entries(things).map(([name, list]) => [name, packed(list)])),
      })),
    },
    null,
    1,
  )}\n`;

function told({ check, ...judgement }: Judgement): Record<string, unknown> {
  const { metric, bounds, worse, name, statistic, over, min, max, nMin, ifNotJudged } = check;
  return {
    name,
    metric: metric.name,
    unit: metric.unit,
    statistic,
    ...bounds,
    over,
    ...(judgement.kind === 'limit' ? { min, max } : { worseMaxPercent: worse?.percent, worseMax: worse?.absolute }),
    nMin,
    ifNotJudged,
    ...judgement,
  };
}

interface PackedThings {
  readonly values: readonly number[];
  readonly atMs: readonly number[];
  readonly weights: readonly number[];
}

const packed = (things: readonly Thing[]): PackedThings => ({
  values: things.map(({ value }) => value),
  atMs: things.map(({ atMs }) => atMs),
  weights: things.map(({ weight }) => weight),
});

/** `source`: how the file is called in errors. */
export function parseBaseline(text: string, source: string): CallMeasures[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(source, `JSON that cannot be read: ${(error as Error).message}`);
  }
  const file = mappingOf(json, source);
  if (file.format !== FORMAT || file.version !== VERSION) {
    throw invalid(source, `format ${describe(file.format)}, version ${describe(file.version)}`);
  }
  if (file.definitionVersion !== DEFINITION_VERSION) {
    throw new InvalidInput('results_invalid', {
      expected: `${source} measured by definition version ${DEFINITION_VERSION}; analyse the earlier calls anew`,
      got: `version ${describe(file.definitionVersion)}`,
    });
  }
  if (!Array.isArray(file.calls)) throw invalid(source, `calls: ${describe(file.calls)}`);
  const calls = file.calls.map((call, place) => callOf(call, `${source}, calls[${place}]`));
  const names = new Set(calls.map(({ name }) => name));
  if (names.size < calls.length) throw invalid(source, 'a call twice');
  return calls;
}

function callOf(value: unknown, source: string): CallMeasures {
  const { name, durationMs, things, shares } = mappingOf(value, source);
  if (typeof name !== 'string' || name === '') throw invalid(source, `name ${describe(name)}`);
  return {
    name,
    durationMs: amountOf(durationMs, `${source}, durationMs`),
    things: mapped(things, `${source}, things`, unpacked),
    shares: mapped(shares, `${source}, shares`, shareOf),
  };
}

function mapped<Value>(
  value: unknown,
  source: string,
  of: (value: unknown, source: string) => Value,
): Readonly<Record<string, Value>> {
  const entries = Object.entries(mappingOf(value, source));
  return Object.fromEntries(entries.map(([name, each]) => [name, of(each, `${source}, ${name}`)]));
}

function unpacked(value: unknown, source: string): Thing[] {
  const { values, atMs, weights } = mappingOf(value, source);
  if (!isNumbers(values) || !isNumbers(atMs) || !isNumbers(weights))
    throw invalid(source, 'lists that are not numbers');
  if (atMs.length !== values.length || weights.length !== values.length || weights.some((weight) => weight < 0)) {
    throw invalid(source, 'lists that do not belong together');
  }
  return values.map((each, place) => ({ value: each, atMs: atMs[place], weight: weights[place] }));
}

function shareOf(value: unknown, source: string): Share {
  const { part, whole } = mappingOf(value, source);
  return { part: amountOf(part, source), whole: amountOf(whole, source) };
}

function mappingOf(value: unknown, source: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(source, describe(value));
}

function amountOf(value: unknown, source: string): number {
  if (isNumber(value) && value >= 0) return value;
  throw invalid(source, describe(value));
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber);

const invalid = (source: string, got: string): InvalidInput =>
  new InvalidInput('results_invalid', { expected: `results of earshot check in ${source}`, got });
