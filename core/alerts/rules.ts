/**
 * Alert rules as data. docs/alerts.md explains every field to users; adapters/alerts reads them from YAML. Times are
 * milliseconds. Rules on one call are judged on its own timeline, rules over calls on wall time.
 */
import { createHash } from 'node:crypto';
import type { Condition, Threshold } from './condition.ts';
import type { AlertKind } from './fields.ts';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** How long is waited, in the words of Prometheus. */
export interface Timing {
  /** The condition has to hold this long before the alert fires. */
  readonly forMs: number;
  /** A firing alert goes on firing this long after the condition held last. */
  readonly keepFiringForMs: number;
  /** After it is resolved the same alert does not begin anew for this long. */
  readonly cooldownMs: number;
}

interface RuleBase extends Timing {
  readonly name: string;
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Empty: of all tenants. */
  readonly tenants: readonly string[];
  /** Facts of which kind are counted, and which of them. */
  readonly on: AlertKind;
  readonly where: Condition;
}

/** Fires while the call runs: so many facts of a call match, in all of it or within a window. */
export interface InCallRule extends RuleBase {
  readonly on: Exclude<AlertKind, 'call'>;
  readonly atLeast: number;
  /** Null: within the whole call. */
  readonly windowMs: number | null;
  /** Whether facts that may still be taken back are counted. */
  readonly provisional: 'count' | 'ignore';
}

export const PERCENTILES = { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

/** Of a field's values. */
export const FIELD_AGGREGATES = ['p50', 'p75', 'p90', 'p95', 'p99', 'mean', 'min', 'max'] as const;
/**
 * count: facts that match. share: those among all of the kind (or those that `among` matches). per_call: matches a call.
 * calls: calls with matches. calls_share: those among all calls. absent: no calls at all.
 */
export const COUNT_AGGREGATES = ['count', 'share', 'per_call', 'calls', 'calls_share', 'absent'] as const;
export type Aggregate = (typeof FIELD_AGGREGATES)[number] | (typeof COUNT_AGGREGATES)[number];

export const SENSITIVITIES = ['low', 'medium', 'high'] as const;
export type Sensitivity = (typeof SENSITIVITIES)[number];

/** Departure of the value's EWMA from its own rolling baseline. */
export interface Trend {
  readonly sensitivity: Sensitivity;
  /** Half-life of the baseline. */
  readonly baselineMs: number;
  readonly direction: 'up' | 'down' | 'both';
  /** Departures of a smaller share of the baseline are none, however sure they are. */
  readonly changeMin: number;
}

export const NO_DATA_MODES = ['ok', 'keep', 'alert'] as const;
export type NoDataMode = (typeof NO_DATA_MODES)[number];

/** Fires on what many calls add up to. Tenants are never added up with one another. */
export interface WindowedRule extends RuleBase {
  readonly aggregate: Aggregate;
  /** Of the aggregates of a field. */
  readonly field: string | null;
  /** Of `share`: among which facts. Empty: all of the kind. */
  readonly among: Condition;
  /** Of `calls` and `calls_share`: so many facts of a call have to match. */
  readonly atLeast: number;
  readonly windowMs: number;
  readonly everyMs: number;
  /** tenant is always told apart; beyond it agent_version, protocol, tap, labels.NAME, or a text field of the kind. */
  readonly groupBy: readonly string[];
  /** Either of the two; neither for `absent`. */
  readonly threshold: Threshold | null;
  readonly trend: Trend | null;
  /** With fewer values in the window nothing is said, and `noData` decides. */
  readonly countMin: number;
  readonly noData: NoDataMode;
  /** Groups that no call came from for so long are forgotten. */
  readonly forgetAfterMs: number;
}

export interface Matchers {
  /** Empty: all rules. */
  readonly rules: readonly string[];
  /** By label of the alert: tenant, call_id, severity, the group's and the rule's. All have to be equal. */
  readonly labels: Readonly<Record<string, string>>;
}

/** From one time to another nobody is told. */
export interface Silence extends Matchers {
  readonly name: string;
  readonly comment: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Every week at these times nobody is told. */
export interface MaintenanceWindow extends Matchers {
  readonly name: string;
  readonly comment: string;
  readonly days: readonly Weekday[];
  /** Minutes of the day; an end before the start lies on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** IANA name. */
  readonly timeZone: string;
}

export interface RuleSet {
  readonly inCall: readonly InCallRule[];
  readonly windowed: readonly WindowedRule[];
  readonly silences: readonly Silence[];
  readonly maintenanceWindows: readonly MaintenanceWindow[];
}

export const NO_RULES: RuleSet = { inCall: [], windowed: [], silences: [], maintenanceWindows: [] };

/** What the rule says, as 8 hex digits: a rule that was changed has alerts of its own. Who is told and how is no part of it. */
export function ruleVersion(rule: InCallRule | WindowedRule): string {
  const { annotations: _annotations, labels: _labels, severity: _severity, ...judged } = rule;
  return createHash('sha256').update(canonical(judged)).digest('hex').slice(0, 8);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
