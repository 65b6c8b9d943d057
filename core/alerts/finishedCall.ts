/** A call as rules over many calls see it: who it was, its figures under the names of v_calls, and its facts. */
import { callRow } from '../rows/callRow.ts';
import { FIGURE_COLUMNS } from '../rows/callColumns.ts';
import type { FactOf } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { msFromSamples } from '../units/time.ts';
import type { FieldValues, ToldFact } from './toldFact.ts';

export interface FinishedCall {
  readonly tenant: string;
  readonly callId: string;
  /** Wall time (Unix ms) of its end: the window it belongs to. */
  readonly endedAtMs: number;
  /** Grows with what is known of it; the same call told again replaces what was told before, unless it is older. */
  readonly revision: number;
  readonly labels: Readonly<Record<string, string>>;
  /** The fields of kind `call`. */
  readonly figures: FieldValues;
  readonly facts: readonly ToldFact[];
}

type Ending = FactOf<'call_ended'>;

export function callFigures(open: OpenCall, summary: FactOf<'summary'> | null, ended: Ending): FieldValues {
  const { protocol, tap, agentVersion: agent_version } = open;
  const ending = {
    end_reason: ended.reason,
    error_code: ended.errorCode,
    duration_ms: msFromSamples(ended.startSample),
  };
  const who = { protocol, tap, agent_version, ...ending };
  if (summary === null) return who;
  const row = callRow(summary, open);
  const names = Object.keys(FIGURE_COLUMNS) as (keyof typeof FIGURE_COLUMNS)[];
  return { ...who, ...Object.fromEntries(names.map((name) => figure(name, row[name]))) };
}

/** Counts whose names in v_calls are not the plural of what is counted. */
const COUNT_NAMES: Readonly<Record<string, string>> = {
  yielded_count: 'yielded',
  continued_count: 'continued',
  gibberish_count: 'gibberishes',
};

function figure(column: string, value: number | null): [string, number | null] {
  if (column.includes('_samples'))
    return [column.replace('_samples', '_ms'), value === null ? null : msFromSamples(value)];
  return [COUNT_NAMES[column] ?? column.replace(/_count$/, 's'), value];
}
