/** A fact as rules see it: one shape for facts told live and for those read back from the store. */
import type { Fact, FactKind, FactStatus } from '../facts/facts.ts';
import { factRow, type RowFact } from '../rows/factRow.ts';
import { msFromSamples } from '../units/time.ts';

/** The columns of the API's facts. What is unknown is null, empty, or not in `measures`. */
export interface FactColumns {
  readonly id: string;
  readonly kind: Exclude<FactKind, 'frames'>;
  readonly status: FactStatus;
  readonly revision: number;
  readonly channel: string;
  readonly start_ms: number;
  /** Null: it still goes on. */
  readonly end_ms: number | null;
  readonly outcome: string;
  readonly reason: string;
  readonly error_code: string;
  readonly tap: string;
  readonly latency_ms: number | null;
  readonly latency_unknown: string;
  readonly level_dbfs: number | null;
  readonly probability_mean: number | null;
  readonly turn_index: number | null;
  readonly speech_ms: number | null;
  readonly loss_db: number | null;
  readonly delay_ms: number | null;
  readonly clipped_share: number | null;
  readonly silent_ms: number | null;
  readonly holes: number | null;
  /** Of added models' scores; of what was not measured, the models. */
  readonly model: string;
  /** By name and unit; what is unknown is not in it. */
  readonly measures: Readonly<Record<string, number>>;
  /** Words by name: why a part is not known, providers, models, who told. */
  readonly details: Readonly<Record<string, string>>;
}

export type FieldValues = Readonly<Record<string, number | string | null>>;

export interface ToldFact {
  readonly id: string;
  readonly kind: FactColumns['kind'];
  readonly status: FactStatus;
  readonly revision: number;
  readonly startMs: number;
  /** Null: it still goes on. A moment ends where it begins. */
  readonly endMs: number | null;
  readonly fields: FieldValues;
}

export function toldFact(columns: FactColumns): ToldFact {
  const { id, kind, status, revision, start_ms: startMs, end_ms: endMs } = columns;
  const { channel, outcome, reason, error_code, tap, latency_ms, latency_unknown, level_dbfs, probability_mean } =
    columns;
  const { turn_index, speech_ms, loss_db, delay_ms, clipped_share, silent_ms, holes, model, measures, details } =
    columns;
  const words = { channel, outcome, reason, error_code, tap, latency_unknown, model };
  const numbers = { latency_ms, level_dbfs, probability_mean, turn_index, speech_ms, loss_db, delay_ms };
  const duration_ms = endMs === null ? null : endMs - startMs;
  const fields = { ...measures, ...details, ...words, ...numbers, clipped_share, silent_ms, holes, duration_ms };
  return { id, kind, status, revision, startMs, endMs: isOpen(columns) ? null : (endMs ?? startMs), fields };
}

/** Of facts without an end only those that may still get one go on. */
const isOpen = ({ end_ms, status }: FactColumns): boolean => end_ms === null && status === 'provisional';

export const toldFactOf = (fact: RowFact): ToldFact => toldFact(columnsOf(fact));

function columnsOf(fact: RowFact): FactColumns {
  const { start_sample, end_sample, latency_samples, speech_samples, delay_samples, silent_samples, ...row } = factRow(
    fact,
    { startedAtMs: 0 },
  );
  return {
    ...row,
    kind: fact.kind,
    status: fact.status,
    start_ms: msFromSamples(start_sample),
    end_ms: inMs(end_sample),
    latency_ms: inMs(latency_samples),
    speech_ms: inMs(speech_samples),
    delay_ms: inMs(delay_samples),
    silent_ms: inMs(silent_samples),
  };
}

const inMs = (samples: number | null): number | null => (samples === null ? null : msFromSamples(samples));

/** How far the call has been heard when a fact says so: signals come every second, whatever happens in the call. */
export const heardMs = (fact: Fact): number =>
  msFromSamples('endSample' in fact && fact.endSample !== null ? fact.endSample : fact.startSample);
