/** What one call adds to each group of a rule: a call may be in several where the facts themselves say the group. */
import { holds } from './condition.ts';
import type { FinishedCall } from './finishedCall.ts';
import type { WindowedRule } from './rules.ts';
import type { FieldValues } from './toldFact.ts';

export interface Contribution {
  readonly endedAtMs: number;
  readonly revision: number;
  /** Of the field, where it is known, of the facts that match. */
  readonly values: readonly number[];
  /** Facts that match, and those that they are among. */
  readonly matched: number;
  readonly among: number;
}

export interface GroupContribution {
  readonly group: Readonly<Record<string, string>>;
  readonly contribution: Contribution;
}

/** More of one call add nothing: the first are taken. */
const VALUES_MAX = 1_000;
const OF_CALL = ['agent_version', 'protocol', 'tap'];

export function contributionsOf(rule: WindowedRule, call: FinishedCall): GroupContribution[] {
  const { endedAtMs, revision } = call;
  const groups = new Map<string, { group: Record<string, string>; values: number[]; matched: number; among: number }>();
  const groupOf = (fields: FieldValues) => {
    const group = Object.fromEntries(rule.groupBy.map((name) => [name, nameIn(call, fields, name)]));
    const key = JSON.stringify(group);
    const found = groups.get(key) ?? { group, values: [], matched: 0, among: 0 };
    groups.set(key, found);
    return found;
  };
  // Where the call itself says its group, it counts there whether anything of it matches or not.
  if (rule.groupBy.every((name) => OF_CALL.includes(name) || name.startsWith('labels.'))) groupOf(call.figures);
  for (const fields of rule.on === 'call' ? [call.figures] : finalFieldsOf(rule.on, call)) {
    if (!holds(rule.among, fields)) continue;
    const of = groupOf(fields);
    of.among += 1;
    if (!holds(rule.where, fields)) continue;
    of.matched += 1;
    const value = rule.field === null ? null : (fields[rule.field] ?? null);
    if (typeof value === 'number' && of.values.length < VALUES_MAX) of.values.push(value);
  }
  return [...groups.values()].map(({ group, ...counts }) => ({
    group,
    contribution: { endedAtMs, revision, ...counts },
  }));
}

const finalFieldsOf = (kind: string, { facts }: FinishedCall): FieldValues[] =>
  facts.filter((fact) => fact.kind === kind && fact.status === 'final').map(({ fields }) => fields);

function nameIn({ labels, figures }: FinishedCall, fields: FieldValues, name: string): string {
  if (name.startsWith('labels.')) return labels[name.slice('labels.'.length)] ?? '';
  const value = OF_CALL.includes(name) ? figures[name] : fields[name];
  return typeof value === 'string' ? value : '';
}
