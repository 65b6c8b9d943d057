/**
 * Reports by HTTP: events in Earshot's own form (`POST /v1/events`, protobuf or JSON, batches), messages of speech services and
 * voice frameworks as these send them (`POST /v1/events/:source`), and scores (`POST /v1/scores`). An answer of 200 means that
 * what it calls accepted is durable. One bad piece of a batch is named in the answer and harms no other.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Reports } from '../../adapters/bus/bus.ts';
import type { EventMapper, MapperContext } from '../../adapters/events/mapper.ts';
import { MAPPERS, type SourceName } from '../../adapters/events/mappers.ts';
import { encodeBatchResult } from '../../adapters/events/wireBatch.ts';
import { parseEventBatch, type Rejection } from '../../adapters/events/wireEvent.ts';
import { describe } from '../../core/units/describe.ts';
import { eventOf, type EventOrigin } from '../../core/events/eventOf.ts';
import type { ReportedEvent, SpeechEvent } from '../../core/events/speechEvent.ts';
import { CHANNELS, type Channel } from '../../core/units/channel.ts';
import { Busy, InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import { TENANT_HEADER, tenantOf } from '../../core/units/tenant.ts';
import { parseScores } from './scores.ts';
import { SourceStreams } from './sourceStreams.ts';
import { unpacked } from './unpacked.ts';
import { Unsent } from './unsent.ts';

export interface ReportRoutesOptions {
  /** Resolves when the reports are durable; throws Busy. */
  readonly take: (reports: Reports) => Promise<void>;
  readonly nowMs: () => number;
  readonly onError?: (code: ErrorCode) => void;
}

const BODY_BYTES_MAX = 8 * 1_024 * 1_024;
const JSON_TYPE = 'application/json';
const PROTOBUF_TYPES = ['application/x-protobuf', 'application/protobuf'];

type Query = Readonly<Record<string, string | undefined>>;

export const reportRoutes: FastifyPluginAsync<ReportRoutesOptions> = (app, options) => {
  const streams = new SourceStreams(options.nowMs);
  const unsent = new Unsent<Parsed>();
  readBodiesAsBytes(app);
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof Busy)) throw error;
    const { code, message, retryAfterMs } = error;
    options.onError?.(code);
    return reply
      .code(503)
      .header('retry-after', String(Math.ceil(retryAfterMs / 1_000)))
      .send({ code, message });
  });

  app.post('/v1/events', { bodyLimit: BODY_BYTES_MAX, schema: EVENTS_SCHEMA }, async (request, reply) => {
    const type = typeOf(request);
    const origin = originOf(request, options.nowMs());
    const { events, rejected } = parseEventBatch(await unpacked(request, BODY_BYTES_MAX), type, origin.callKey);
    return settle(reply, type, options, {
      ...NOTHING,
      tenant: origin.tenant,
      events: events.map((event) => eventOf(event, origin)),
      rejected,
    });
  });

  app.post('/v1/events/:source', { bodyLimit: BODY_BYTES_MAX, schema: SOURCE_SCHEMA }, async (request, reply) => {
    const { source } = request.params as { source: string };
    if (!Object.hasOwn(MAPPERS, source)) {
      throw new InvalidInput('not_found', {
        expected: `a source of ${Object.keys(MAPPERS).join(', ')}`,
        got: describe(source),
      });
    }
    const origin = { ...originOf(request, options.nowMs()), source };
    const query = request.query as Query;
    const stream = [origin.tenant, origin.callKey, source, query.streamId ?? ''];
    const body = await unpacked(request, BODY_BYTES_MAX);
    const read = (): Parsed => {
      const context = { ...origin, role: roleOf(query.role), streamId: query.streamId };
      const mapper = streams.of(stream, MAPPERS[source as SourceName]);
      return { ...NOTHING, tenant: origin.tenant, ...readMessages(parseJson(body), mapper, context) };
    };
    const parsed = unsent.take(stream, body) ?? read();
    return settle(reply, JSON_TYPE, options, parsed).catch((error: unknown) => {
      unsent.keep(stream, body, parsed);
      throw error;
    });
  });

  app.post('/v1/scores', { bodyLimit: BODY_BYTES_MAX, schema: SCORES_SCHEMA }, async (request, reply) => {
    const { tenant, receivedAtMs } = originOf(request, options.nowMs());
    const { scores, rejected } = parseScores(parseJson(await unpacked(request, BODY_BYTES_MAX)), tenant, receivedAtMs);
    return settle(reply, JSON_TYPE, options, { ...NOTHING, tenant, scores, rejected });
  });
  return Promise.resolve();
};

const TAGS = { tags: ['reports'] };
const EVENTS_SCHEMA = {
  ...TAGS,
  summary: 'Events of speech services and frameworks, in the form of earshot.v1.SpeechEventBatch',
  querystring: {
    type: 'object',
    properties: {
      callId: { type: 'string', maxLength: 200, description: 'of events that do not name their call' },
      source: { type: 'string', maxLength: 200, description: 'of events that do not name who reports' },
    },
  },
};
const SOURCE_SCHEMA = {
  ...TAGS,
  summary: `Messages as their source sends them, one or a list: ${Object.keys(MAPPERS).join(', ')}`,
  querystring: {
    type: 'object',
    properties: {
      callId: { type: 'string', maxLength: 200, description: 'where the messages do not name their call' },
      role: { type: 'string', enum: [...CHANNELS], description: 'whose speech the stream holds' },
      streamId: { type: 'string', maxLength: 200, description: 'tells streams of one source and call apart' },
    },
  },
};
const SCORES_SCHEMA = { ...TAGS, summary: 'Verdicts of evaluations on calls, turns and requests' };

interface Parsed extends Reports {
  readonly rejected: readonly Rejection[];
}

const NOTHING = { events: [], spans: [], scores: [] };

async function settle(
  reply: FastifyReply,
  type: string,
  options: ReportRoutesOptions,
  parsed: Parsed,
): Promise<unknown> {
  const { rejected, ...reports } = parsed;
  const accepted = reports.events.length + reports.scores.length;
  for (const { code } of rejected) options.onError?.(code);
  if (accepted > 0) await options.take(reports);
  const status = accepted === 0 && rejected.length > 0 ? 400 : 200;
  if (type === JSON_TYPE) return reply.code(status).send({ accepted, rejected });
  return reply
    .code(status)
    .type(type)
    .send(Buffer.from(encodeBatchResult({ accepted, rejected })));
}

/** One message or a list; what cannot be read is named and costs the others nothing. */
function readMessages(
  messages: unknown,
  mapper: EventMapper,
  context: MapperContext & EventOrigin,
): Pick<Parsed, 'events' | 'rejected'> {
  const events: SpeechEvent[] = [];
  const rejected: Rejection[] = [];
  (Array.isArray(messages) ? (messages as unknown[]) : [messages]).forEach((message, index) => {
    try {
      for (const event of mapper.map(message, context)) events.push(eventOf(named(event, context.callKey), context));
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      rejected.push({ index, code: error.code, expected: error.expected, got: error.got });
    }
  });
  return { events, rejected };
}

/** Bodies are read by the parsers that know their form and say what is wrong with it. */
function readBodiesAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([JSON_TYPE, ...PROTOBUF_TYPES], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

function typeOf(request: FastifyRequest): 'application/json' | 'application/x-protobuf' {
  const type = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
  return type === JSON_TYPE ? JSON_TYPE : 'application/x-protobuf';
}

function originOf(request: FastifyRequest, receivedAtMs: number) {
  const { callId, source } = request.query as Query;
  return {
    tenant: tenantOf(request.headers[TENANT_HEADER]?.toString()),
    callKey: callId ?? '',
    source: source ?? 'events',
    receivedAtMs,
  };
}

function named(event: ReportedEvent, callKey: string): ReportedEvent {
  if ((event.callKey ?? callKey) !== '') return event;
  throw new InvalidInput('message_invalid', { expected: 'a call: in the message, or as ?callId=', got: 'none' });
}

const roleOf = (text: string | undefined): Channel | '' => CHANNELS.find((channel) => channel === text) ?? '';

function parseJson(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidInput('message_invalid', { expected: 'JSON', got: describe(text) });
  }
}
