/** All metrics of one call: small enough to be kept with a run's results, and all that a later run needs to compare. */
import type { HeardCall } from './heardCall.ts';
import { METRICS, type Share, type Thing } from './metrics.ts';

export interface CallMeasures {
  readonly name: string;
  readonly durationMs: number;
  /** By metric; what a call has none of is not in it. */
  readonly things: Readonly<Record<string, readonly Thing[]>>;
  readonly shares: Readonly<Record<string, Share>>;
}

export function measureCall(call: HeardCall): CallMeasures {
  const things: Record<string, readonly Thing[]> = {};
  const shares: Record<string, Share> = {};
  for (const metric of METRICS.values()) {
    if (metric.kind === 'share') {
      const share = metric.share(call);
      if (share.whole > 0) shares[metric.name] = share;
    } else {
      const found = metric.things(call);
      if (found.length > 0) things[metric.name] = found;
    }
  }
  return { name: call.name, durationMs: call.durationMs, things, shares };
}
