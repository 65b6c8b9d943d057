/**
 * Saved states of earlier versions, turned into today's step by step, so that calls which run during an upgrade go on as if
 * nothing had happened. Whoever raises CALL_STATE_VERSION writes the step and keeps a state of the version before
 * (`npm run state:fixture`, committed beside the last change of that version); upgradeState.test.ts asks for both.
 */
import { InvalidInput } from '../units/errors.ts';
import { CALL_STATE_VERSION } from './call.ts';

/** Turns a state of one version into one of the next. Pure; may change what it is given, which nobody else has. */
export type StateStep = (state: unknown) => unknown;

export interface StateHistory {
  readonly version: number;
  /** By the version that a step begins with. */
  readonly steps: Readonly<Record<number, StateStep>>;
}

/** Version 3 is the first that is sealed; older ones were emptied by their migration. */
export const OLDEST_STATE_VERSION = 3;

export const STATE_HISTORY: StateHistory = { version: CALL_STATE_VERSION, steps: {} };

/**
 * The state as today's `Call.load` takes it. Throws InvalidInput `state_unreadable` for a version that no steps lead on from: a
 * newer one, too, which an older process meets while others are upgraded.
 */
export function upgradeState(
  found: { readonly stateVersion: number; open(): unknown },
  { version, steps }: StateHistory = STATE_HISTORY,
): unknown {
  const wanted: StateStep[] = [];
  for (let from = found.stateVersion; from !== version; from += 1) {
    const step = from < version ? steps[from] : undefined;
    if (step === undefined) throw unreadable(version, `version ${found.stateVersion}`);
    wanted.push(step);
  }
  const state = found.open();
  try {
    return wanted.reduce((older, step) => step(older), state);
  } catch (error) {
    throw unreadable(version, `one of version ${found.stateVersion} that cannot be upgraded (${String(error)})`);
  }
}

const unreadable = (version: number, got: string): InvalidInput =>
  new InvalidInput('state_unreadable', { expected: `a state of version ${version}`, got });
