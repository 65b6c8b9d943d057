/** `earshot serve`: the service, until it is told to stop. */
import pino from 'pino';
import { readConfig } from '../../services/config.ts';
import { startServices } from '../../services/main.ts';

export const SERVE_HELP = `earshot serve
  Starts the service: WebSocket in (/v1/stream), HTTP API (/openapi.json), metrics (/metrics). Settings come from the
  environment (EARSHOT_*; docs/operations.md). Stops on SIGINT or SIGTERM; running calls can go on after a restart.`;

export async function serveCommand(): Promise<void> {
  const config = readConfig();
  const logger = pino({ level: config.logLevel });
  const service = await startServices(config, logger);
  const at = service.url.replace('http', 'ws');
  logger.info(
    { stream: `${at}/v1/stream`, api: `${service.url}/v1/calls`, store: config.store.kind },
    'earshot listens',
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  logger.info('stopping: sockets closed, states and rows are being written');
  await service.close();
  logger.info('stopped');
}
