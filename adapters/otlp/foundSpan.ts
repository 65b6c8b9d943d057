/** A span as found in a request, in either encoding, before anything of it has been checked. */
export type Attributes = Readonly<Record<string, string>>;

export interface RawSpan {
  /** Hex, lower case; any length. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Attributes;
  readonly events: readonly RawEvent[];
  readonly links: readonly RawLink[];
  readonly statusCode: number;
  readonly statusMessage: string;
}

export interface RawEvent {
  readonly timeNs: bigint;
  readonly name: string;
  readonly attributes: Attributes;
}

export interface RawLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Attributes;
}

/** Spans of one resource and one library. */
export interface SpanGroup {
  readonly resourceAttributes: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
  /** Each reads one span, and throws InvalidInput for one that cannot be read; the others are not harmed. */
  readonly spans: readonly (() => RawSpan)[];
}
