/**
 * The analysis as it goes, counted, traced and logged. What is handed back fits the hooks of services/analyze, which this room
 * may not know.
 */
import type { Logger } from 'pino';
import type { CallName, LogEntry } from '../../adapters/bus/bus.ts';
import { callKeyOf } from '../../core/facts/callKey.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { InvalidInput } from '../../core/units/errors.ts';
import type { Metrics } from './metrics.ts';
import { observeFact } from './observeFacts.ts';
import type { BEGINNINGS } from './register.ts';
import type { TracedCall, Tracing } from './tracing.ts';

export interface AnalysisObserver {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly logger: Pick<Logger, 'info' | 'error' | 'warn'>;
  /** Unix time, as messages tell when they arrived. */
  readonly nowMs?: () => number;
}

const CALLS_KNOWN_MAX = 10_000;

type Beginning = (typeof BEGINNINGS)[number];

export interface AnalysisHooks {
  onTaken(entry: Pick<LogEntry, 'tenant' | 'callId' | 'message'>): void;
  onBegun(begun: { readonly call: TracedCall; readonly how: Beginning | 'taken over'; readonly loadMs: number }): void;
  onLoadRetry(retry: { readonly call: CallName; readonly error: Error }): void;
  onSaved(saved: { readonly call: TracedCall; readonly bytes: number; readonly tookMs: number }): void;
  onRevoked(calls: readonly CallName[]): void;
  onFact(fact: Fact): void;
  onFailure(failure: { readonly call: CallName; readonly error: Error }): void;
  onLostState(loss: { readonly call: CallName; readonly error: InvalidInput }): void;
}

export function observeAnalysis({ metrics, tracing, logger, nowMs = Date.now }: AnalysisObserver): AnalysisHooks {
  /** How old the first audio of each call was when it came here: so much is analysed after the fact. */
  const backlogMs = new Map<string, number>();
  /** Taken over, and no audio has come yet. */
  const awaitingAudio = new Set<string>();

  function noteBacklog(key: string): void {
    const behindMs = backlogMs.get(key);
    if (behindMs === undefined || !awaitingAudio.delete(key)) return;
    metrics.replayedSeconds.inc(behindMs / 1_000);
  }

  function forget(call: CallName): void {
    backlogMs.delete(callKeyOf(call));
    awaitingAudio.delete(callKeyOf(call));
  }

  return {
    onTaken(entry) {
      metrics.busHandedOut.inc();
      if (entry.message.type !== 'audio') return;
      const behindMs = Math.max(0, nowMs() - entry.message.arrivedAtMs);
      metrics.analysisDelay.observe(behindMs / 1_000);
      const key = callKeyOf(entry);
      if (backlogMs.has(key)) return;
      // Calls that were over before they came here say no end of theirs.
      if (backlogMs.size >= CALLS_KNOWN_MAX) backlogMs.clear();
      backlogMs.set(key, behindMs);
      noteBacklog(key);
    },
    onBegun({ call, how, loadMs }) {
      const label = how === 'taken over' ? 'taken_over' : how;
      metrics.callsBegun.inc({ how: label });
      metrics.stateLoadDuration.observe(loadMs / 1_000);
      if (label === 'ended' || label === 'orphan') return forget(call);
      if (label === 'new') return;
      awaitingAudio.add(callKeyOf(call));
      noteBacklog(callKeyOf(call));
      tracing.done('take_over', { tookMs: loadMs, call, attributes: { how: label } });
    },
    onLoadRetry({ call, error }) {
      metrics.stateLoadRetries.inc();
      const { tenant, callId } = call;
      logger.warn(
        { tenant, callId, error: error.message },
        'the saved state of a call could not be asked for; asking again',
      );
    },
    onSaved({ call, bytes, tookMs }) {
      metrics.stateSaveDuration.observe(tookMs / 1_000);
      metrics.stateSavedBytes.inc(bytes);
      tracing.done('checkpoint', { tookMs, call, attributes: { bytes } });
    },
    onRevoked(calls) {
      metrics.callsRevoked.inc(calls.length);
      for (const call of calls) forget(call);
    },
    onFact(fact) {
      observeFact(metrics, fact);
      if (fact.kind === 'call_ended') forget(fact);
    },
    onFailure({ call: { tenant, callId }, error }) {
      metrics.errors.inc({ code: 'call_failed' });
      logger.error({ tenant, callId, error: error.stack }, 'a call failed');
    },
    onLostState({ call: { tenant, callId }, error }) {
      metrics.errors.inc({ code: error.code });
      logger.error({ tenant, callId, error: error.message }, 'a running call begins anew');
    },
  };
}
