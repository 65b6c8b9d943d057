/** What the roles of one process share, and what a role is to the process: something to start, to ask and to stop. */
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/bus.ts';
import type { CallStates } from '../../adapters/clickhouse/callStates.ts';
import type { Store } from '../../adapters/clickhouse/openStore.ts';
import { keptSecrets, randomSecret } from '../../adapters/sealing/secrets.ts';
import type { Config } from '../config.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';

export interface Telemetry {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly logger: Logger;
}

export interface Shared extends Telemetry {
  readonly config: Config;
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly states: CallStates;
  readonly bus: Bus;
  readonly secrets: readonly Buffer[];
  /** This process cannot work any more; called before anything is done to its calls. */
  readonly onBroken: () => void;
}

export interface Role {
  /** Names of what has to work, each with a test; all have to hold for the process to be ready. */
  readonly readiness: Readonly<Record<string, () => boolean | Promise<boolean>>>;
  /** Takes no more, and lets go of what others can go on with. The bus and the store still work. */
  leave(): Promise<void>;
  /** Writes what is still to be written and stops. */
  close(): Promise<void>;
}

/** Without a secret in the settings, an embedded store has one beside its folder; on a server only this process has it. */
export async function openSecrets({ secrets, store }: Config, logger: Logger): Promise<readonly Buffer[]> {
  if (secrets !== null) return secrets;
  if (store.kind === 'embedded') return keptSecrets(`${resolve(store.dataDir)}.secret`);
  logger.warn('no EARSHOT_SECRET: after a restart, running calls cannot go on from their states and begin anew');
  return [randomSecret()];
}
