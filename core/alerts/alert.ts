/** An alert as it is told: each change of its state once, under one id from its firing to its end. */
import { createHash } from 'node:crypto';
import { ruleVersion, type InCallRule, type Severity, type WindowedRule } from './rules.ts';

/**
 * pending: the condition holds, not yet long enough. inactive: it ceased before that. firing, resolved: as in Alertmanager.
 * Only the last two are for people.
 */
export type AlertState = 'pending' | 'inactive' | 'firing' | 'resolved';

/**
 * Why the state changed. condition: it holds. cleared: it holds no longer. taken_back: what it rested on was provisional and
 * turned out otherwise. call_ended: the call is over. no_data: too little to judge by. forgotten: nothing came of that group for long.
 */
export type AlertReason = 'condition' | 'cleared' | 'taken_back' | 'call_ended' | 'no_data' | 'forgotten';

export interface Alert {
  readonly id: string;
  readonly state: AlertState;
  readonly reason: AlertReason;
  readonly rule: string;
  readonly ruleVersion: string;
  readonly severity: Severity;
  readonly tenant: string;
  /** Null: of a rule over many calls. */
  readonly callId: string | null;
  /** Of a rule over many calls: whose calls, by the names in `group_by`. */
  readonly group: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Wall time (Unix ms) since when the condition held. */
  readonly startsAtMs: number;
  /** Wall time of the end; null unless resolved. */
  readonly endsAtMs: number | null;
  /** Wall time of this change. */
  readonly atMs: number;
  /** Where to look in the call, on its timeline; null: of a rule over many calls. */
  readonly mediaMs: number | null;
  /** What was compared, over how many; null: unknown. */
  readonly value: number | null;
  readonly count: number;
  /** In words: what was found and what was asked. */
  readonly summary: string;
  /** Ids of facts, or for a rule over many calls of calls, that it rests on: the first few. */
  readonly evidence: readonly string[];
}

export const EVIDENCE_MAX = 10;

export interface AboutAlert {
  readonly rule: InCallRule | WindowedRule;
  readonly tenant: string;
  readonly callId: string | null;
  readonly group: Readonly<Record<string, string>>;
  /** Which firing of this rule it is: in a call the how manieth, over calls the wall time at which it began. */
  readonly episode: number;
}

/** 128 bits as 32 lower-case hex digits. A replay comes to the same, so whoever is told twice can know. */
export function alertId({ rule, tenant, callId, group, episode }: AboutAlert): string {
  const groups = Object.entries(group)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flat();
  const about = ['alert', rule.name, ruleVersion(rule), tenant, callId ?? '', String(episode), ...groups];
  return createHash('sha256').update(about.join('\u0000')).digest('hex').slice(0, 32);
}

/** The labels by which silences are matched and Alertmanager groups; the rule's own never hide what Earshot says. */
export const labelsOf = (alert: Alert): Readonly<Record<string, string>> => ({
  ...alert.labels,
  ...alert.group,
  alertname: alert.rule,
  severity: alert.severity,
  tenant: alert.tenant,
  ...(alert.callId === null ? {} : { call_id: alert.callId }),
});
