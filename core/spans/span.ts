/** A span of a trace as OTLP brings it, with the names and words of the OpenTelemetry Collector's ClickHouse exporter. */
export interface Span {
  readonly tenant: string;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** '' for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: 'Unspecified' | 'Internal' | 'Server' | 'Client' | 'Producer' | 'Consumer';
  readonly serviceName: string;
  /** Values as text; lists and maps as JSON. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Unix ns, on the clock of the service that made it. */
  readonly startNs: bigint;
  readonly durationNs: bigint;
  readonly statusCode: 'Unset' | 'Ok' | 'Error';
  readonly statusMessage: string;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

export interface SpanEvent {
  readonly timeNs: bigint;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Readonly<Record<string, string>>;
}
