/** The only reader of the environment: every setting with its default and meaning, checked once at start, then frozen. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { StoreLocation } from '../adapters/clickhouse/openStore.ts';
import { parseSecrets } from '../adapters/sealing/secrets.ts';
import type { ModelChoice } from '../adapters/onnx/windowModels.ts';
import { TEXT_POLICIES, type TextPolicy } from '../core/events/textPolicy.ts';
import { InvalidInput } from '../core/units/errors.ts';
import type { TracesSettings } from './telemetry/tracing.ts';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly store: StoreLocation;
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

interface Setting {
  readonly fallback: string;
  readonly meaning: string;
  /** What a value has to be, in words and as a test. */
  readonly expected: string;
  readonly accepts: (text: string) => boolean;
  /** Never told in a message. */
  readonly isSecret?: true;
}

const integer = (fallback: number, min: number, max: number, meaning: string): Setting => ({
  fallback: String(fallback),
  meaning,
  expected: `a whole number from ${min} to ${max}`,
  accepts: (text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max,
});
const choice = (fallback: string, choices: readonly string[], meaning: string): Setting => ({
  fallback,
  meaning,
  expected: choices.join(' | '),
  accepts: (text) => choices.includes(text),
});
const text = (fallback: string, meaning: string): Setting => ({
  fallback,
  meaning,
  expected: 'a text',
  accepts: () => true,
});

const POLICY_PAIR = new RegExp(`^[^=]+=(${TEXT_POLICIES.join('|')})$`);

/** docs/operations.md lists these; a test compares. */
export const SETTINGS = {
  EARSHOT_HOST: text('127.0.0.1', 'address to listen on'),
  EARSHOT_PORT: integer(8787, 0, 65_535, 'port to listen on; 0 takes a free one'),
  EARSHOT_DATA_DIR: text('./data', 'folder of the embedded ClickHouse'),
  EARSHOT_CLICKHOUSE_URL: text('', 'ClickHouse server to use instead of the embedded one, e.g. http://localhost:8123'),
  EARSHOT_CLICKHOUSE_USER: text('default', 'its user'),
  EARSHOT_CLICKHOUSE_PASSWORD: text('', 'its password'),
  EARSHOT_CLICKHOUSE_PASSWORD_FILE: text('', 'file that holds the password'),
  EARSHOT_SECRET: text(
    '',
    'seals the states of running calls: base64 or hex of 32 bytes or more; several with commas, the newest first',
  ),
  EARSHOT_SECRET_FILE: text('', 'file that holds them, a line each'),
  EARSHOT_CALLS_MAX: integer(500, 1, 100_000, 'calls taken at once; more are refused with 503'),
  EARSHOT_INFERENCE_WORKERS: integer(
    Math.max(1, availableParallelism() - 1),
    1,
    256,
    'threads that run models; default: processors - 1',
  ),
  EARSHOT_BATCH_ROWS_MAX: integer(64, 1, 1_024, 'rows of different calls that one model run takes'),
  EARSHOT_BATCH_WAIT_MS: integer(4, 0, 1_000, 'how long a first row waits for company while a worker is free'),
  EARSHOT_MODELS: text('all', 'models that hear how people speak: all, none, or some of them by name, with commas'),
  EARSHOT_MODELS_DIR: text('./models-added', 'folder of the models added by earshot models add'),
  EARSHOT_SHED_AFTER_MS: integer(
    1_000,
    100,
    60_000,
    'windows of speech that wait longer lose the least important of those models, then the next',
  ),
  EARSHOT_WINDOW_SHARE_MAX: integer(80, 1, 100, "share of an inference thread's time that those models may take, in %"),
  EARSHOT_FLUSH_WAIT_MS: integer(100, 1, 10_000, 'how long rows are gathered before an insert'),
  EARSHOT_STATE_EVERY_MS: integer(5_000, 100, 600_000, "a call's state is saved after so much of its audio"),
  EARSHOT_RESUME_GRACE_MS: integer(30_000, 0, 3_600_000, 'how long a client may be away before its call ends'),
  EARSHOT_LATE_MS: integer(1_000, 100, 60_000, 'how long a silent channel is waited for while the other goes on'),
  EARSHOT_BUS_BYTES_MAX: integer(256 * 1_024 * 1_024, 65_536, 2 ** 40, 'bytes that may wait to be analysed, all calls'),
  EARSHOT_TEXT: choice('none', TEXT_POLICIES, 'what is kept of transcripts and of what agents say'),
  EARSHOT_TEXT_TENANTS: {
    fallback: '',
    meaning: 'exceptions from that, by tenant, e.g. acme=full,beta=redacted',
    expected: `tenant=policy pairs with commas, policies of ${TEXT_POLICIES.join(', ')}`,
    accepts: (text) => text === '' || text.split(',').every((pair) => POLICY_PAIR.test(pair.trim())),
  },
  EARSHOT_HELD_TEXT_BYTES_MAX: integer(
    64 * 1_024 * 1_024,
    0,
    2 ** 40,
    'texts of running calls that are held in memory, whatever is kept of them, to be compared with the audio',
  ),
  EARSHOT_TRACES_URL: {
    fallback: '',
    meaning: 'where Earshot sends spans of its own work, e.g. http://localhost:4318/v1/traces; empty: it makes none',
    expected: 'an http or https URL',
    accepts: (text) => text === '' || /^https?:\/\/[^\s/]+(\/\S*)?$/.test(text),
  },
  EARSHOT_TRACES_HEADERS: {
    fallback: '',
    meaning: 'headers sent with them, e.g. authorization=Bearer abc,x-scope=voice',
    expected: 'name=value pairs with commas',
    accepts: (text) => text === '' || text.split(',').every((pair) => /^\s*[\w-]+=[^\r\n]*$/.test(pair)),
    isSecret: true,
  },
  EARSHOT_PRICES_FILE: text('', 'price table to use instead of deploy/prices.json'),
  EARSHOT_OTLP_GRPC_PORT: integer(4_317, 0, 65_535, 'port that takes OTLP spans by gRPC; 0: none'),
  EARSHOT_LOG_LEVEL: choice(
    'info',
    ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
    'least level that is logged',
  ),
  EARSHOT_ALLOW_UNAUTHENTICATED: choice('0', ['0', '1'], '1 lets a non-loopback host be served, by whoever reaches it'),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

export type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(environment: Environment = process.env): Config {
  const problems: string[] = [];
  for (const name of Object.keys(environment)) {
    if (name.startsWith('EARSHOT_') && !Object.hasOwn(SETTINGS, name) && !FOREIGN.has(name)) {
      problems.push(`${name} is no setting; the nearest is ${nearest(name)}`);
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
    store: storeOf(value),
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

/** Variables of the tests and tools, which the service does not read. */
const FOREIGN = new Set(['EARSHOT_DATA', 'EARSHOT_URL']);

function storeOf(value: (name: SettingName) => string): StoreLocation {
  const url = value('EARSHOT_CLICKHOUSE_URL');
  if (url === '') return { kind: 'embedded', dataDir: value('EARSHOT_DATA_DIR') };
  const file = value('EARSHOT_CLICKHOUSE_PASSWORD_FILE');
  const password = file === '' ? value('EARSHOT_CLICKHOUSE_PASSWORD') : readFileSync(file, 'utf8').trim();
  return { kind: 'server', url, username: value('EARSHOT_CLICKHOUSE_USER'), password };
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

function nearest(name: string): string {
  const distances = Object.keys(SETTINGS).map((known) => ({ known, distance: editDistance(name, known) }));
  return distances.reduce((a, b) => (a.distance <= b.distance ? a : b)).known;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
