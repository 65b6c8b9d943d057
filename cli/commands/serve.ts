/** `earshot serve`: the service, or some of its roles, until it is told to stop. */
import { parseArgs } from 'node:util';
import pino from 'pino';
import { readConfig } from '../../services/config.ts';
import { startServices } from '../../services/main.ts';

export const SERVE_HELP = `earshot serve [--role ROLE,...]
  Starts the service: WebSocket in (/v1/stream), HTTP API (/openapi.json), metrics (/metrics). Settings come from the
  environment (EARSHOT_*; docs/operations.md). Stops on SIGINT or SIGTERM; running calls can go on after a restart.
  Roles: ingest (takes calls, events and spans in), analyze (works), api (answers); all of them in one process unless --role or
  EARSHOT_ROLES says which. Apart, they need EARSHOT_KAFKA_BROKERS and EARSHOT_CLICKHOUSE_URL.`;

/** What still holds the process then, after a failed start say, is cut off: a supervisor waits for its end. */
const END_MS_MAX = 5_000;

export async function serveCommand(args: string[]): Promise<void> {
  try {
    await serve(args);
  } finally {
    setTimeout(() => process.exit(), END_MS_MAX).unref();
  }
}

async function serve(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { role: { type: 'string' } } });
  const config = readConfig(undefined, values.role === undefined ? {} : { EARSHOT_ROLES: values.role });
  const logger = pino({ level: config.logLevel });
  // Nothing is saved on the way: what is saved already is right, and others go on from there.
  const service = await startServices(config, logger, () => process.exit(1));
  const stream = `${service.url.replace('http', 'ws')}/v1/stream`;
  const roles = [...config.roles];
  const bus = config.kafka === null ? 'memory' : 'kafka';
  const api = `${service.url}/v1/calls`;
  logger.info({ url: service.url, roles, bus, store: config.store.kind, stream, api }, 'earshot listens');
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  logger.info('stopping: sockets closed, states and rows are being written');
  await service.close();
  logger.info('stopped');
}
