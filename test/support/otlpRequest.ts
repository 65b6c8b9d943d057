/** Trace requests for tests, told once and written in either of OTLP's encodings. */
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import type { AnyValueSchema } from '#protos/otlp/v1/common_pb.js';
import { ExportTraceServiceRequestSchema } from '#protos/otlp/v1/trace_service_pb.js';

/** Numbers that are whole are integers, bigints too; others doubles. */
export type Told =
  string | boolean | number | bigint | Uint8Array | null | readonly Told[] | { readonly [key: string]: Told };
export type ToldAttributes = Readonly<Record<string, Told>>;

export interface ToldSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startNs?: bigint;
  readonly endNs?: bigint;
  readonly attributes?: ToldAttributes;
  readonly events?: readonly { readonly timeNs: bigint; readonly name: string; readonly attributes?: ToldAttributes }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes?: ToldAttributes;
  }[];
  readonly status?: { readonly code: number; readonly message?: string };
}

export interface ToldRequest {
  readonly resource?: ToldAttributes;
  readonly scope?: { readonly name: string; readonly version?: string };
  readonly spans: readonly ToldSpan[];
}

export const TRACE_ID = '5b8efff798038103d269b633813fc60c';
export const START_NS = 1_764_000_000_000_000_001n;

const whole = (span: ToldSpan): Required<Omit<ToldSpan, 'status'>> & Pick<ToldSpan, 'status'> => ({
  traceId: TRACE_ID,
  spanId: 'eee19b7ec3c1b174',
  parentSpanId: '',
  traceState: '',
  name: 'llm',
  kind: 1,
  startNs: START_NS,
  endNs: START_NS + 250_000_000n,
  attributes: {},
  events: [],
  links: [],
  ...span,
});

export function protobufRequest(...requests: readonly ToldRequest[]): Uint8Array {
  const resourceSpans = requests.map(({ resource = {}, scope, spans }) => ({
    resource: { attributes: pairsOf(resource) },
    scopeSpans: [{ scope, spans: spans.map(whole).map(protobufSpan) }],
  }));
  return toBinary(ExportTraceServiceRequestSchema, create(ExportTraceServiceRequestSchema, { resourceSpans }));
}

const protobufSpan = (span: ReturnType<typeof whole>) => ({
  ...span,
  traceId: Buffer.from(span.traceId, 'hex'),
  spanId: Buffer.from(span.spanId, 'hex'),
  parentSpanId: Buffer.from(span.parentSpanId, 'hex'),
  startTimeUnixNano: span.startNs,
  endTimeUnixNano: span.endNs,
  attributes: pairsOf(span.attributes),
  events: span.events.map(({ timeNs, name, attributes = {} }) => ({
    timeUnixNano: timeNs,
    name,
    attributes: pairsOf(attributes),
  })),
  links: span.links.map(({ traceId, spanId, attributes = {} }) => ({
    traceId: Buffer.from(traceId, 'hex'),
    spanId: Buffer.from(spanId, 'hex'),
    attributes: pairsOf(attributes),
  })),
});

const pairsOf = (attributes: ToldAttributes) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyOf(value) }));

function anyOf(value: Told): MessageInitShape<typeof AnyValueSchema> {
  if (value === null) return {};
  if (typeof value === 'string') return { value: { case: 'stringValue', value } };
  if (typeof value === 'boolean') return { value: { case: 'boolValue', value } };
  if (isWhole(value)) return { value: { case: 'intValue', value: BigInt(value) } };
  if (typeof value === 'number') return { value: { case: 'doubleValue', value } };
  if (value instanceof Uint8Array) return { value: { case: 'bytesValue', value } };
  if (isList(value)) return { value: { case: 'arrayValue', value: { values: value.map(anyOf) } } };
  return { value: { case: 'kvlistValue', value: { values: pairsOf(value) } } };
}

export const jsonRequest = (...requests: readonly ToldRequest[]): Uint8Array =>
  Buffer.from(JSON.stringify(jsonOf(requests)));

export const jsonOf = (requests: readonly ToldRequest[]): object => ({
  resourceSpans: requests.map(({ resource = {}, scope, spans }) => ({
    resource: { attributes: jsonPairsOf(resource) },
    scopeSpans: [{ scope, spans: spans.map(whole).map(jsonSpan) }],
  })),
});

const jsonSpan = ({ startNs, endNs, ...span }: ReturnType<typeof whole>) => ({
  ...span,
  startTimeUnixNano: String(startNs),
  endTimeUnixNano: String(endNs),
  attributes: jsonPairsOf(span.attributes),
  events: span.events.map(({ timeNs, name, attributes = {} }) => ({
    timeUnixNano: String(timeNs),
    name,
    attributes: jsonPairsOf(attributes),
  })),
  links: span.links.map((link) => ({ ...link, attributes: jsonPairsOf(link.attributes ?? {}) })),
});

const jsonPairsOf = (attributes: ToldAttributes) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: jsonAnyOf(value) }));

function jsonAnyOf(value: Told): object {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (isWhole(value)) return { intValue: String(value) };
  if (typeof value === 'number') return { doubleValue: Number.isFinite(value) ? value : String(value) };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (isList(value)) return { arrayValue: { values: value.map(jsonAnyOf) } };
  return { kvlistValue: { values: jsonPairsOf(value) } };
}

const isWhole = (value: Told): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
const isList = (value: Told): value is readonly Told[] => Array.isArray(value);
