/**
 * The WebSocket door as a Fastify plugin: one URL for every dialect, told apart by the first message. `/v1/stream` and
 * `/v1/stream/:tenant`: Twilio's <Stream url> takes no query string, so a tenant is part of the path.
 */
import fastifyWebsocket from '@fastify/websocket';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { tenantOf } from '../../core/units/tenant.ts';
import { Busy } from '../../core/units/errors.ts';
import type { Ingest } from './ingest.ts';
import type { IngestHooks } from './ingestOptions.ts';
import type { IngestLimits } from './limits.ts';
import { webSocketOptions } from './webSocketOptions.ts';

export interface IngestRoutesOptions {
  readonly ingest: Ingest;
  readonly limits: IngestLimits;
  readonly hooks: IngestHooks;
}

const RETRY_AFTER_S = 1;

/** Brings its own WebSocket server unless the shell has registered one, which is then held to the same limits. */
export const ingestRoutes: FastifyPluginAsync<IngestRoutesOptions> = async (app, { ingest, limits, hooks }) => {
  const options = webSocketOptions(limits);
  if (app.hasDecorator('websocketServer')) Object.assign(app.websocketServer.options, options);
  else await app.register(fastifyWebsocket, { options, errorHandler: () => undefined });

  /** Refuses before the upgrade, when a plain answer can still say when to ask again. */
  const refuseWhenFull = async (_request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { refusal } = ingest;
    if (refusal === null) return;
    hooks.onRefused?.(refusal);
    hooks.onError?.('overloaded');
    const { code, message } = new Busy('no place is free for another call', RETRY_AFTER_S * 1_000);
    await reply.code(503).header('retry-after', String(RETRY_AFTER_S)).send({ code, message });
  };

  /** Twilio cannot be told once its stream runs. */
  const refuseBadTenant = (request: FastifyRequest): Promise<void> =>
    Promise.resolve().then(() => void tenantOf(tenantInPath(request)));

  const handle = (socket: WebSocket, request: FastifyRequest): void => ingest.serve(socket, tenantInPath(request));

  app.get('/v1/stream', { websocket: true, preValidation: refuseWhenFull }, handle);
  app.get('/v1/stream/:tenant', { websocket: true, preValidation: [refuseBadTenant, refuseWhenFull] }, handle);
};

const tenantInPath = (request: FastifyRequest): string | undefined => (request.params as { tenant?: string }).tenant;
