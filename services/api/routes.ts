/** The HTTP API: calls, facts, signals, health, readiness, metrics. Everything is read for one tenant. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Bus } from '../../adapters/bus/bus.ts';
import { cursorOf, type CallReader } from '../../adapters/clickhouse/callReader.ts';
import type { CallRecord, TimelineRecord } from '../../adapters/clickhouse/callRecords.ts';
import { FACT_KINDS, type FactKind } from '../../core/facts/facts.ts';
import { ERROR_CODES, InvalidInput } from '../../core/units/errors.ts';
import { TENANT_HEADER, tenantOf as tenantNamed } from '../../core/units/tenant.ts';
import { FRAME_MS } from '../../core/units/time.ts';
import { liveFacts } from './live.ts';
import * as schemas from './schemas.ts';

export interface CallsOptions {
  readonly reader: CallReader;
  readonly bus: Bus;
}

export interface OperationsOptions {
  /** Names of what has to work, each with a test; all have to hold for the service to be ready. */
  readonly readiness: Readonly<Record<string, () => boolean | Promise<boolean>>>;
  readonly metricsText: () => Promise<string>;
}

const ORIGINS = ['audio', 'event', 'span', 'score'] as const;

/** Calls and what is known of them, stored and live. */
export function registerCalls(plain: FastifyInstance, options: CallsOptions): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  registerStored(app, options.reader);
  app.get(
    '/v1/live',
    { schema: { tags: ['live'], summary: 'Facts of all calls as they are told (Server-Sent Events)' } },
    (request, reply) => {
      liveFacts(options.bus, request, reply, (fact) => fact.tenant === tenantOf(request));
    },
  );
  app.get(
    '/v1/calls/:callId/live',
    {
      schema: {
        tags: ['live'],
        summary: 'Facts of one call as they are told (Server-Sent Events)',
        params: schemas.CallParams,
      },
    },
    (request, reply) => {
      const { callId } = request.params;
      liveFacts(options.bus, request, reply, (fact) => fact.tenant === tenantOf(request) && fact.callId === callId);
    },
  );
}

function registerStored(plain: FastifyInstance, reader: CallReader): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  app.get(
    '/v1/calls',
    {
      schema: {
        tags: ['calls'],
        summary: 'Calls, the newest first',
        querystring: schemas.CallsQuery,
        response: { 200: schemas.CallsBody },
      },
    },
    async (request) => {
      const { limit, cursor, before, after, agentVersion, state } = request.query;
      const calls = await reader.calls(tenantOf(request), {
        limit,
        cursor,
        beforeMs: timeOf('before', before),
        afterMs: timeOf('after', after),
        agentVersion,
        state,
      });
      const last = calls.at(-1);
      return {
        calls,
        next: calls.length === limit && last !== undefined ? cursorOf(last) : null,
      };
    },
  );
  app.get(
    '/v1/calls/:callId',
    {
      schema: {
        tags: ['calls'],
        summary: 'One call with its summary',
        params: schemas.CallParams,
        response: { 200: schemas.CallBody },
      },
    },
    async (request) => (await knownCall(reader, request, request.params.callId)) as never,
  );
  app.get(
    '/v1/calls/:callId/facts',
    {
      schema: {
        tags: ['calls'],
        summary: "A call's facts in the order of its timeline",
        params: schemas.CallParams,
        querystring: schemas.FactsQuery,
        response: { 200: schemas.FactsBody },
      },
    },
    async (request) => {
      const { callId } = request.params;
      const { kind, ...filter } = request.query;
      const facts = await reader.facts(tenantOf(request), callId, { ...filter, kinds: kindsOf(kind) });
      if (facts.length === 0) await knownCall(reader, request, callId);
      return { facts };
    },
  );
  app.get(
    '/v1/calls/:callId/timeline',
    {
      schema: {
        tags: ['calls'],
        summary: 'Everything of a call on one clock: heard, reported, traced and judged',
        params: schemas.CallParams,
        querystring: schemas.TimelineQuery,
        response: { 200: schemas.TimelineBody },
      },
    },
    async (request) => {
      const { callId } = request.params;
      const { origin, ...filter } = request.query;
      const entries = await reader.timeline(tenantOf(request), callId, { ...filter, origins: originsOf(origin) });
      if (entries.length === 0) await knownCall(reader, request, callId);
      return { entries };
    },
  );
  app.get(
    '/v1/calls/:callId/frames',
    {
      schema: {
        tags: ['calls'],
        summary: 'The 10 ms signals of both channels',
        params: schemas.CallParams,
        querystring: schemas.FramesQuery,
        response: { 200: schemas.FramesBody },
      },
    },
    async (request) => {
      const { callId } = request.params;
      const { fromMs, toMs } = request.query;
      const rows = await reader.frames(tenantOf(request), callId, fromMs, toMs);
      if (rows.length === 0) await knownCall(reader, request, callId);
      return { frameMs: FRAME_MS, rows } as never;
    },
  );
}

/** What every process answers, whatever it does. */
export function registerOperations(plain: FastifyInstance, { readiness, metricsText }: OperationsOptions): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['operations'];
  app.get('/health', { schema: { tags, summary: 'The process lives', response: { 200: schemas.HealthBody } } }, () => ({
    status: 'ok',
  }));
  app.get(
    '/ready',
    {
      schema: {
        tags,
        summary: 'The process can do what its roles are for',
        response: { 200: schemas.ReadyBody, 503: schemas.ReadyBody },
      },
    },
    async (_request, reply) => {
      const results = await Promise.all(
        Object.entries(readiness).map(async ([name, holds]) => [name, (await holds()) ? 'ok' : 'failing'] as const),
      );
      const checks = Object.fromEntries(results);
      const isReady = results.every(([, result]) => result === 'ok');
      return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready', checks });
    },
  );
  app.get('/metrics', { schema: { tags, summary: 'Prometheus metrics' } }, async (_request, reply) =>
    reply.header('content-type', 'text/plain; version=0.0.4').send(await metricsText()),
  );
}

/** Errors in one shape: {code, message, expected, got}. */
export function registerErrors(app: FastifyInstance, onBug: (error: Error) => void): void {
  app.setErrorHandler((error: Error & { validation?: unknown; statusCode?: number }, request, reply) => {
    if (error instanceof InvalidInput) {
      const { code, message, expected, got } = error;
      return reply.code(ERROR_CODES[code].httpStatus).send({ code, message, expected, got });
    }
    if (error.validation !== undefined || (error.statusCode ?? 500) < 500) {
      return reply
        .code(error.statusCode ?? 400)
        .send({ code: 'request_invalid', message: `request_invalid: ${error.message}` });
    }
    onBug(error);
    return reply.code(500).send({ code: 'call_failed', message: `a fault of the server; request ${request.id}` });
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({ code: 'not_found', message: `not_found: no ${request.method} ${request.url}; see /openapi.json` }),
  );
}

async function knownCall(reader: CallReader, request: FastifyRequest, callId: string): Promise<CallRecord> {
  const call = await reader.call(tenantOf(request), callId);
  if (call !== null) return call;
  throw new InvalidInput('not_found', { expected: `a call of tenant ${tenantOf(request)}`, got: `call id ${callId}` });
}

const tenantOf = (request: FastifyRequest): string => tenantNamed(request.headers[TENANT_HEADER]?.toString());

function timeOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const unixMs = Date.parse(text.includes('T') || text.endsWith('Z') ? text.replace(' ', 'T') : `${text}Z`);
  if (Number.isFinite(unixMs)) return unixMs;
  throw new InvalidInput('request_invalid', { expected: `${name} as an ISO 8601 time`, got: text.slice(0, 80) });
}

function originsOf(text: string | undefined): TimelineRecord['origin'][] {
  if (text === undefined) return [];
  return text.split(',').map((name) => {
    const origin = ORIGINS.find((known) => known === name);
    if (origin !== undefined) return origin;
    const expected = `origins of ${ORIGINS.join(', ')}`;
    throw new InvalidInput('request_invalid', { expected, got: name.slice(0, 80) });
  });
}

function kindsOf(text: string | undefined): FactKind[] {
  if (text === undefined) return [];
  return text.split(',').map((name) => {
    const kind = FACT_KINDS.find((known) => known === name);
    if (kind !== undefined) return kind;
    throw new InvalidInput('request_invalid', {
      expected: `kinds of ${FACT_KINDS.join(', ')}`,
      got: name.slice(0, 80),
    });
  });
}
