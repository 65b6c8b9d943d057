/** Rules over calls that are past: what would have fired, in the order of time. */
import type { Alert } from './alert.ts';
import type { FinishedCall } from './finishedCall.ts';
import { judgeCall, type InCallInput } from './inCall.ts';
import type { RuleSet } from './rules.ts';
import { judgeCalls } from './windowed.ts';

export interface PastCall {
  readonly startedAtMs: number;
  /** In the order in which they were told, or by their ends where that is not known any more. */
  readonly told: readonly InCallInput[];
  readonly finished: FinishedCall;
}

export interface Firing {
  readonly alert: Alert;
  /** Null: it still fires. */
  readonly resolved: Alert | null;
}

/** `untilMs`: until then the clock goes on after the last call. */
export function replayRules(rules: RuleSet, calls: readonly PastCall[], untilMs: number): Firing[] {
  const alerts: Alert[] = [];
  for (const { told, finished } of calls) {
    const judge = judgeCall(finished, rules.inCall);
    for (const input of told) judge.push(input, (alert) => alerts.push(alert));
  }
  const judge = judgeCalls(rules.windowed);
  const tick = (atMs: number): void => judge.push({ type: 'clock', atMs }, (alert) => alerts.push(alert));
  if (calls.length > 0) tick(calls.reduce((first, { startedAtMs }) => Math.min(first, startedAtMs), Infinity));
  for (const { finished } of calls.toSorted((a, b) => a.finished.endedAtMs - b.finished.endedAtMs)) {
    tick(finished.endedAtMs);
    judge.push({ type: 'call', call: finished }, () => undefined);
  }
  if (calls.length > 0) tick(untilMs);
  return firingsOf(alerts);
}

function firingsOf(alerts: readonly Alert[]): Firing[] {
  const resolved = new Map(alerts.filter(({ state }) => state === 'resolved').map((alert) => [alert.id, alert]));
  return alerts
    .filter(({ state }) => state === 'firing')
    .map((alert) => ({ alert, resolved: resolved.get(alert.id) ?? null }))
    .sort((a, b) => a.alert.atMs - b.alert.atMs || (a.alert.id < b.alert.id ? -1 : 1));
}
