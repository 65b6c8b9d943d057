/**
 * The states of one alert: inactive -> pending -> firing -> inactive again, with the waits of `Timing`. One clock throughout;
 * which one is the caller's matter.
 */
import type { AlertReason, AlertState } from './alert.ts';
import type { Timing } from './rules.ts';

/**
 * holds, clear: what the condition says. unknown: too little to say, all stays as it is. The others end a firing alert at once:
 * what it rested on was taken back, the call is over, the group is gone or the data.
 */
export type Signal = 'holds' | 'clear' | 'unknown' | Ending;
type Ending = Exclude<AlertReason, 'condition' | 'cleared'>;

export interface Machine {
  readonly state: 'inactive' | 'pending' | 'firing';
  /** Since when the condition holds; of no meaning while inactive. */
  readonly since: number;
  readonly heldLast: number;
  /** How often it has fired. */
  readonly firings: number;
  /** Until then it does not begin anew. */
  readonly cooldownUntil: number;
}

export const AT_REST: Machine = { state: 'inactive', since: 0, heldLast: 0, firings: 0, cooldownUntil: -Infinity };

export interface Step {
  readonly machine: Machine;
  readonly changes: readonly { readonly state: AlertState; readonly reason: AlertReason }[];
}

export function step(machine: Machine, signal: Signal, now: number, timing: Timing): Step {
  if (signal === 'unknown') return { machine, changes: [] };
  return signal === 'holds' ? onHolding(machine, now, timing) : onCeasing(machine, signal, now, timing);
}

function onHolding(before: Machine, now: number, { forMs }: Timing): Step {
  if (before.state === 'inactive' && now < before.cooldownUntil) return { machine: before, changes: [] };
  const since = before.state === 'inactive' ? now : before.since;
  const machine = { ...before, since, heldLast: now };
  if (before.state === 'firing') return { machine, changes: [] };
  if (now - since >= forMs) {
    return {
      machine: { ...machine, state: 'firing', firings: before.firings + 1 },
      changes: [{ state: 'firing', reason: 'condition' }],
    };
  }
  const isNew = before.state === 'inactive';
  return {
    machine: { ...machine, state: 'pending' },
    changes: isNew ? [{ state: 'pending', reason: 'condition' }] : [],
  };
}

function onCeasing(before: Machine, signal: 'clear' | Ending, now: number, timing: Timing): Step {
  if (before.state === 'inactive') return { machine: before, changes: [] };
  const reason = signal === 'clear' ? 'cleared' : signal;
  if (before.state === 'pending') {
    return { machine: { ...before, state: 'inactive' }, changes: [{ state: 'inactive', reason }] };
  }
  if (signal === 'clear' && now - before.heldLast < timing.keepFiringForMs) return { machine: before, changes: [] };
  // One that was wrong must not keep a right one back.
  const cooldownUntil = signal === 'taken_back' ? before.cooldownUntil : now + timing.cooldownMs;
  return { machine: { ...before, state: 'inactive', cooldownUntil }, changes: [{ state: 'resolved', reason }] };
}
