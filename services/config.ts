/** The only reader of the environment: every setting checked once at start, all mistakes told at once, then frozen. */
import { readFileSync } from 'node:fs';
import type { StoreLocation } from '../adapters/clickhouse/openStore.ts';
import { parseSecrets } from '../adapters/sealing/secrets.ts';
import type { ModelChoice } from '../adapters/onnx/windowModels.ts';
import type { TextPolicy } from '../core/events/textPolicy.ts';
import { InvalidInput } from '../core/units/errors.ts';
import { nearestOf } from '../core/units/nearest.ts';
import { kafkaOf, type KafkaConfig } from './kafkaConfig.ts';
import { ROLES, SETTINGS, type RoleName, type Setting, type SettingName } from './settings.ts';
import type { TracesSettings } from './telemetry/tracing.ts';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly roles: ReadonlySet<RoleName>;
  readonly store: StoreLocation;
  /** Whether the start brings tables and topics up to date. */
  readonly migrates: boolean;
  /** Null: the bus is in memory. */
  readonly kafka: KafkaConfig | null;
  readonly admitDelayMaxMs: number;
  /** What states are sealed with, newest first; null: none is set. */
  readonly secrets: readonly Buffer[] | null;
  readonly callsMax: number;
  readonly inferenceWorkers: number;
  readonly batchRowsMax: number;
  readonly batchWaitMs: number;
  readonly models: ModelChoice;
  readonly shedAfterMs: number;
  readonly windowSharePercentMax: number;
  readonly flushWaitMs: number;
  readonly stateEveryMs: number;
  readonly resumeGraceMs: number;
  readonly abandonedAfterMs: number;
  readonly lateMs: number;
  readonly busBytesMax: number;
  readonly textPolicies: TextPolicies;
  readonly heldTextBytesMax: number;
  readonly traces: TracesSettings;
  readonly pricesFile: string;
  /** 0: no gRPC. */
  readonly otlpGrpcPort: number;
  readonly logLevel: string;
  readonly allowUnauthenticated: boolean;
}

/** What is kept of what people and agents say, by tenant. */
export interface TextPolicies {
  readonly ofAll: TextPolicy;
  readonly ofTenants: ReadonlyMap<string, TextPolicy>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** `flags`: what the command line says over the environment. */
export function readConfig(surroundings: Environment = process.env, flags: Environment = {}): Config {
  const environment = { ...surroundings, ...flags };
  const problems: string[] = [];
  for (const name of Object.keys(environment)) {
    if (name.startsWith('EARSHOT_') && !Object.hasOwn(SETTINGS, name) && !FOREIGN.has(name)) {
      problems.push(`${name} is no setting; the nearest is ${nearestOf(name, Object.keys(SETTINGS))}`);
    }
  }
  const value = (name: SettingName): string => {
    const { fallback, expected, accepts, isSecret }: Setting = SETTINGS[name];
    const given = environment[name] ?? fallback;
    const got = isSecret === true ? 'what was given' : JSON.stringify(given);
    if (!accepts(given)) problems.push(`${name} has to be ${expected}, not ${got}`);
    return given;
  };
  const number = (name: SettingName): number => Number(value(name));
  const config: Config = {
    host: value('EARSHOT_HOST'),
    port: number('EARSHOT_PORT'),
    roles: new Set(
      value('EARSHOT_ROLES')
        .split(',')
        .map((name) => name.trim() as RoleName),
    ),
    store: storeOf(value),
    migrates: value('EARSHOT_MIGRATE') === '1',
    kafka: kafkaOf(value, problems),
    admitDelayMaxMs: number('EARSHOT_ADMIT_DELAY_MAX_MS'),
    secrets: secretsOf(value, problems),
    callsMax: number('EARSHOT_CALLS_MAX'),
    inferenceWorkers: number('EARSHOT_INFERENCE_WORKERS'),
    batchRowsMax: number('EARSHOT_BATCH_ROWS_MAX'),
    batchWaitMs: number('EARSHOT_BATCH_WAIT_MS'),
    models: { names: value('EARSHOT_MODELS'), addedDir: value('EARSHOT_MODELS_DIR') },
    shedAfterMs: number('EARSHOT_SHED_AFTER_MS'),
    windowSharePercentMax: number('EARSHOT_WINDOW_SHARE_MAX'),
    flushWaitMs: number('EARSHOT_FLUSH_WAIT_MS'),
    stateEveryMs: number('EARSHOT_STATE_EVERY_MS'),
    resumeGraceMs: number('EARSHOT_RESUME_GRACE_MS'),
    abandonedAfterMs: number('EARSHOT_ABANDONED_AFTER_MS'),
    lateMs: number('EARSHOT_LATE_MS'),
    busBytesMax: number('EARSHOT_BUS_BYTES_MAX'),
    textPolicies: textPoliciesOf(value('EARSHOT_TEXT'), value('EARSHOT_TEXT_TENANTS')),
    heldTextBytesMax: number('EARSHOT_HELD_TEXT_BYTES_MAX'),
    traces: { url: value('EARSHOT_TRACES_URL'), headers: headersOf(value('EARSHOT_TRACES_HEADERS')) },
    pricesFile: value('EARSHOT_PRICES_FILE'),
    otlpGrpcPort: number('EARSHOT_OTLP_GRPC_PORT'),
    logLevel: value('EARSHOT_LOG_LEVEL'),
    allowUnauthenticated: value('EARSHOT_ALLOW_UNAUTHENTICATED') === '1',
  };
  problems.push(...problemsOfParts(config));
  if (!isLoopback(config.host) && !config.allowUnauthenticated) {
    problems.push(
      `EARSHOT_HOST ${config.host} is reachable from other machines and nothing is authenticated yet; ` +
        'put a proxy that authenticates in front and set EARSHOT_ALLOW_UNAUTHENTICATED=1',
    );
  }
  if (problems.length > 0) {
    throw new InvalidInput('config_invalid', { expected: 'valid settings', got: problems.join('; ') });
  }
  return Object.freeze(config);
}

/** Several processes share a bus, a store, and the secret by which they open one another's states. */
function problemsOfParts({ roles, kafka, store, secrets, resumeGraceMs, abandonedAfterMs }: Config): string[] {
  const isPart = roles.size < ROLES.length;
  const given = `EARSHOT_ROLES=${[...roles].join(',')}`;
  return [
    ...(isPart && kafka === null ? [`${given} needs EARSHOT_KAFKA_BROKERS: the other roles are other processes`] : []),
    ...(isPart && store.kind === 'embedded'
      ? [`${given} needs EARSHOT_CLICKHOUSE_URL: an embedded store has one process`]
      : []),
    ...(kafka !== null && store.kind === 'server' && secrets === null
      ? [
          "with EARSHOT_KAFKA_BROKERS a call's state is opened by other processes: EARSHOT_SECRET or EARSHOT_SECRET_FILE has to be set",
        ]
      : []),
    ...(abandonedAfterMs <= resumeGraceMs
      ? ['EARSHOT_ABANDONED_AFTER_MS has to be more than EARSHOT_RESUME_GRACE_MS, which a client may be away']
      : []),
  ];
}

/** Variables of the tests and tools, which the service does not read. */
const FOREIGN = new Set(['EARSHOT_DATA', 'EARSHOT_URL']);

function storeOf(value: (name: SettingName) => string): StoreLocation {
  const url = value('EARSHOT_CLICKHOUSE_URL');
  if (url === '') return { kind: 'embedded', dataDir: value('EARSHOT_DATA_DIR') };
  const file = value('EARSHOT_CLICKHOUSE_PASSWORD_FILE');
  const password = file === '' ? value('EARSHOT_CLICKHOUSE_PASSWORD') : readFileSync(file, 'utf8').trim();
  const username = value('EARSHOT_CLICKHOUSE_USER');
  return { kind: 'server', url, username, password, cluster: value('EARSHOT_CLICKHOUSE_CLUSTER') };
}

function textPoliciesOf(ofAll: string, tenants: string): TextPolicies {
  const pairs = tenants === '' ? [] : tenants.split(',').map((pair) => pair.trim().split('='));
  return {
    ofAll: ofAll as TextPolicy,
    ofTenants: new Map(pairs.map(([tenant, policy]) => [tenant, policy as TextPolicy])),
  };
}

function headersOf(pairs: string): Record<string, string> {
  if (pairs === '') return {};
  return Object.fromEntries(
    pairs.split(',').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim()];
    }),
  );
}

function secretsOf(value: (name: SettingName) => string, problems: string[]): readonly Buffer[] | null {
  const given = value('EARSHOT_SECRET');
  const file = value('EARSHOT_SECRET_FILE');
  if (given === '' && file === '') return null;
  if (given !== '' && file !== '') problems.push('EARSHOT_SECRET and EARSHOT_SECRET_FILE are both set; one has to go');
  try {
    return file === ''
      ? parseSecrets(given, 'EARSHOT_SECRET')
      : parseSecrets(readFileSync(file, 'utf8'), 'EARSHOT_SECRET_FILE');
  } catch (error) {
    problems.push(`EARSHOT_SECRET${file === '' ? '' : '_FILE'}: ${(error as Error).message}`);
    return null;
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
