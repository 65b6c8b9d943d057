/** Starts the inference workers with the weights of all models. */
import './quietRuntime.ts';
import { Worker } from 'node:worker_threads';
import { loadModel } from './modelCard.ts';
import type { WindowGroup } from './windowGroups.ts';
import type { BatchRequest, WorkerReply, WorkerSetup } from './worker.ts';

export interface PoolWorker {
  post(request: BatchRequest): void;
  /** Windows may run on it again from this moment of the process's monotonic clock (ms). */
  windowsFrom: number;
  terminate(): Promise<unknown>;
}

export interface WorkerHooks {
  readonly onReply: (worker: PoolWorker, reply: Exclude<WorkerReply, { type: 'ready' }>) => void;
  /** It threw or went away. */
  readonly onEnd: (error: Error) => void;
}

export async function startWorkers(
  count: number,
  groups: readonly WindowGroup[],
  hooks: WorkerHooks,
): Promise<PoolWorker[]> {
  const setup = await setupOf(groups);
  return Promise.all(Array.from({ length: count }, () => startWorker(setup, hooks)));
}

async function setupOf(groups: readonly WindowGroup[]): Promise<WorkerSetup> {
  const [silero, edge] = await Promise.all(['silero-vad', 'speech-edge'].map((name) => loadModel(name)));
  const windowModels = groups.flatMap(({ specs, weights }) =>
    specs.map((spec) => ({ spec, weights: weights.get(spec.name) as Uint8Array })),
  );
  return { speech: silero.weights, edge: edge.weights, windowModels };
}

function startWorker(setup: WorkerSetup, { onReply, onEnd }: WorkerHooks): Promise<PoolWorker> {
  const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData: setup });
  const worker: PoolWorker = {
    post: (request) => thread.postMessage(request),
    windowsFrom: 0,
    terminate: () => thread.terminate(),
  };
  return new Promise((resolve, reject) => {
    thread.on('message', (reply: WorkerReply) => {
      if (reply.type === 'ready') resolve(worker);
      else onReply(worker, reply);
    });
    thread.on('error', (error) => {
      reject(error);
      onEnd(error);
    });
    thread.on('exit', (code) => onEnd(new Error(`an inference worker ended with code ${code}`)));
  });
}
