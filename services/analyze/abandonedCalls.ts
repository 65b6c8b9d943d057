/**
 * Ends the calls that nobody else ends: their client is gone, and so is the process that took them in and would have said so.
 *
 * What the store says may be old news, so nothing is ended from here. An end goes into the call's log, in the name of the session
 * that has the call and of the place where it stands: whoever runs the call finds it in its order among all that was said, and it
 * counts only if the call still stands there. So a client that comes back in the same moment goes on, and two processes that look
 * at once do no harm.
 */
import type { Bus, CallName } from '../../adapters/bus/bus.ts';
import type { CallStates, StandingCall } from '../../adapters/clickhouse/callStates.ts';
import { Busy } from '../../core/units/errors.ts';
import { everyInterval, type Every } from '../every.ts';
import { standingAt } from './logOrder.ts';

export interface AbandonedOptions {
  readonly bus: Pick<Bus, 'publish'>;
  readonly states: Pick<CallStates, 'standing'>;
  /** A call whose state has not moved for so long has no client any more. */
  readonly abandonedAfterMs: number;
  /** So long all has to have been well: after a time without us, clients get this to come back. */
  readonly settleMs: number;
  /** Whether the log is read nearly to its end; else a state that stands still says nothing of a client. */
  readonly isUpToDate: () => boolean;
  readonly onAbandoned: (call: CallName) => void;
  readonly onTrouble: (error: Error) => void;
  /** The clock, and the only timer; of the process unless a test drives them. */
  readonly nowMs?: () => number;
  readonly every?: Every;
}

const LOOK_EVERY_MS = 30_000;
/** What a look ends at most; the next goes on. */
const CALLS_MAX = 100;

/** Returns what stops it. */
export function endAbandonedCalls(options: AbandonedOptions): () => void {
  const { bus, states, abandonedAfterMs, settleMs, isUpToDate } = options;
  const { nowMs = () => performance.now(), every = everyInterval } = options;
  let wellSinceMs = nowMs();
  let isLooking = false;
  let isStopped = false;

  async function look(): Promise<void> {
    if (!isUpToDate()) wellSinceMs = nowMs();
    if (isLooking || nowMs() - wellSinceMs < settleMs) return;
    isLooking = true;
    try {
      for (const call of await states.standing(abandonedAfterMs, CALLS_MAX)) if (!isStopped) end(call);
    } catch (error) {
      wellSinceMs = nowMs();
      if (!isStopped) options.onTrouble(error as Error);
    } finally {
      isLooking = false;
    }
  }

  /** Not waited for: what does not come into the log is found again by the next look. */
  function end({ tenant, callId, seq, taken, session }: StandingCall): void {
    const message = { type: 'close', reason: 'client_vanished', errorCode: '', errorText: '' } as const;
    const entry = { tenant, callId, seq, own: true, session: standingAt(session, taken), message };
    try {
      bus.publish(entry).catch(options.onTrouble);
    } catch (error) {
      // What calls say goes first.
      if (error instanceof Busy) return;
      throw error;
    }
    options.onAbandoned({ tenant, callId });
  }

  const stopLooking = every(Math.min(LOOK_EVERY_MS, abandonedAfterMs), () => void look());
  return () => {
    isStopped = true;
    stopLooking();
  };
}
