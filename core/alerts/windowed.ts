/**
 * Rules over many calls: finished calls and a clock in, changes of alerts out. Every `every` each group's calls of the last
 * `window` are added up and judged, at whole multiples of it since 1970, so that two processes, or a replay, look at the same
 * moments and come to the same ids. A call that comes late counts from the next look on, while it lies in the window. Tenants are
 * told apart before anything else.
 */
import type { Emit, Stage } from '../stage/stage.ts';
import { alertId, EVIDENCE_MAX, type Alert, type AlertReason, type AlertState } from './alert.ts';
import { addCall, aggregated, dropBefore, emptyGroup, removeCall, tellingCalls, type CallGroup } from './callGroup.ts';
import { thresholdText, within } from './condition.ts';
import { contributionsOf } from './contributions.ts';
import type { FinishedCall } from './finishedCall.ts';
import { AT_REST, step, type Machine, type Signal } from './machine.ts';
import { ruleVersion, type WindowedRule } from './rules.ts';
import { NO_TREND, stepTrend, type TrendState } from './trend.ts';

export type WindowedInput =
  | { readonly type: 'call'; readonly call: FinishedCall }
  /** It is that time now (Unix ms). */
  | { readonly type: 'clock'; readonly atMs: number };

export interface WindowedJudge extends Stage<WindowedInput, Alert> {
  /** Calls that came when their window was over, summed over the rules. */
  readonly lateCalls: number;
  /** Groups that were let go for want of room. */
  readonly crowdedOut: number;
}

/** Groups of a rule; those that no call came from for longest go first. */
export const GROUPS_MAX = 500;

interface Group {
  readonly tenant: string;
  readonly names: Readonly<Record<string, string>>;
  readonly calls: CallGroup;
  lastSeenMs: number;
  machine: Machine;
  trend: TrendState;
}

interface RuleState {
  groups: Map<string, Group>;
  /** The last look; null before the clock has told anything. */
  lookedAtMs: number | null;
}

interface State {
  rules: RuleState[];
  lateCalls: number;
  crowdedOut: number;
}

const ofRule = (): RuleState => ({ groups: new Map(), lookedAtMs: null });

interface Verdict {
  readonly signal: Signal;
  /** Instead of what the machine says. */
  readonly reason: AlertReason | null;
  readonly value: number | null;
  readonly count: number;
}

export function judgeCalls(rules: readonly WindowedRule[]): WindowedJudge {
  let state: State = { rules: rules.map(ofRule), lateCalls: 0, crowdedOut: 0 };

  function groupAt(of: RuleState, tenant: string, names: Readonly<Record<string, string>>, seenMs: number): Group {
    const key = JSON.stringify([tenant, names]);
    const found = of.groups.get(key);
    if (found !== undefined) return found;
    const group = { tenant, names, calls: emptyGroup(), lastSeenMs: seenMs, machine: AT_REST, trend: NO_TREND };
    of.groups.set(key, group);
    return group;
  }

  function take(rule: WindowedRule, of: RuleState, call: FinishedCall): void {
    if (rule.tenants.length > 0 && !rule.tenants.includes(call.tenant)) return;
    if (of.lookedAtMs !== null && call.endedAtMs <= of.lookedAtMs + rule.everyMs - rule.windowMs) {
      state.lateCalls += 1;
      return;
    }
    const known = [...of.groups.values()].filter(
      ({ tenant, calls }) => tenant === call.tenant && calls.calls.has(call.callId),
    );
    if (known.some(({ calls }) => (calls.calls.get(call.callId)?.revision ?? 0) > call.revision)) return;
    for (const { calls } of known) removeCall(calls, call.callId);
    for (const { group: names, contribution } of contributionsOf(rule, call)) {
      const group = groupAt(of, call.tenant, names, call.endedAtMs);
      group.lastSeenMs = Math.max(group.lastSeenMs, call.endedAtMs);
      addCall(group.calls, call.callId, contribution);
    }
  }

  function look(rule: WindowedRule, of: RuleState, nowMs: number, emit: Emit<Alert>): void {
    for (const [key, group] of of.groups) {
      dropBefore(group.calls, nowMs - rule.windowMs);
      const isForgotten = nowMs - group.lastSeenMs >= rule.forgetAfterMs;
      const verdict: Verdict = isForgotten
        ? { signal: 'forgotten', reason: null, value: null, count: 0 }
        : judge(rule, group, nowMs);
      tell(rule, group, verdict, nowMs, emit);
      if (isForgotten) of.groups.delete(key);
    }
    makeRoom(rule, of, nowMs, emit);
  }

  function makeRoom(rule: WindowedRule, of: RuleState, nowMs: number, emit: Emit<Alert>): void {
    const surplus = of.groups.size - GROUPS_MAX;
    if (surplus <= 0) return;
    const oldest = [...of.groups].sort(([, a], [, b]) => a.lastSeenMs - b.lastSeenMs).slice(0, surplus);
    for (const [key, group] of oldest) {
      tell(rule, group, { signal: 'forgotten', reason: null, value: null, count: 0 }, nowMs, emit);
      of.groups.delete(key);
      state.crowdedOut += 1;
    }
  }

  return {
    push(input, emit) {
      rules.forEach((rule, index) => {
        const of = state.rules[index];
        if (input.type === 'call') return take(rule, of, input.call);
        if (of.lookedAtMs === null) {
          of.lookedAtMs = lookBefore(input.atMs, rule);
          for (const tenant of rule.groupBy.length === 0 ? rule.tenants : []) groupAt(of, tenant, {}, input.atMs);
        }
        for (let at = of.lookedAtMs + rule.everyMs; at <= input.atMs; at += rule.everyMs) {
          of.lookedAtMs = at;
          look(rule, of, at, emit);
        }
      });
    },
    flush: () => undefined,
    save: () => ({ ...structuredClone(state), versions: rules.map(ruleVersion) }),
    load(saved) {
      const { versions, ...loaded } = structuredClone(saved) as State & { versions: string[] };
      // Rules may have been changed meanwhile: each finds its own, a new one begins anew.
      state = { ...loaded, rules: rules.map((rule) => loaded.rules[versions.indexOf(ruleVersion(rule))] ?? ofRule()) };
    },
    get lateCalls() {
      return state.lateCalls;
    },
    get crowdedOut() {
      return state.crowdedOut;
    },
  };
}

const lookBefore = (atMs: number, { everyMs }: WindowedRule): number => Math.floor(atMs / everyMs) * everyMs;

function judge(rule: WindowedRule, group: Group, nowMs: number): Verdict {
  const { value, count } = aggregated(rule, group.calls, nowMs);
  if (rule.aggregate === 'absent') {
    const signal = nowMs - group.lastSeenMs >= rule.windowMs ? 'holds' : 'clear';
    return { signal, reason: null, value, count };
  }
  // A trend takes a step a window, in windows that share no calls.
  if (rule.trend !== null && nowMs % rule.windowMs >= rule.everyMs)
    return { signal: 'unknown', reason: null, value, count };
  if (value === null || count < rule.countMin) return { ...NO_DATA[rule.noData], value, count };
  if (rule.trend === null) {
    const signal = within(rule.threshold ?? {}, value) ? 'holds' : 'clear';
    return { signal, reason: null, value, count };
  }
  const { state, departs } = stepTrend(group.trend, value, nowMs, rule.windowMs, rule.trend);
  group.trend = state;
  return { signal: departs === 'yes' ? 'holds' : 'clear', reason: null, value, count };
}

const NO_DATA: Readonly<Record<WindowedRule['noData'], Pick<Verdict, 'signal' | 'reason'>>> = {
  ok: { signal: 'no_data', reason: null },
  keep: { signal: 'unknown', reason: null },
  alert: { signal: 'holds', reason: 'no_data' },
};

function tell(rule: WindowedRule, group: Group, verdict: Verdict, nowMs: number, emit: Emit<Alert>): void {
  const { signal, value, count } = verdict;
  const { machine, changes } = step(group.machine, signal, nowMs, rule);
  group.machine = machine;
  const isTooLow =
    rule.trend?.direction === 'down' || rule.threshold?.lt !== undefined || rule.threshold?.lte !== undefined;
  for (const { state, reason } of changes) emit(alertOf(state, verdict.reason ?? reason));

  function alertOf(state: AlertState, reason: AlertReason): Alert {
    return {
      id: alertId({ rule, tenant: group.tenant, callId: null, group: group.names, episode: machine.since }),
      state,
      reason,
      rule: rule.name,
      ruleVersion: ruleVersion(rule),
      severity: rule.severity,
      tenant: group.tenant,
      callId: null,
      group: group.names,
      labels: rule.labels,
      annotations: rule.annotations,
      startsAtMs: machine.since,
      endsAtMs: state === 'resolved' ? nowMs : null,
      atMs: nowMs,
      mediaMs: null,
      value,
      count,
      summary: summaryOf(rule, value, group.trend),
      evidence: tellingCalls(group.calls, nowMs, isTooLow ? 'low' : 'high', EVIDENCE_MAX),
    };
  }
}

function summaryOf(
  { aggregate, on, field, windowMs, threshold, trend }: WindowedRule,
  value: number | null,
  of: TrendState,
): string {
  const minutes = `${windowMs / 60_000} min`;
  if (aggregate === 'absent') return `no call in ${minutes}`;
  const what = `${aggregate} of ${field === null ? on : `${on}.${field}`} over ${minutes}`;
  const is = value === null ? 'unknown' : String(Number(value.toPrecision(4)));
  if (trend === null) return `${what} is ${is}, asked for: ${thresholdText(threshold ?? {})}`;
  return `${what} is ${is}, usual is ${Number(of.mean.toPrecision(4))}`;
}
