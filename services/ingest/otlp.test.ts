/** OTLP over real HTTP and real gRPC: taken means durable, refusals in the words of the specification, both doors alike. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  compressionAlgorithms,
  credentials,
  makeGenericClientConstructor,
  Metadata,
  status,
  type ServiceError,
} from '@grpc/grpc-js';
import fastify, { type FastifyInstance } from 'fastify';
import { StatusSchema } from '#protos/otlp/v1/status_pb.js';
import {
  ExportTraceServiceRequestSchema,
  ExportTraceServiceResponseSchema,
  TraceService,
  type ExportTraceServiceResponse,
} from '#protos/otlp/v1/trace_service_pb.js';
import type { Span } from '../../core/spans/span.ts';
import { Busy, InvalidInput } from '../../core/units/errors.ts';
import { jsonRequest, protobufRequest } from '../../test/support/otlpRequest.ts';
import { startOtlpGrpc, type OtlpGrpc } from './otlpGrpc.ts';
import { otlpRoutes } from './otlpRoutes.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const BYTES_MAX = 1_000_000;

let app: FastifyInstance;
let grpc: OtlpGrpc;
let url: string;
let taken: { tenant: string; spans: readonly Span[] }[] = [];
let take = (tenant: string, spans: readonly Span[]): Promise<void> => {
  taken.push({ tenant, spans });
  return Promise.resolve();
};
const takeAll = take;
const errors: string[] = [];
const bugs: Error[] = [];
const requests: object[] = [];

before(async () => {
  const door = {
    take: (tenant: string, spans: readonly Span[]) => take(tenant, spans),
    bytesMax: BYTES_MAX,
    hooks: {
      onSpans: (request: object) => requests.push(request),
      onError: (code: string) => errors.push(code),
      onBug: (error: Error) => bugs.push(error),
    },
  };
  app = fastify({ forceCloseConnections: true });
  app.setErrorHandler((_error, _request, reply) => reply.code(599).send('the shell answered'));
  app.post('/other', (request) => request.body);
  await app.register(otlpRoutes, door);
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  grpc = await startOtlpGrpc({ ...door, host: '127.0.0.1', port: 0 });
});
after(async () => {
  await app.close();
  await grpc.close();
});
beforeEach(() => {
  taken = [];
  take = takeAll;
  for (const list of [errors, bugs, requests]) list.length = 0;
});

const SPANS = { resource: { 'service.name': 's' }, spans: [{ name: 'a' }, { name: 'b', spanId: 'bbbbbbbbbbbbbbbb' }] };
const PARTLY_BAD = { spans: [{ name: 'a' }, { name: 'bad', spanId: '00' }] };

async function post(path: string, body: Uint8Array | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}${path}`, { method: 'POST', body, headers: { 'content-type': PROTOBUF, ...headers } });
}
const bytesOf = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer());

test('protobuf, JSON and gzip are taken and answered in kind', async () => {
  const protobuf = await post('/v1/traces', protobufRequest(SPANS));
  assert.deepEqual([protobuf.status, protobuf.headers.get('content-type')], [200, PROTOBUF]);
  assert.equal((await bytesOf(protobuf)).byteLength, 0);
  const json = await post('/v1/traces', jsonRequest(SPANS), { 'content-type': `${JSON_TYPE}; charset=utf-8` });
  assert.match(json.headers.get('content-type') ?? '', /^application\/json/);
  assert.deepEqual([json.status, await json.text()], [200, '{}']);
  const packed = { 'content-encoding': 'gzip', 'x-earshot-tenant': 'acme' };
  assert.equal((await post('/v1/traces', gzipSync(protobufRequest(SPANS)), packed)).status, 200);
  assert.equal((await post('/v1/traces', protobufRequest(SPANS), { 'content-encoding': 'identity' })).status, 200);
  assert.deepEqual(
    taken.map(({ tenant, spans }) => [tenant, spans.map((span) => `${span.tenant} ${span.name}`)]),
    [
      ['default', ['default a', 'default b']],
      ['default', ['default a', 'default b']],
      ['acme', ['acme a', 'acme b']],
      ['default', ['default a', 'default b']],
    ],
  );
  assert.equal(requests.length, 4);
  assert.deepEqual(errors, []);
});

test("Langfuse's path serves as well, and an empty request is a success", async () => {
  assert.equal((await post('/api/public/otel/v1/traces', protobufRequest(SPANS))).status, 200);
  assert.equal(taken.length, 1);
  const empty = await post('/v1/traces', new Uint8Array());
  assert.deepEqual([empty.status, (await bytesOf(empty)).byteLength], [200, 0]);
  assert.equal(taken.length, 1);
});

test('partial success says how many and why', async () => {
  const response = await post('/v1/traces', protobufRequest(PARTLY_BAD));
  const { partialSuccess } = fromBinary(ExportTraceServiceResponseSchema, await bytesOf(response));
  assert.deepEqual([response.status, partialSuccess?.rejectedSpans], [200, 1n]);
  assert.match(partialSuccess?.errorMessage ?? '', /span bad/);
  const json = await post('/v1/traces', jsonRequest(PARTLY_BAD), { 'content-type': JSON_TYPE });
  const told = (await json.json()) as { partialSuccess: { rejectedSpans: string; errorMessage: string } };
  assert.equal(told.partialSuccess.rejectedSpans, '1');
  assert.deepEqual(requests, [
    { taken: 1, rejected: 1, bytes: protobufRequest(PARTLY_BAD).byteLength },
    { taken: 1, rejected: 1, bytes: jsonRequest(PARTLY_BAD).byteLength },
  ]);
});

test('metrics and logs are answered, and their sender told that they are not kept', async () => {
  for (const path of ['/v1/metrics', '/v1/logs', '/api/public/otel/v1/metrics']) {
    const response = await post(path, Buffer.from('not looked at'));
    const { partialSuccess } = fromBinary(ExportTraceServiceResponseSchema, await bytesOf(response));
    assert.deepEqual([response.status, partialSuccess?.rejectedSpans], [200, 0n]);
    assert.match(partialSuccess?.errorMessage ?? '', /not kept/);
    const json = await post(path, '{}', { 'content-type': JSON_TYPE });
    assert.match(await json.text(), /^\{"partialSuccess":\{"errorMessage":"[^"]*not kept"\}\}$/);
  }
  assert.deepEqual(taken, []);
});

const REFUSED: readonly (readonly [
  what: string,
  body: Uint8Array | string,
  headers: Record<string, string>,
  httpStatus: number,
  told: RegExp,
])[] = [
  ['no protobuf', 'good morning', {}, 400, /ExportTraceServiceRequest/],
  ['no JSON', 'good morning', { 'content-type': JSON_TYPE }, 400, /JSON/],
  ['no gzip', protobufRequest(SPANS), { 'content-encoding': 'gzip' }, 400, /gzip/],
  ['too large', Buffer.alloc(BYTES_MAX + 1), {}, 413, /at most 1000000 bytes/],
  ['too large unpacked', gzipSync(Buffer.alloc(BYTES_MAX + 1)), { 'content-encoding': 'gzip' }, 413, /unpacked/],
  ['a tenant that is a novel', protobufRequest(SPANS), { 'x-earshot-tenant': 'a'.repeat(201) }, 400, /at most 200/],
  [
    'another type',
    'x',
    { 'content-type': 'text/plain' },
    415,
    /application\/x-protobuf or application\/json; got text\/plain/,
  ],
  ['another packing', 'x', { 'content-encoding': 'br' }, 415, /gzip or none; got br/],
];

for (const [what, body, headers, httpStatus, told] of REFUSED) {
  test(`${what}: ${httpStatus} and a status that says why`, async () => {
    const response = await post('/v1/traces', body, headers);
    assert.equal(response.status, httpStatus);
    assert.equal(response.headers.get('retry-after'), null);
    const isProtobuf = response.headers.get('content-type') === PROTOBUF;
    assert.equal(isProtobuf, (headers['content-type'] ?? PROTOBUF) === PROTOBUF);
    const bytes = await bytesOf(response);
    const { message } = isProtobuf
      ? fromBinary(StatusSchema, bytes)
      : (JSON.parse(Buffer.from(bytes).toString()) as { message: string });
    assert.match(message, told);
    assert.equal(errors.length, 1);
    assert.deepEqual(taken, []);
  });
}

test('busy: 503, when to come again, and nothing taken', async () => {
  take = () => Promise.reject(new Busy('rows wait for the store', 1_200));
  const response = await post('/v1/traces', protobufRequest(SPANS));
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '2']);
  const { code, message } = fromBinary(StatusSchema, await bytesOf(response));
  assert.equal(code, status.UNAVAILABLE);
  assert.match(message, /rows wait/);
  assert.deepEqual([errors, requests], [['overloaded'], []]);
});

test('a fault of ours is reported and told without its details', async () => {
  take = () => Promise.reject(new Error('secret'));
  const response = await post('/v1/traces', jsonRequest(SPANS), { 'content-type': JSON_TYPE });
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /secret/);
  assert.deepEqual(
    bugs.map(({ message }) => message),
    ['secret'],
  );
});

test('a request is answered when its spans are durable, not before', async () => {
  let release = (): void => undefined;
  let isTaken = (): void => undefined;
  const reached = new Promise<void>((resolve) => (isTaken = resolve));
  take = () => {
    isTaken();
    return new Promise((resolve) => (release = resolve));
  };
  let answered = false;
  const answer = post('/v1/traces', protobufRequest(SPANS)).then((response) => {
    answered = true;
    return response.status;
  });
  await reached;
  await new Promise(setImmediate);
  assert.equal(answered, false);
  release();
  assert.equal(await answer, 200);
});

test('so many requests at once and no more; a place is free again when one is through or cut off', async () => {
  const releases: (() => void)[] = [];
  let reached = (): void => undefined;
  const full = new Promise<void>((resolve) => (reached = resolve));
  take = () =>
    new Promise((resolve) => {
      releases.push(resolve);
      if (releases.length === 31) reached();
    });
  const { port } = new URL(url);
  const cut = connect(Number(port), '127.0.0.1');
  cut.write(`POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: ${PROTOBUF}\r\ncontent-length: 10\r\n\r\nhalf`);
  const held = Array.from({ length: 31 }, () => post('/v1/traces', protobufRequest(SPANS)));
  await full;
  assert.equal((await post('/v1/traces', protobufRequest(SPANS))).status, 503);
  const closed = once(cut, 'close');
  cut.destroy();
  await closed;
  take = takeAll;
  // The server learns of the cut a moment later than we do.
  let again = await post('/v1/traces', protobufRequest(SPANS));
  for (let turn = 0; again.status === 503 && turn < 100; turn += 1)
    again = await post('/v1/traces', protobufRequest(SPANS));
  assert.equal(again.status, 200);
  for (const release of releases) release();
  assert.deepEqual(new Set((await Promise.all(held)).map((response) => response.status)), new Set([200]));
});

test('the routes of the shell keep their own parsers and errors', async () => {
  const other = await post('/other', '{"a":1}', { 'content-type': JSON_TYPE });
  assert.deepEqual(await other.json(), { a: 1 });
  assert.equal((await post('/other', 'x')).status, 599);
});

interface Client {
  Export(
    request: Uint8Array,
    metadata: Metadata,
    answer: (error: ServiceError | null, response: ExportTraceServiceResponse) => void,
  ): void;
  close(): void;
}

function clientOf(signal: string, options: object = {}): Client {
  const { typeName, method } = TraceService;
  const path = `/${typeName}/${method.export.name}`.replaceAll('trace', signal.toLowerCase()).replace('Trace', signal);
  const Constructor = makeGenericClientConstructor(
    {
      Export: {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (response: ExportTraceServiceResponse) =>
          Buffer.from(toBinary(ExportTraceServiceResponseSchema, response)),
        responseDeserialize: (bytes: Buffer) => fromBinary(ExportTraceServiceResponseSchema, bytes),
      },
    },
    typeName,
  );
  return new Constructor(`127.0.0.1:${grpc.port}`, credentials.createInsecure(), options) as unknown as Client;
}

async function exported(
  body: Uint8Array,
  { signal = 'Trace', tenant = '', options = {} } = {},
): Promise<ExportTraceServiceResponse | ServiceError> {
  const client = clientOf(signal, options);
  const metadata = new Metadata();
  if (tenant !== '') metadata.set('x-earshot-tenant', tenant);
  try {
    return await new Promise((resolve) =>
      client.Export(body, metadata, (error, response) => resolve(error ?? response)),
    );
  } finally {
    client.close();
  }
}

const GZIP = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip };

test('gRPC: spans are taken, packed or not, for the tenant named', async () => {
  for (const options of [{}, GZIP]) {
    const response = await exported(protobufRequest(SPANS), { tenant: 'acme', options });
    assert.deepEqual(response, create(ExportTraceServiceResponseSchema));
  }
  await exported(protobufRequest(SPANS));
  assert.deepEqual(
    taken.map(({ tenant, spans }) => [tenant, spans.length]),
    [
      ['acme', 2],
      ['acme', 2],
      ['default', 2],
    ],
  );
  assert.equal(fromBinary(ExportTraceServiceRequestSchema, protobufRequest(SPANS)).resourceSpans.length, 1);
});

test('gRPC: partial success, metrics and logs', async () => {
  const partial = (await exported(protobufRequest(PARTLY_BAD))) as ExportTraceServiceResponse;
  assert.equal(partial.partialSuccess?.rejectedSpans, 1n);
  for (const signal of ['Metrics', 'Logs']) {
    const response = (await exported(protobufRequest(SPANS), { signal })) as ExportTraceServiceResponse;
    assert.match(response.partialSuccess?.errorMessage ?? '', /not kept/);
  }
  assert.equal(taken.length, 1);
});

test('gRPC: refusals by their codes', async () => {
  const codeOf = async (body: Uint8Array, options = {}): Promise<number | string> =>
    ((await exported(body, { options })) as ServiceError).code;
  assert.equal(await codeOf(Buffer.from('good morning')), status.INVALID_ARGUMENT);
  assert.equal(await codeOf(Buffer.alloc(BYTES_MAX + 1)), status.RESOURCE_EXHAUSTED);
  assert.equal(await codeOf(Buffer.alloc(BYTES_MAX + 1), GZIP), status.RESOURCE_EXHAUSTED);
  take = () => Promise.reject(new Busy('rows wait', 100));
  assert.equal(await codeOf(protobufRequest(SPANS)), status.UNAVAILABLE);
  take = () => Promise.reject(new InvalidInput('message_too_large', { expected: 'less', got: 'more' }));
  assert.equal(await codeOf(protobufRequest(SPANS)), status.RESOURCE_EXHAUSTED);
  take = () => Promise.reject(new Error('secret'));
  const failed = (await exported(protobufRequest(SPANS))) as ServiceError;
  assert.equal(failed.code, status.INTERNAL);
  assert.doesNotMatch(failed.message, /secret/);
  assert.deepEqual(taken, []);
});

test('gRPC: so many requests at once, from several connections, and no more', async () => {
  const releases: (() => void)[] = [];
  let reached = (): void => undefined;
  const full = new Promise<void>((resolve) => (reached = resolve));
  take = () =>
    new Promise((resolve) => {
      releases.push(resolve);
      if (releases.length === 32) reached();
    });
  // Clients share a connection unless their options differ, and a connection has a bound of its own.
  const options = (number: number) => ({
    'grpc.use_local_subchannel_pool': 1,
    'grpc.primary_user_agent': `c${number}`,
  });
  const held = Array.from({ length: 32 }, (_, number) =>
    exported(protobufRequest(SPANS), { options: options(number) }),
  );
  await full;
  const refused = (await exported(protobufRequest(SPANS), { options: options(99) })) as ServiceError;
  assert.equal(refused.code, status.UNAVAILABLE);
  for (const release of releases) release();
  for (const response of await Promise.all(held)) assert.deepEqual(response, create(ExportTraceServiceResponseSchema));
  take = takeAll;
  assert.deepEqual(await exported(protobufRequest(SPANS)), create(ExportTraceServiceResponseSchema));
});

test('gRPC: a port that is taken is an error at the start', async () => {
  const door = { take: takeAll, hooks: {}, host: '127.0.0.1', port: grpc.port };
  await assert.rejects(startOtlpGrpc(door), /EADDRINUSE|bind/i);
});
