/**
 * The spans of a protobuf ExportTraceServiceRequest. The envelope is only cut up here; each span is decoded when it is its
 * turn, so that one that is damaged within harms no other, and a large request need not be decoded in one go.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { InstrumentationScopeSchema, type AnyValue, type KeyValue } from '#protos/otlp/v1/common_pb.js';
import { ResourceSchema } from '#protos/otlp/v1/resource_pb.js';
import { SpanSchema, type Span } from '#protos/otlp/v1/trace_pb.js';
import { InvalidInput } from '../../core/units/errors.ts';
import { textOf, tooDeep, VALUE_DEPTH_MAX, type AttributeValue } from './attributeValue.ts';
import type { Attributes, RawSpan, SpanGroup } from './foundSpan.ts';

/** A map's level takes three messages in one another; what is deeper is refused before it costs more. */
const DECODING = { readUnknownFields: false, recursionLimit: 3 * (VALUE_DEPTH_MAX + 8) };

/** Numbers of the fields, by trace.proto and trace_service.proto. */
const RESOURCE_SPANS = 1;
const RESOURCE = 1;
const SCOPE_SPANS = 2;
const SCOPE = 1;
const SPANS = 2;

export function readProtobuf(body: Uint8Array): SpanGroup[] {
  try {
    return fieldsOf(body, RESOURCE_SPANS).flatMap(groupsOf);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput('request_invalid', {
      expected: 'an ExportTraceServiceRequest in protobuf',
      got: `${body.byteLength} bytes that are none (${(error as Error).message})`,
    });
  }
}

function groupsOf(resourceSpans: Uint8Array): SpanGroup[] {
  const resource = joined(fieldsOf(resourceSpans, RESOURCE));
  const resourceAttributes = attributesOf(fromBinary(ResourceSchema, resource, DECODING).attributes);
  return fieldsOf(resourceSpans, SCOPE_SPANS).map((scopeSpans) => {
    const scope = fromBinary(InstrumentationScopeSchema, joined(fieldsOf(scopeSpans, SCOPE)), DECODING);
    return {
      resourceAttributes,
      scopeName: scope.name,
      scopeVersion: scope.version,
      spans: fieldsOf(scopeSpans, SPANS).map((span) => () => rawSpanOf(decoded(span))),
    };
  });
}

/** The messages under that number, not copied. */
function fieldsOf(message: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number !== wanted) reader.skip(wireType, number);
    else if (wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else throw new Error(`field ${number} is no message`);
  }
  return found;
}

/** A message that is written in pieces is their merger, which in protobuf is their concatenation. */
const joined = (pieces: readonly Uint8Array[]): Uint8Array => (pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));

function decoded(span: Uint8Array): Span {
  try {
    return fromBinary(SpanSchema, span, DECODING);
  } catch (error) {
    const got = `${span.byteLength} bytes that are none (${(error as Error).message})`;
    throw new InvalidInput('request_invalid', { expected: 'a span in protobuf', got });
  }
}

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
