/** The service as its users start it, in a process of its own that can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../adapters/packageRoot.ts';

export interface ServeProcess {
  readonly streamUrl: string;
  readonly pid: number;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Ends it as a deployment does. */
  stop(): Promise<void>;
}

export interface StartingProcess {
  /** Rejects when the process ends before it listens. */
  readonly started: Promise<ServeProcess>;
  kill(): Promise<void>;
}

export const startServeProcess = (settings: Readonly<Record<string, string>>): Promise<ServeProcess> =>
  spawnServeProcess(settings).started;

export function spawnServeProcess(settings: Readonly<Record<string, string>>): StartingProcess {
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'cli', 'earshot.js'), 'serve'], {
    cwd: packageRoot,
    env: { PATH: process.env.PATH, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const kill = (): Promise<void> => end('SIGKILL');
  const started = streamUrlOf(child).then((streamUrl) => ({
    streamUrl,
    pid: child.pid ?? 0,
    kill,
    stop: () => end('SIGTERM'),
  }));
  return { started, kill };
}

async function streamUrlOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the log of the service is not read');
  const log: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    log.push(line);
    const { stream } = JSON.parse(line) as { stream?: string };
    if (stream === undefined) continue;
    child.stdout.resume();
    return stream;
  }
  throw new Error(`the service did not start: ${log.join('\n')}`);
}
