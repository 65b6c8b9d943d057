/**
 * The spans of an ExportTraceServiceRequest in OTLP's JSON, which is not protobuf's: ids are hex, enums integers. Tolerant
 * where senders differ: names of enums, snake_case keys, integers as numbers or as text; unknown fields are ignored.
 */
import { InvalidInput } from '../../core/units/errors.ts';
import { textOf, tooDeep, VALUE_DEPTH_MAX, type AttributeValue } from './attributeValue.ts';
import type { Attributes, RawSpan, SpanGroup } from './foundSpan.ts';

type Fields = Readonly<Record<string, unknown>>;

const KIND_NAMES = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const STATUS_NAMES = ['UNSET', 'OK', 'ERROR'];
const UTF8 = new TextDecoder('utf-8', { fatal: true });

export function readJson(body: Uint8Array): SpanGroup[] {
  return listAt(fieldsOf(parsed(body), 'an ExportTraceServiceRequest'), 'resourceSpans').flatMap((item) => {
    const group = fieldsOf(item, 'resourceSpans');
    const resourceAttributes = attributesOf(fieldsAt(group, 'resource'));
    return listAt(group, 'scopeSpans').map((scoped) => groupOf(fieldsOf(scoped, 'scopeSpans'), resourceAttributes));
  });
}

function groupOf(scoped: Fields, resourceAttributes: Attributes): SpanGroup {
  const scope = fieldsAt(scoped, 'scope');
  return {
    resourceAttributes,
    scopeName: textAt(scope, 'name'),
    scopeVersion: textAt(scope, 'version'),
    spans: listAt(scoped, 'spans').map((span) => () => rawSpanOf(fieldsOf(span, 'spans'))),
  };
}

function rawSpanOf(span: Fields): RawSpan {
  const status = fieldsAt(span, 'status');
  return {
    traceId: textAt(span, 'traceId').toLowerCase(),
    spanId: textAt(span, 'spanId').toLowerCase(),
    parentSpanId: textAt(span, 'parentSpanId').toLowerCase(),
    traceState: textAt(span, 'traceState'),
    name: textAt(span, 'name'),
    kind: enumAt(span, 'kind', KIND_NAMES),
    startNs: nanosAt(span, 'startTimeUnixNano'),
    endNs: nanosAt(span, 'endTimeUnixNano'),
    attributes: attributesOf(span),
    events: listAt(span, 'events').map((item) => {
      const event = fieldsOf(item, 'events');
      return {
        timeNs: nanosAt(event, 'timeUnixNano'),
        name: textAt(event, 'name'),
        attributes: attributesOf(event),
      };
    }),
    links: listAt(span, 'links').map((item) => {
      const link = fieldsOf(item, 'links');
      return {
        traceId: textAt(link, 'traceId').toLowerCase(),
        spanId: textAt(link, 'spanId').toLowerCase(),
        traceState: textAt(link, 'traceState'),
        attributes: attributesOf(link),
      };
    }),
    statusCode: enumAt(status, 'code', STATUS_NAMES),
    statusMessage: textAt(status, 'message'),
  };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(body));
  } catch (error) {
    throw new InvalidInput('request_invalid', { expected: 'JSON in UTF-8', got: (error as Error).message });
  }
}

const attributesOf = (holder: Fields): Attributes =>
  Object.fromEntries(pairsAt(holder, 'attributes', 0).map(([key, value]) => [key, textOf(value)]));

const pairsAt = (holder: Fields, name: string, depth: number): [string, AttributeValue][] =>
  listAt(holder, name).map((item) => {
    const pair = fieldsOf(item, name);
    return [textAt(pair, 'key'), valueOf(fieldsAt(pair, 'value'), depth)];
  });

/** The first that is there of a value's kinds. */
function valueOf(any: Fields, depth: number): AttributeValue {
  if (depth > VALUE_DEPTH_MAX) throw tooDeep();
  if (has(any, 'stringValue')) return textAt(any, 'stringValue');
  if (has(any, 'boolValue')) return at(any, 'boolValue') === true;
  if (has(any, 'intValue')) return integerAt(any, 'intValue');
  if (has(any, 'doubleValue')) return Number(at(any, 'doubleValue'));
  // Base64 in JSON, and base64 as text.
  if (has(any, 'bytesValue')) return textAt(any, 'bytesValue');
  if (has(any, 'arrayValue')) {
    const items = listAt(fieldsAt(any, 'arrayValue'), 'values');
    return items.map((item) => valueOf(fieldsOf(item, 'values'), depth + 1));
  }
  return has(any, 'kvlistValue') ? new Map(pairsAt(fieldsAt(any, 'kvlistValue'), 'values', depth + 1)) : null;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const at = (fields: Fields, name: string): unknown => fields[name] ?? fields[snake(name)] ?? undefined;
const has = (fields: Fields, name: string): boolean => at(fields, name) !== undefined;

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(name, 'an object', value);
}

const fieldsAt = (fields: Fields, name: string): Fields => fieldsOf(at(fields, name) ?? {}, name);

function listAt(fields: Fields, name: string): readonly unknown[] {
  const value = at(fields, name) ?? [];
  if (Array.isArray(value)) return value;
  throw wrong(name, 'a list', value);
}

/** Half of a surrogate pair is no character: no encoding of it can be stored. */
function textAt(fields: Fields, name: string): string {
  const value = at(fields, name) ?? '';
  if (typeof value === 'string') return value.replace(/\p{Cs}/gu, '\ufffd');
  throw wrong(name, 'a text', value);
}

function integerAt(fields: Fields, name: string): bigint {
  const value = at(fields, name);
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw wrong(name, 'an integer, as a number or as a text', value);
}

const nanosAt = (fields: Fields, name: string): bigint => (has(fields, name) ? integerAt(fields, name) : 0n);

function enumAt(fields: Fields, name: string, names: readonly string[]): number {
  const value = at(fields, name) ?? 0;
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return names.findIndex((known) => value.toUpperCase().endsWith(known));
  throw wrong(name, 'a number', value);
}

function wrong(name: string, expected: string, value: unknown): InvalidInput {
  const got = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
  return new InvalidInput('request_invalid', { expected: `${name} to be ${expected}`, got });
}
