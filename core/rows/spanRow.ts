/**
 * Spans to rows of otel_traces and back. The table has no column for the tenant, so it goes among the resource's attributes,
 * over whatever the sender wrote there.
 */
import type { Span } from '../spans/span.ts';
import type { RowOf } from './tables.ts';
import { utcNs } from './utc.ts';

export const TENANT_ATTRIBUTE = 'earshot.tenant';

export const spanRow = (span: Span): RowOf<'otel_traces'> => ({
  Timestamp: utcNs(span.startNs),
  TraceId: span.traceId,
  SpanId: span.spanId,
  ParentSpanId: span.parentSpanId,
  TraceState: span.traceState,
  SpanName: span.name,
  SpanKind: span.kind,
  ServiceName: span.serviceName,
  ResourceAttributes: { ...span.resourceAttributes, [TENANT_ATTRIBUTE]: span.tenant },
  ScopeName: span.scopeName,
  ScopeVersion: span.scopeVersion,
  SpanAttributes: span.attributes,
  Duration: String(span.durationNs),
  StatusCode: span.statusCode,
  StatusMessage: span.statusMessage,
  'Events.Timestamp': span.events.map(({ timeNs }) => utcNs(timeNs)),
  'Events.Name': span.events.map(({ name }) => name),
  'Events.Attributes': span.events.map(({ attributes }) => attributes),
  'Links.TraceId': span.links.map(({ traceId }) => traceId),
  'Links.SpanId': span.links.map(({ spanId }) => spanId),
  'Links.TraceState': span.links.map(({ traceState }) => traceState),
  'Links.Attributes': span.links.map(({ attributes }) => attributes),
});

/** A row as it is read: `Timestamp` and `Events.Timestamp` by toUnixTimestamp64Nano, 64-bit integers as text. */
export type StoredSpan = RowOf<'otel_traces'>;

/** Rows that a user's own Collector wrote into the table name no tenant: they are the given one's. */
export function spanOfRow(row: StoredSpan, tenantOfOthers: string): Span {
  const { [TENANT_ATTRIBUTE]: tenant = tenantOfOthers, ...resourceAttributes } = row.ResourceAttributes;
  return {
    tenant,
    traceId: row.TraceId,
    spanId: row.SpanId,
    parentSpanId: row.ParentSpanId,
    traceState: row.TraceState,
    name: row.SpanName,
    kind: wordOf(row.SpanKind, ['Internal', 'Server', 'Client', 'Producer', 'Consumer'], 'Unspecified'),
    serviceName: row.ServiceName,
    resourceAttributes,
    scopeName: row.ScopeName,
    scopeVersion: row.ScopeVersion,
    attributes: row.SpanAttributes,
    startNs: BigInt(row.Timestamp),
    durationNs: BigInt(row.Duration),
    statusCode: wordOf(row.StatusCode, ['Ok', 'Error'], 'Unset'),
    statusMessage: row.StatusMessage,
    events: row['Events.Timestamp'].map((timeNs, index) => ({
      timeNs: BigInt(timeNs),
      name: row['Events.Name'][index],
      attributes: row['Events.Attributes'][index],
    })),
    links: row['Links.TraceId'].map((traceId, index) => ({
      traceId,
      spanId: row['Links.SpanId'][index],
      traceState: row['Links.TraceState'][index],
      attributes: row['Links.Attributes'][index],
    })),
  };
}

/** Old exporters wrote SPAN_KIND_SERVER and STATUS_CODE_ERROR. */
const wordOf = <Word extends string, Other extends string>(
  written: string,
  words: readonly Word[],
  otherwise: Other,
): Word | Other => words.find((word) => written === word || written.endsWith(`_${word.toUpperCase()}`)) ?? otherwise;
