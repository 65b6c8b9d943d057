/**
 * OTLP over HTTP as a Fastify plugin: traces are taken, metrics and logs answered so that SDKs that send all three to one
 * place do not complain. Each route also stands under Langfuse's path, so that its users change the host only.
 */
import type { FastifyError, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { statusBody, traceResponse } from '../../adapters/otlp/answers.ts';
import { parseTracesInTurns, type OtlpEncoding } from '../../adapters/otlp/parseTraces.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { TENANT_HEADER, tenantOf } from '../../core/units/tenant.ts';
import { NOT_KEPT, OTLP_BYTES_MAX, OTLP_REQUESTS_MAX, otlpFailureOf, tooMany, type OtlpDoor } from './otlpDoor.ts';
import { Unsupported, unpacked } from './unpacked.ts';

const PREFIXES = ['', '/api/public/otel'];
const CONTENT_TYPES: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

export const otlpRoutes: FastifyPluginCallback<OtlpDoor> = (app, { take, hooks, bytesMax = OTLP_BYTES_MAX }, ready) => {
  let requests = 0;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: bytesMax }, (_request, body, done) => done(null, body));

  /** Before the body is read. */
  app.addHook('onRequest', (_request, reply, next) => {
    if (requests >= OTLP_REQUESTS_MAX) {
      next(tooMany());
      return;
    }
    requests += 1;
    reply.raw.once('close', () => (requests -= 1));
    next();
  });

  app.setErrorHandler((error: FastifyError, request, reply) => {
    const encoding = encodingOf(request) ?? 'json';
    if (error instanceof Unsupported) {
      hooks.onError?.('request_invalid');
      return send(reply, 415, encoding, statusBody('INVALID_ARGUMENT', error.message, encoding));
    }
    const failure = otlpFailureOf(asOurs(error, bytesMax), hooks);
    if (failure.retryAfterMs !== null) {
      void reply.header('retry-after', String(Math.ceil(failure.retryAfterMs / 1_000)));
    }
    return send(reply, failure.httpStatus, encoding, statusBody(failure.grpcCode, failure.message, encoding));
  });

  const takeTraces = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const encoding = askedIn(request);
    const body = await unpacked(request, bytesMax);
    const tenant = tenantOf(request.headers[TENANT_HEADER]?.toString());
    const parsed = await parseTracesInTurns(body, encoding, tenant);
    if (parsed.spans.length > 0) await take(tenant, parsed.spans);
    hooks.onSpans?.({ taken: parsed.spans.length, rejected: parsed.rejectedSpans, bytes: body.byteLength });
    return send(reply, 200, encoding, traceResponse(parsed, encoding));
  };

  const answerOnly = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const encoding = askedIn(request);
    return send(reply, 200, encoding, traceResponse({ rejectedSpans: 0, errorMessage: NOT_KEPT }, encoding));
  };

  for (const prefix of PREFIXES) {
    app.post(`${prefix}/v1/traces`, { schema: { hide: true } }, takeTraces);
    app.post(`${prefix}/v1/metrics`, { schema: { hide: true } }, answerOnly);
    app.post(`${prefix}/v1/logs`, { schema: { hide: true } }, answerOnly);
  }
  ready();
};

function encodingOf(request: FastifyRequest): OtlpEncoding | null {
  const type = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
  if (type === CONTENT_TYPES.protobuf) return 'protobuf';
  return type === CONTENT_TYPES.json ? 'json' : null;
}

function askedIn(request: FastifyRequest): OtlpEncoding {
  const encoding = encodingOf(request);
  if (encoding !== null) return encoding;
  const expected = `${CONTENT_TYPES.protobuf} or ${CONTENT_TYPES.json}`;
  throw new Unsupported(`expected a content-type of ${expected}; got ${request.headers['content-type'] ?? 'none'}`);
}

/** Fastify refuses some bodies by itself. */
function asOurs(error: FastifyError, bytesMax: number): Error {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new InvalidInput('message_too_large', { expected: `at most ${bytesMax} bytes`, got: 'more' });
  }
  const isSendersFault = (error.statusCode ?? 500) < 500 && error.code?.startsWith('FST_') === true;
  if (!isSendersFault) return error;
  return new InvalidInput('request_invalid', { expected: 'a whole HTTP request', got: error.message });
}

const send = (reply: FastifyReply, status: number, encoding: OtlpEncoding, body: Uint8Array): FastifyReply =>
  reply.code(status).type(CONTENT_TYPES[encoding]).send(Buffer.from(body));
