/** Programs from the folder of an image, started as compose.yaml starts them: its settings, its user, and only the addresses are others. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { freePort } from './freePort.ts';

/** The image's user. Only root can become another; else the programs run as who the test is. */
export const STRANGER = process.getuid?.() === 0 ? { uid: 65_532, gid: 65_532 } : {};

export interface Surroundings {
  readonly image: string;
  readonly kafka: string;
  readonly clickhouse: string;
  /** Where newSecrets.sh shall put what is mounted at /run/secrets. */
  readonly secrets: string;
}

export interface ImageRole {
  readonly url: string;
  readonly pid: number;
  /** What health.mjs says: its exit status. */
  health(): Promise<number>;
  /** SIGTERM; resolves with the exit status and how long it took. */
  stop(): Promise<{ readonly status: number | null; readonly tookMs: number }>;
  kill(): void;
}

interface Compose {
  readonly 'x-settings': Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, { readonly command: readonly string[] }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const deploy = join(packageRoot, 'deploy');

export function openImage({ image, kafka, clickhouse, secrets }: Surroundings): {
  /** Runs to its end. */
  run(service: string): Promise<{ readonly status: number | null; readonly said: string }>;
  /** Resolves when it listens. */
  start(service: string): Promise<ImageRole>;
} {
  execFileSync('sh', [join(deploy, 'newSecrets.sh'), secrets]);
  if (STRANGER.uid !== undefined) execFileSync('chown', ['-R', String(STRANGER.uid), secrets]);
  const compose = parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8'), { merge: true }) as Compose;
  const settings = Object.fromEntries(
    Object.entries(compose['x-settings']).map(([name, value]) => [name, inside(value)]),
  );

  function inside(value: string): string {
    const [, mounted] = /^\/run\/secrets\/(\w+)$/.exec(value) ?? [];
    if (mounted !== undefined) return join(secrets, compose.secrets[mounted].file.replace('./secrets/', ''));
    return value.replace('kafka:9092', kafka).replace('http://clickhouse:8123', clickhouse);
  }

  function spawned(args: readonly string[], own: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn(process.execPath, args, {
      cwd: image,
      // A temporary folder there is none either.
      env: { NODE_ENV: 'production', TMPDIR: '/nonexistent', ...settings, ...own },
      stdio: ['ignore', 'pipe', 'inherit'],
      ...STRANGER,
    });
  }

  return {
    async run(service) {
      const child = spawned(['dist/cli/earshot.js', ...compose.services[service].command]);
      const said: string[] = [];
      child.stdout?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
      const [status] = (await once(child, 'close')) as [number | null];
      return { status, said: said.join('') };
    },
    async start(service) {
      const port = await freePort();
      const own = { EARSHOT_PORT: String(port), EARSHOT_OTLP_GRPC_PORT: '0' };
      const child = spawned(['dist/cli/earshot.js', ...compose.services[service].command], own);
      await listening(child, service);
      return {
        url: `http://127.0.0.1:${port}`,
        pid: child.pid ?? 0,
        async health() {
          const [status] = (await once(spawned(['health.mjs'], own), 'exit')) as [number];
          return status;
        },
        async stop() {
          const startedAt = performance.now();
          const exited = once(child, 'exit');
          child.kill('SIGTERM');
          const [status] = (await exited) as [number | null];
          return { status, tookMs: performance.now() - startedAt };
        },
        kill: () => void child.kill('SIGKILL'),
      };
    },
  };
}

async function listening(child: ChildProcess, service: string): Promise<void> {
  if (child.stdout === null) throw new Error('its log is not read');
  const log: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    log.push(line);
    if (!line.includes('earshot listens')) continue;
    child.stdout.resume();
    return;
  }
  throw new Error(`${service} did not start: ${log.join('\n')}`);
}
