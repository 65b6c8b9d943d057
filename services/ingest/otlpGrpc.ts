/** OTLP over gRPC: the same spans to the same place as by HTTP, and the same answers to metrics and logs. */
import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { traceResponse } from '../../adapters/otlp/answers.ts';
import { parseTracesInTurns } from '../../adapters/otlp/parseTraces.ts';
import { TENANT_HEADER, tenantOf } from '../../core/units/tenant.ts';
import { NOT_KEPT, OTLP_BYTES_MAX, OTLP_REQUESTS_MAX, otlpFailureOf, tooMany, type OtlpDoor } from './otlpDoor.ts';

export interface OtlpGrpcOptions extends OtlpDoor {
  readonly host: string;
  /** 4317 by convention; 0 takes a free one. */
  readonly port: number;
}

export interface OtlpGrpc {
  readonly port: number;
  /** Takes no more, and resolves when what was being taken is answered; after `drainMsMax` it is cut off. */
  close(drainMsMax?: number): Promise<void>;
}

type Bytes = Buffer;
type Export = handleUnaryCall<Bytes, Bytes>;

const DRAIN_MS_MAX = 5_000;
const same = (bytes: Bytes): Bytes => bytes;

/** Messages stay bytes here: parseTracesInTurns reads them, as it does those that come by HTTP. */
const exportOf = (signal: 'trace' | 'metrics' | 'logs'): ServiceDefinition => {
  const service = `${signal.charAt(0).toUpperCase()}${signal.slice(1)}Service`;
  return {
    Export: {
      path: `/opentelemetry.proto.collector.${signal}.v1.${service}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    } satisfies MethodDefinition<Bytes, Bytes>,
  };
};

export async function startOtlpGrpc(options: OtlpGrpcOptions): Promise<OtlpGrpc> {
  const { host, port, bytesMax = OTLP_BYTES_MAX } = options;
  const server = new Server({
    'grpc.max_receive_message_length': bytesMax,
    'grpc.max_concurrent_streams': OTLP_REQUESTS_MAX,
  });
  server.addService(exportOf('trace'), { Export: exportTraces(options) });
  const answerOnly: Export = (_call, answer) =>
    answer(null, Buffer.from(traceResponse({ rejectedSpans: 0, errorMessage: NOT_KEPT }, 'protobuf')));
  server.addService(exportOf('metrics'), { Export: answerOnly });
  server.addService(exportOf('logs'), { Export: answerOnly });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, boundPort) =>
      error === null ? resolve(boundPort) : reject(error),
    );
  });
  return {
    port: bound,
    close: (drainMsMax = DRAIN_MS_MAX) =>
      new Promise((resolve) => {
        const cutOff = setTimeout(() => server.forceShutdown(), drainMsMax);
        server.tryShutdown(() => {
          clearTimeout(cutOff);
          resolve();
        });
      }),
  };
}

const exportTraces = ({ take, hooks }: OtlpDoor): Export => {
  let requests = 0;
  const answerTo = async (body: Bytes, tenant: string): Promise<Bytes> => {
    const parsed = await parseTracesInTurns(body, 'protobuf', tenant);
    if (parsed.spans.length > 0) await take(tenant, parsed.spans);
    hooks.onSpans?.({ taken: parsed.spans.length, rejected: parsed.rejectedSpans, bytes: body.byteLength });
    return Buffer.from(traceResponse(parsed, 'protobuf'));
  };
  const admitted = async (body: Bytes, told: string | undefined): Promise<Bytes> => {
    if (requests >= OTLP_REQUESTS_MAX) throw tooMany();
    requests += 1;
    try {
      return await answerTo(body, tenantOf(told));
    } finally {
      requests -= 1;
    }
  };
  return (call, answer) => {
    admitted(call.request, call.metadata.get(TENANT_HEADER)[0]?.toString()).then(
      (response) => answer(null, response),
      (error: unknown) => {
        const { grpcCode, message } = otlpFailureOf(error, hooks);
        answer({ code: status[grpcCode], details: message });
      },
    );
  };
};
