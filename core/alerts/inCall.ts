/**
 * Rules on one call, judged while it runs: facts in as they are told, changes of alerts out. Times are the call's own, so a
 * replay of the same inputs fires the same alerts at the same moments; ids are the same even where facts came in another order. A fact that goes on grows with what has been heard;
 * a fact that is told anew replaces what was told before, and an alert that rested on it is resolved as taken back.
 */
import type { Fact } from '../facts/facts.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import { LIMITS } from '../conversation/limits.ts';
import { lagFramesOf } from '../conversation/speechMask.ts';
import { FRAME_MS, msFromSamples } from '../units/time.ts';
import { alertId, EVIDENCE_MAX, type Alert } from './alert.ts';
import { conditionText, holds } from './condition.ts';
import { AT_REST, step, type Machine, type Signal } from './machine.ts';
import { ruleVersion, type InCallRule } from './rules.ts';
import { heardMs, toldFactOf, type ToldFact } from './toldFact.ts';

/** `heard`: nothing but that the call goes on. `wallMs`: the wall time of `heardMs`. */
export type InCallInput =
  | { readonly type: 'heard'; readonly heardMs: number }
  | { readonly type: 'fact'; readonly fact: ToldFact; readonly heardMs: number; readonly wallMs: number };

/** Facts that a rule remembers of a call; the oldest go first. More than any rule counts to. */
export const FACTS_KEPT_MAX = 1_000;
/** Facts that were looked at and do not count are remembered so long, to know an older revision when it comes again. */
const FORGET_AFTER_MS = 600_000;

/** Who speaks is known so much later than it is heard, at most, and by whole hops; sooner nothing can be said to go on. */
const LABELLED_AFTER_MS = lagFramesOf(LIMITS) * FRAME_MS + 100;
/** Rules are looked at no more often. */
const HEARD_STEP_MS = 100;

/** What the call's audio says of the time, so that what goes on is seen to grow: `Call.heardSamples` after each message. */
export const heardInput = (heardSamples: number): InCallInput => {
  const knownMs = Math.max(0, msFromSamples(heardSamples) - LABELLED_AFTER_MS);
  return { type: 'heard', heardMs: Math.floor(knownMs / HEARD_STEP_MS) * HEARD_STEP_MS };
};

export interface CallIdentity {
  readonly tenant: string;
  readonly callId: string;
}

interface RuleState {
  machine: Machine;
  /** Of the firing or pending alert: where its condition came to hold. */
  mediaMs: number;
  facts: Map<string, ToldFact>;
}

interface State {
  heardMs: number;
  /** Wall time of the timeline's start, by the fact told last. */
  sample0WallMs: number;
  hasEnded: boolean;
  rules: RuleState[];
}

const ofRule = (): RuleState => ({ machine: AT_REST, mediaMs: 0, facts: new Map() });

export function inCallInput(fact: Fact): InCallInput {
  const heard = heardMs(fact);
  if (fact.kind === 'frames') return { type: 'heard', heardMs: heard };
  const lengthMs = heard - heardMs({ ...fact, endSample: null } as Fact);
  return { type: 'fact', fact: toldFactOf(fact), heardMs: heard, wallMs: fact.startWallMs + lengthMs };
}

/** Rules for other tenants are left out. */
export function judgeCall(call: CallIdentity, all: readonly InCallRule[]): Stage<InCallInput, Alert> {
  const rules = all.filter(({ tenants }) => tenants.length === 0 || tenants.includes(call.tenant));
  let state: State = { heardMs: 0, sample0WallMs: 0, hasEnded: false, rules: rules.map(ofRule) };

  /** `otherwise`: what it means where the condition does not hold. */
  function judge(rule: InCallRule, of: RuleState, otherwise: 'clear' | 'taken_back', emit: Emit<Alert>): void {
    if (of.facts.size === 0 && of.machine.state === 'inactive') return;
    const counted = countedNow(rule, of.facts, state.heardMs);
    const enough = counted.length >= rule.atLeast;
    // What is told after the end may fire what never did, but not fire again what the end has resolved; nor can it last.
    const isTooLate = state.hasEnded && (of.machine.firings > 0 || rule.forMs > 0);
    if (isTooLate && of.machine.state === 'inactive') return;
    if (enough && of.machine.state === 'inactive') of.mediaMs = counted[rule.atLeast - 1].startMs;
    change(rule, of, enough ? 'holds' : otherwise, counted, emit);
    if (state.hasEnded) change(rule, of, 'call_ended', counted, emit);
  }

  function change(rule: InCallRule, of: RuleState, signal: Signal, counted: ToldFact[], emit: Emit<Alert>): void {
    const { machine, changes } = step(of.machine, signal, state.heardMs, rule);
    of.machine = machine;
    const isNew = machine.state === 'pending' || changes[0]?.state === 'inactive';
    const episode = machine.firings + (isNew ? 1 : 0);
    const startsAtMs = Math.round(state.sample0WallMs + machine.since);
    const atMs = Math.round(state.sample0WallMs + state.heardMs);
    for (const { state: to, reason } of changes) {
      emit({
        id: alertId({ rule, ...call, group: {}, episode }),
        state: to,
        reason,
        rule: rule.name,
        ruleVersion: ruleVersion(rule),
        severity: rule.severity,
        tenant: call.tenant,
        callId: call.callId,
        group: {},
        labels: rule.labels,
        annotations: rule.annotations,
        startsAtMs,
        endsAtMs: to === 'resolved' ? atMs : null,
        atMs,
        mediaMs: of.mediaMs,
        value: counted.length,
        count: counted.length,
        summary: summaryOf(rule, counted.length),
        evidence: counted.slice(-EVIDENCE_MAX).map(({ id }) => id),
      });
    }
  }

  /** True: the rule's alert rested on this fact, and it is not any more what it was. */
  function take(rule: InCallRule, { facts }: RuleState, fact: ToldFact): boolean {
    const before = facts.get(fact.id);
    if (before !== undefined && before.revision >= fact.revision) return false;
    const matchedBefore = before !== undefined && counts(rule, before, state.heardMs);
    const isOpen = fact.endMs === null;
    if (before === undefined && !isOpen && !counts(rule, fact, state.heardMs)) return false;
    facts.set(fact.id, fact);
    if (facts.size > FACTS_KEPT_MAX) facts.delete([...facts.keys()][0]);
    return matchedBefore && !counts(rule, fact, state.heardMs);
  }

  return {
    push(input, emit) {
      const hasMoved = input.heardMs > state.heardMs;
      state.heardMs = Math.max(state.heardMs, input.heardMs);
      if (input.type === 'fact') {
        state.sample0WallMs = input.wallMs - input.heardMs;
        state.hasEnded ||= input.fact.kind === 'call_ended';
      }
      rules.forEach((rule, index) => {
        const of = state.rules[index];
        const wasTakenBack = input.type === 'fact' && input.fact.kind === rule.on && take(rule, of, input.fact);
        if (hasMoved) forget(rule, of.facts, state.heardMs);
        judge(rule, of, wasTakenBack ? 'taken_back' : 'clear', emit);
      });
    },
    flush: () => undefined,
    save: () => ({ ...structuredClone(state), versions: rules.map(ruleVersion) }),
    load(saved) {
      const { versions, ...loaded } = structuredClone(saved) as State & { versions: string[] };
      // Rules may have been changed meanwhile: each finds its own, a new one begins anew.
      state = { ...loaded, rules: rules.map((rule) => loaded.rules[versions.indexOf(ruleVersion(rule))] ?? ofRule()) };
    },
  };
}

const counts = (rule: InCallRule, fact: ToldFact, heard: number): boolean => {
  if (rule.provisional === 'ignore' && fact.status === 'provisional') return false;
  const isOpen = fact.endMs === null;
  return holds(rule.where, isOpen ? { ...fact.fields, duration_ms: Math.max(0, heard - fact.startMs) } : fact.fields);
};

/** In the order of the timeline, whatever the order in which they were told. */
function countedNow(rule: InCallRule, facts: ReadonlyMap<string, ToldFact>, heard: number): ToldFact[] {
  const from = rule.windowMs === null ? -Infinity : heard - rule.windowMs;
  return [...facts.values()]
    .filter((fact) => (fact.endMs ?? heard) > from && counts(rule, fact, heard))
    .sort((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1));
}

function forget(rule: InCallRule, facts: Map<string, ToldFact>, heard: number): void {
  for (const [id, fact] of facts) {
    if (fact.endMs === null || heard - fact.endMs < FORGET_AFTER_MS) continue;
    const isInWindow = rule.windowMs === null || heard - fact.endMs < rule.windowMs;
    if (!isInWindow || !counts(rule, fact, heard)) facts.delete(id);
  }
}

function summaryOf(rule: InCallRule, count: number): string {
  const which = rule.where.length === 0 ? '' : ` with ${conditionText(rule.where)}`;
  const within = rule.windowMs === null ? 'in the call' : `within ${rule.windowMs / 1_000} s`;
  return `${count} of at least ${rule.atLeast} ${rule.on}${which} ${within}`;
}
