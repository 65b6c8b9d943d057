/** Rules, facts and calls for the tests of alerts, with what a test does not care about filled in. */
import type { FactStatus } from '../../core/facts/facts.ts';
import type { FinishedCall } from '../../core/alerts/finishedCall.ts';
import type { InCallInput } from '../../core/alerts/inCall.ts';
import type { InCallRule, WindowedRule } from '../../core/alerts/rules.ts';
import type { FieldValues, ToldFact } from '../../core/alerts/toldFact.ts';

const BASE = {
  severity: 'warning',
  labels: {},
  annotations: {},
  tenants: [],
  where: [],
  forMs: 0,
  keepFiringForMs: 0,
  cooldownMs: 0,
} as const;

export const inCallRule = (rule: Partial<InCallRule> & Pick<InCallRule, 'on'>): InCallRule => ({
  ...BASE,
  name: rule.on,
  atLeast: 1,
  windowMs: null,
  provisional: 'count',
  ...rule,
});

export const windowedRule = (rule: Partial<WindowedRule>): WindowedRule => ({
  ...BASE,
  name: 'windowed',
  on: 'response',
  among: [],
  aggregate: 'count',
  field: null,
  atLeast: 1,
  windowMs: 600_000,
  everyMs: 60_000,
  groupBy: [],
  threshold: null,
  trend: null,
  countMin: 1,
  noData: 'ok',
  forgetAfterMs: 86_400_000,
  ...rule,
});

export function toldAs(
  kind: ToldFact['kind'],
  id: string,
  startMs: number,
  endMs: number | null,
  fields: FieldValues,
  revision = 0,
  status: FactStatus = endMs === null ? 'provisional' : 'final',
): ToldFact {
  const duration_ms = endMs === null ? null : endMs - startMs;
  return { id, kind, status, revision, startMs, endMs, fields: { duration_ms, ...fields } };
}

/** The call's timeline begins at wall time 1 000 000. */
export function fact(...told: Parameters<typeof toldAs>): InCallInput {
  const one = toldAs(...told);
  const heardMs = one.endMs ?? one.startMs;
  return { type: 'fact', fact: one, heardMs, wallMs: 1_000_000 + heardMs };
}

export const heard = (heardMs: number): InCallInput => ({ type: 'heard', heardMs });

/** A call with responses of these latencies; ends at `endedAtMs`. */
export const finished = (
  callId: string,
  endedAtMs: number,
  latenciesMs: readonly number[],
  more: Partial<FinishedCall> = {},
): FinishedCall => ({
  tenant: 'acme',
  callId,
  endedAtMs,
  revision: 0,
  labels: {},
  figures: { agent_version: 'v1', protocol: 'earshot', tap: 'sent', end_reason: 'completed' },
  facts: latenciesMs.map((latency_ms, i) =>
    toldAs('response', `${callId}-${i}`, i * 1_000, i * 1_000 + 1, { latency_ms }),
  ),
  ...more,
});
