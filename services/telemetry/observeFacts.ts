/** Facts as they pass, counted into metrics. */
import type { Fact } from '../../core/facts/facts.ts';
import { TIMELINE_RATE_HZ } from '../../core/units/time.ts';
import type { Metrics } from './metrics.ts';

export function observeFact(metrics: Metrics, fact: Fact): void {
  metrics.facts.inc({ kind: fact.kind });
  if (fact.status !== 'final') return;
  if (fact.kind === 'response') metrics.responseLatency.observe(fact.latencySamples / TIMELINE_RATE_HZ);
  if (fact.kind === 'interruption' && fact.by === 'caller' && fact.latencySamples !== null) {
    metrics.interruptionLatency.observe(fact.latencySamples / TIMELINE_RATE_HZ);
  }
  if (fact.kind === 'gap' && fact.endSample !== null && fact.revision === 1) {
    metrics.gapSeconds.inc({ reason: fact.reason }, (fact.endSample - fact.startSample) / TIMELINE_RATE_HZ);
  }
  if (fact.kind === 'call_ended') metrics.callsEnded.inc({ reason: fact.reason });
}
