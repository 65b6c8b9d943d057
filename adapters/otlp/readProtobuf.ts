/** The spans of a protobuf ExportTraceServiceRequest. */
import { fromBinary } from '@bufbuild/protobuf';
import type { AnyValue, KeyValue } from '#protos/otlp/v1/common_pb.js';
import type { ScopeSpans, Span } from '#protos/otlp/v1/trace_pb.js';
import { ExportTraceServiceRequestSchema } from '#protos/otlp/v1/trace_service_pb.js';
import { InvalidInput } from '../../core/units/errors.ts';
import { textOf, tooDeep, VALUE_DEPTH_MAX, type AttributeValue } from './attributeValue.ts';
import type { Attributes, RawSpan, SpanGroup } from './foundSpan.ts';

/** Messages in messages: a map's level takes three. What is deeper is refused as a whole, before it costs more. */
const MESSAGE_DEPTH_MAX = 400;

export function readProtobuf(body: Uint8Array): SpanGroup[] {
  try {
    const request = fromBinary(ExportTraceServiceRequestSchema, body, {
      readUnknownFields: false,
      recursionLimit: MESSAGE_DEPTH_MAX,
    });
    return request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
      const resourceAttributes = attributesOf(resource?.attributes ?? []);
      return scopeSpans.map((group) => groupOf(group, resourceAttributes));
    });
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput('request_invalid', {
      expected: 'an ExportTraceServiceRequest in protobuf',
      got: `${body.byteLength} bytes that are none (${(error as Error).message})`,
    });
  }
}

const groupOf = ({ scope, spans }: ScopeSpans, resourceAttributes: Attributes): SpanGroup => ({
  resourceAttributes,
  scopeName: scope?.name ?? '',
  scopeVersion: scope?.version ?? '',
  spans: spans.map((span) => () => rawSpanOf(span)),
});

const rawSpanOf = (span: Span): RawSpan => ({
  traceId: hexOf(span.traceId),
  spanId: hexOf(span.spanId),
  parentSpanId: hexOf(span.parentSpanId),
  traceState: span.traceState,
  name: span.name,
  kind: span.kind,
  startNs: span.startTimeUnixNano,
  endNs: span.endTimeUnixNano,
  attributes: attributesOf(span.attributes),
  events: span.events.map(({ timeUnixNano, name, attributes }) => ({
    timeNs: timeUnixNano,
    name,
    attributes: attributesOf(attributes),
  })),
  links: span.links.map(({ traceId, spanId, traceState, attributes }) => ({
    traceId: hexOf(traceId),
    spanId: hexOf(spanId),
    traceState,
    attributes: attributesOf(attributes),
  })),
  statusCode: span.status?.code ?? 0,
  statusMessage: span.status?.message ?? '',
});

const attributesOf = (pairs: readonly KeyValue[]): Attributes =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, textOf(valueOf(value, 0))]));

function valueOf(any: AnyValue | undefined, depth: number): AttributeValue {
  if (depth > VALUE_DEPTH_MAX) throw tooDeep();
  const held = any?.value;
  switch (held?.case) {
    case undefined:
      return null;
    case 'arrayValue':
      return held.value.values.map((value) => valueOf(value, depth + 1));
    case 'kvlistValue':
      return new Map(held.value.values.map(({ key, value }) => [key, valueOf(value, depth + 1)]));
    case 'stringValue':
    case 'boolValue':
    case 'intValue':
    case 'doubleValue':
    case 'bytesValue':
      return held.value;
  }
}

const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
