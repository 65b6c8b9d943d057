/**
 * OTLP trace requests as spans. A span that cannot be kept is rejected alone and named in the message; a body that is no
 * such request is refused as a whole.
 */
import type { Span } from '../../core/spans/span.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import type { RawLink, RawSpan, SpanGroup } from './foundSpan.ts';
import { readJson } from './readJson.ts';
import { readProtobuf } from './readProtobuf.ts';

export type OtlpEncoding = 'protobuf' | 'json';

export interface ParsedTraces {
  readonly spans: Span[];
  readonly rejectedSpans: number;
  /** '' if there is nothing to say. With nothing rejected it is a warning. */
  readonly errorMessage: string;
}

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'] as const;
const STATUS_CODES = ['Unset', 'Ok', 'Error'] as const;
/** DateTime64(9) is an Int64 of nanoseconds: until the year 2262. */
const NS_MAX = 2n ** 63n - 1n;
/** So many are told in full; the rest is counted. */
const FAULTS_TOLD_MAX = 5;
const NAME_LENGTH_MAX = 80;
/** Audio comes in every 20 ms. */
const TURN_MS_MAX = 5;

export function parseTraces(body: Uint8Array, encoding: OtlpEncoding, tenant: string): ParsedTraces {
  const parsing = parsed(body, encoding, tenant);
  for (;;) {
    const { done, value } = parsing.next();
    if (done === true) return value;
  }
}

/** The same, letting others have their turn in between: a request of tens of megabytes takes a second. */
export async function parseTracesInTurns(
  body: Uint8Array,
  encoding: OtlpEncoding,
  tenant: string,
): Promise<ParsedTraces> {
  const parsing = parsed(body, encoding, tenant);
  for (let turnStartedAt = performance.now(); ;) {
    const { done, value } = parsing.next();
    if (done === true) return value;
    if (performance.now() - turnStartedAt < TURN_MS_MAX) continue;
    await new Promise(setImmediate);
    turnStartedAt = performance.now();
  }
}

/** Stops after each span. */
function* parsed(body: Uint8Array, encoding: OtlpEncoding, tenant: string): Generator<undefined, ParsedTraces> {
  const spans: Span[] = [];
  const faults: string[] = [];
  const backwards: string[] = [];
  for (const group of encoding === 'json' ? readJson(body) : readProtobuf(body)) {
    for (const read of group.spans) {
      try {
        const raw = read();
        spans.push(spanOf(raw, group, tenant));
        if (raw.endNs < raw.startNs) backwards.push(nameOf(raw));
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        faults.push(error.message);
      }
      yield;
    }
  }
  const told = [
    ...toldOf(faults, `of ${faults.length + spans.length} spans rejected`),
    ...toldOf(backwards, 'spans end before they start and are kept with a duration of 0'),
  ];
  return { spans, rejectedSpans: faults.length, errorMessage: told.join('. ') };
}

function spanOf(raw: RawSpan, group: SpanGroup, tenant: string): Span {
  const { resourceAttributes, scopeName, scopeVersion } = group;
  idOf(raw, 'trace_id', raw.traceId, 32);
  idOf(raw, 'span_id', raw.spanId, 16);
  timeOf(raw, 'start_time_unix_nano', raw.startNs);
  if (raw.startNs === 0n) throw faultOf(raw, 'start_time_unix_nano other than 0', '0');
  return {
    tenant,
    traceId: raw.traceId,
    spanId: raw.spanId,
    parentSpanId: parentOf(raw),
    traceState: raw.traceState,
    name: raw.name,
    kind: KINDS[raw.kind] ?? 'Unspecified',
    serviceName: resourceAttributes['service.name'] ?? '',
    resourceAttributes,
    scopeName,
    scopeVersion,
    attributes: raw.attributes,
    startNs: raw.startNs,
    durationNs: raw.endNs > raw.startNs ? timeOf(raw, 'end_time_unix_nano', raw.endNs) - raw.startNs : 0n,
    statusCode: STATUS_CODES[raw.statusCode] ?? 'Unset',
    statusMessage: raw.statusMessage,
    events: raw.events.map((event) => ({ ...event, timeNs: timeOf(raw, 'time_unix_nano', event.timeNs) })),
    links: raw.links.map((link) => linkOf(raw, link)),
  };
}

/** Some exporters write a root's parent as zeros. */
function parentOf(raw: RawSpan): string {
  if (/^0*$/.test(raw.parentSpanId)) return '';
  return idOf(raw, 'parent_span_id', raw.parentSpanId, 16);
}

const linkOf = (raw: RawSpan, link: RawLink): RawLink => ({
  ...link,
  traceId: idOf(raw, "a link's trace_id", link.traceId, 32),
  spanId: idOf(raw, "a link's span_id", link.spanId, 16),
});

function idOf(raw: RawSpan, what: string, id: string, digits: 16 | 32): string {
  if (id.length === digits && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id)) return id;
  const got = id === '' ? 'nothing' : `${shorten(id)} (${id.length} characters)`;
  throw faultOf(raw, `${what} of ${digits / 2} bytes that are not all 0`, got);
}

function timeOf(raw: RawSpan, what: string, ns: bigint): bigint {
  if (ns >= 0n && ns <= NS_MAX) return ns;
  throw faultOf(raw, `${what} within 1970 and 2262`, String(ns));
}

const nameOf = ({ name, spanId }: RawSpan): string => `${shorten(name)} (${shorten(spanId)})`;

const faultOf = (raw: RawSpan, what: string, got: string): InvalidInput =>
  new InvalidInput('request_invalid', { expected: `span ${nameOf(raw)} to have ${what}`, got });

const shorten = (text: string): string =>
  text.length > NAME_LENGTH_MAX ? `${text.slice(0, NAME_LENGTH_MAX)}...` : text;

function toldOf(items: readonly string[], what: string): string[] {
  if (items.length === 0) return [];
  const rest = items.length - FAULTS_TOLD_MAX;
  const told = items.slice(0, FAULTS_TOLD_MAX).join('; ');
  return [`${items.length} ${what}: ${told}${rest > 0 ? `; and ${rest} more` : ''}`];
}
