/**
 * Reports by HTTP: events in Earshot's own form (`POST /v1/events`, protobuf or JSON, batches), messages of speech services and
 * voice frameworks as these send them (`POST /v1/events/:source`), and scores (`POST /v1/scores`). An answer of 200 means that
 * what it calls accepted is durable. One bad piece of a batch is named in the answer and harms no other.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { MAPPERS, type SourceName } from '../../adapters/events/mappers.ts';
import { encodeBatchResult } from '../../adapters/events/wireBatch.ts';
import { parseEventBatch, type Rejection } from '../../adapters/events/wireEvent.ts';
import type { Reports } from '../../adapters/bus/bus.ts';
import { describe } from '../../core/units/describe.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import type { ReportedEvent, SpeechEvent } from '../../core/events/speechEvent.ts';
import { CHANNELS, type Channel } from '../../core/units/channel.ts';
import { Busy, InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import { parseScores } from './scores.ts';
import { SourceStreams } from './sourceStreams.ts';
import { tenantOfHeader } from './tenant.ts';

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
  readBodiesAsBytes(app);

  app.post('/v1/events', { bodyLimit: BODY_BYTES_MAX, schema: EVENTS_SCHEMA }, async (request, reply) => {
    const type = typeOf(request);
    const origin = originOf(request, options.nowMs());
    const { events, rejected } = parseEventBatch(bytesOf(request), type, origin.callKey);
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
    const mapper = streams.of(
      [origin.tenant, origin.callKey, source, query.streamId ?? ''],
      MAPPERS[source as SourceName],
    );
    const messages = parseJson(bytesOf(request));
    const events: SpeechEvent[] = [];
    const rejected: Rejection[] = [];
    (Array.isArray(messages) ? (messages as unknown[]) : [messages]).forEach((message, index) => {
      try {
        const context = { ...origin, role: roleOf(query.role), streamId: query.streamId };
        for (const event of mapper.map(message, context)) events.push(eventOf(named(event, origin.callKey), origin));
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        rejected.push({ index, code: error.code, expected: error.expected, got: error.got });
      }
    });
    return settle(reply, JSON_TYPE, options, { ...NOTHING, tenant: origin.tenant, events, rejected });
  });

  app.post('/v1/scores', { bodyLimit: BODY_BYTES_MAX, schema: SCORES_SCHEMA }, async (request, reply) => {
    const { tenant, receivedAtMs } = originOf(request, options.nowMs());
    const { scores, rejected } = parseScores(parseJson(bytesOf(request)), tenant, receivedAtMs);
    return settle(reply, JSON_TYPE, options, { ...NOTHING, tenant, scores, rejected });
  });
  return Promise.resolve();
};

const TAGS = { tags: ['reports'] };
const EVENTS_SCHEMA = {
  ...TAGS,
  summary: 'Events of speech services and frameworks, in the form of earshot.v1.SpeechEventBatch',
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
  try {
    if (accepted > 0) await options.take(reports);
  } catch (error) {
    if (!(error instanceof Busy)) throw error;
    options.onError?.(error.code);
    const retryAfterS = Math.ceil(error.retryAfterMs / 1_000);
    return reply
      .code(503)
      .header('retry-after', String(retryAfterS))
      .send({ code: error.code, message: error.message });
  }
  const status = accepted === 0 && rejected.length > 0 ? 400 : 200;
  if (type === JSON_TYPE) return reply.code(status).send({ accepted, rejected });
  return reply
    .code(status)
    .type(type)
    .send(Buffer.from(encodeBatchResult({ accepted, rejected })));
}

/** Bodies are read by the parsers that know their form and say what is wrong with it. */
function readBodiesAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([JSON_TYPE, ...PROTOBUF_TYPES], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

const bytesOf = (request: FastifyRequest): Uint8Array =>
  request.body instanceof Uint8Array ? request.body : new Uint8Array();

function typeOf(request: FastifyRequest): 'application/json' | 'application/x-protobuf' {
  const type = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
  return type === JSON_TYPE ? JSON_TYPE : 'application/x-protobuf';
}

function originOf(request: FastifyRequest, receivedAtMs: number) {
  const { callId, source } = request.query as Query;
  return { tenant: tenantOfHeader(request.headers), callKey: callId ?? '', source: source ?? 'events', receivedAtMs };
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
