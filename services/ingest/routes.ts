/** Puts the ingest side on a server: makes it, registers its routes, and hands back what the shell watches and stops. */
import type { FastifyInstance } from 'fastify';
import { Ingest } from './ingest.ts';
import type { IngestOptions } from './ingestOptions.ts';
import { ingestRoutes } from './ingestRoutes.ts';

export function registerIngest(app: FastifyInstance, options: IngestOptions): Ingest {
  const ingest = new Ingest({ logger: app.log, ...options });
  void app.register(ingestRoutes, { ingest, limits: options.limits, hooks: options.hooks });
  return ingest;
}
