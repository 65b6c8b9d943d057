/** What OTLP over HTTP and over gRPC have in common: whom spans are given to, and how failures are told. */
import type { GrpcCode } from '../../adapters/otlp/answers.ts';
import type { Span } from '../../core/spans/span.ts';
import { Busy, ERROR_CODES, InvalidInput, type ErrorCode } from '../../core/units/errors.ts';

export interface OtlpHooks {
  /** Once a request of spans that was taken. */
  readonly onSpans?: (request: { taken: number; rejected: number; bytes: number }) => void;
  readonly onError?: (code: ErrorCode) => void;
  readonly onBug?: (error: Error) => void;
}

export interface OtlpDoor {
  /** Resolves when the spans are durable: only then is their sender told that they were taken. Throws Busy, having taken nothing. */
  readonly take: (tenant: string, spans: readonly Span[]) => Promise<void>;
  readonly hooks: OtlpHooks;
  /** Of one request, unpacked; 64 MiB, as OTLP's specification recommends, unless another limit is given. */
  readonly bytesMax?: number;
}

export const OTLP_BYTES_MAX = 64 * 1_024 * 1_024;
/** At once and by each door: bodies are held whole, so their number is bounded as well as their size. */
export const OTLP_REQUESTS_MAX = 32;
const RETRY_AFTER_MS = 1_000;
export const NOT_KEPT = 'Earshot keeps traces only; this was not read and is not kept';

export const tooMany = (): Busy => new Busy(`${OTLP_REQUESTS_MAX} requests of spans are being taken`, RETRY_AFTER_MS);

export interface OtlpFailure {
  readonly httpStatus: number;
  readonly grpcCode: GrpcCode;
  readonly message: string;
  /** Null: asking again does not help. */
  readonly retryAfterMs: number | null;
}

/** Counts it, too: every failure passes here once. */
export function otlpFailureOf(error: unknown, hooks: OtlpHooks): OtlpFailure {
  if (error instanceof Busy) {
    hooks.onError?.(error.code);
    const { message, retryAfterMs } = error;
    return { httpStatus: ERROR_CODES.overloaded.httpStatus, grpcCode: 'UNAVAILABLE', message, retryAfterMs };
  }
  if (error instanceof InvalidInput) {
    hooks.onError?.(error.code);
    const { httpStatus } = ERROR_CODES[error.code];
    const grpcCode = error.code === 'message_too_large' ? 'RESOURCE_EXHAUSTED' : 'INVALID_ARGUMENT';
    return { httpStatus, grpcCode, message: error.message, retryAfterMs: null };
  }
  hooks.onError?.('call_failed');
  hooks.onBug?.(error instanceof Error ? error : new Error(String(error)));
  const message = 'a fault of the server, which its log describes';
  return { httpStatus: 500, grpcCode: 'INTERNAL', message, retryAfterMs: null };
}
