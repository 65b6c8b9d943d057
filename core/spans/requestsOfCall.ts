/**
 * Which spans belong to a call. Most carry no name of it: they belong to the call of the nearest span above them that does, or,
 * when their trace speaks of one call only, to that. A trace that speaks of several calls gives none away by itself.
 */
import { callKeysOf } from './callKeys.ts';
import { countedOnce } from './countedOnce.ts';
import type { PriceTable } from './prices.ts';
import { readRequest } from './readRequest.ts';
import type { Request } from './request.ts';
import type { Span } from './span.ts';

/**
 * `spans`: all that are known of the traces that speak of the call, in any order, doubled or not. `ownKeys`: names of the call,
 * `otherKeys`: names of other calls. Gives each span once, in a stated order.
 */
export function requestsOfCall(
  spans: readonly Span[],
  ownKeys: ReadonlySet<string>,
  otherKeys: ReadonlySet<string>,
  prices: PriceTable,
): Request[] {
  const traces = new Map<string, Map<string, Span>>();
  for (const span of spans) {
    const trace = traces.get(span.traceId) ?? new Map<string, Span>();
    traces.set(span.traceId, trace);
    trace.set(span.spanId, span);
  }
  const owned = [...traces.values()].flatMap((trace) => ownedIn(trace, ownKeys, otherKeys));
  return countedOnce(owned.map((span) => readRequest(span, prices))).sort(
    (a, b) => a.startMs - b.startMs || compare(a.traceId, b.traceId) || compare(a.spanId, b.spanId),
  );
}

type Owner = 'own' | 'other' | null;

function ownedIn(
  trace: ReadonlyMap<string, Span>,
  ownKeys: ReadonlySet<string>,
  otherKeys: ReadonlySet<string>,
): Span[] {
  const named = new Map<string, Owner>();
  for (const span of trace.values()) named.set(span.spanId, ownerOf(span, ownKeys, otherKeys));
  const isShared = [...named.values()].includes('other');
  return [...trace.values()].filter((span) => {
    const owner = nearestOwner(span, trace, named);
    return owner === 'own' || (owner === null && !isShared);
  });
}

function ownerOf(span: Span, ownKeys: ReadonlySet<string>, otherKeys: ReadonlySet<string>): Owner {
  const keys = callKeysOf(span).map(({ key }) => key);
  if (keys.some((key) => ownKeys.has(key))) return 'own';
  return keys.some((key) => otherKeys.has(key)) ? 'other' : null;
}

/** Up the parents that are known; a ring of them, which only a broken sender makes, is walked once. */
function nearestOwner(span: Span, trace: ReadonlyMap<string, Span>, named: ReadonlyMap<string, Owner>): Owner {
  const seen = new Set<string>();
  for (let at: Span | undefined = span; at !== undefined && !seen.has(at.spanId); at = trace.get(at.parentSpanId)) {
    seen.add(at.spanId);
    const owner = named.get(at.spanId) ?? null;
    if (owner !== null) return owner;
  }
  return null;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
