/** What OTLP's senders are answered with, in the encoding in which they asked. */
import { create, toBinary } from '@bufbuild/protobuf';
import { StatusSchema } from '#protos/otlp/v1/status_pb.js';
import { ExportTraceServiceResponseSchema } from '#protos/otlp/v1/trace_service_pb.js';
import type { OtlpEncoding, ParsedTraces } from './parseTraces.ts';

/** The codes of gRPC that are used, by their numbers. */
const GRPC_CODES = {
  INVALID_ARGUMENT: 3,
  RESOURCE_EXHAUSTED: 8,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;
export type GrpcCode = keyof typeof GRPC_CODES;

/** Empty, or `{}`, where all was taken without remark. Metrics and logs have the same fields by number and other names for them. */
export function traceResponse(
  { rejectedSpans, errorMessage }: Pick<ParsedTraces, 'rejectedSpans' | 'errorMessage'>,
  encoding: OtlpEncoding,
): Uint8Array {
  const isWhole = rejectedSpans === 0 && errorMessage === '';
  if (encoding === 'json') {
    const rejected = rejectedSpans === 0 ? {} : { rejectedSpans: String(rejectedSpans) };
    return Buffer.from(JSON.stringify(isWhole ? {} : { partialSuccess: { ...rejected, errorMessage } }));
  }
  const partialSuccess = isWhole ? undefined : { rejectedSpans: BigInt(rejectedSpans), errorMessage };
  return toBinary(ExportTraceServiceResponseSchema, create(ExportTraceServiceResponseSchema, { partialSuccess }));
}

/** A google.rpc.Status. */
export function statusBody(code: GrpcCode, message: string, encoding: OtlpEncoding): Uint8Array {
  const status = { code: GRPC_CODES[code], message };
  if (encoding === 'json') return Buffer.from(JSON.stringify(status));
  return toBinary(StatusSchema, create(StatusSchema, status));
}
