/**
 * The batcher of the speech model: rows of all calls wait in one queue per rate; whenever a worker is free it takes up
 * to `batchRowsMax` of them as one batch. Under load batches grow by themselves, since rows gather while workers run.
 */
import { Worker } from 'node:worker_threads';
import {
  SPEECH_MODEL_16K,
  SPEECH_MODEL_8K,
  type SpeechBatcher,
  type SpeechModelFormat,
  type SpeechRow,
  type SpeechScores,
} from '../../core/inference/speechModel.ts';
import { loadModel } from './modelCard.ts';
import type { BatchRequest, WorkerReply, WorkerSetup } from './worker.ts';

export interface SpeechPoolOptions {
  readonly workers: number;
  readonly batchRowsMax: number;
  /** How long a first row may wait for company while a worker is free. */
  readonly batchWaitMs: number;
  readonly onBatch?: (batch: BatchReport) => void;
  /** A worker died of something that is not a row's fault; the pool is of no more use. */
  readonly onFailure?: (error: Error) => void;
}

export interface BatchReport {
  readonly rows: number;
  readonly windows: number;
  readonly waitedMs: number;
  readonly runMs: number;
}

export interface SpeechPool extends SpeechBatcher {
  /** How long the oldest waiting row has waited; the measure of overload. */
  queueDelayMs(): number;
  isAlive(): boolean;
  close(): Promise<void>;
}

interface Waiting {
  readonly row: SpeechRow;
  readonly since: number;
  readonly resolve: (scores: SpeechScores) => void;
  readonly reject: (error: Error) => void;
}

export async function createSpeechPool(options: SpeechPoolOptions): Promise<SpeechPool> {
  const { weights } = await loadModel('silero-vad');
  const queues: { format: SpeechModelFormat; waiting: Waiting[] }[] = [
    { format: SPEECH_MODEL_8K, waiting: [] },
    { format: SPEECH_MODEL_16K, waiting: [] },
  ];
  const running = new Map<number, Waiting[]>();
  const idle: Worker[] = [];
  const workers = await Promise.all(Array.from({ length: options.workers }, () => startWorker(weights)));
  let nextBatchId = 0;
  let timer: NodeJS.Timeout | null = null;
  let failure: Error | null = null;
  let closed = false;

  for (const worker of workers) {
    idle.push(worker);
    worker.on('message', (message: WorkerReply) => settle(worker, message));
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`an inference worker ended with code ${code}`)));
  }

  function dispatch(): void {
    while (idle.length > 0) {
      const oldest = oldestQueue();
      if (oldest === null) return;
      const waitedMs = performance.now() - oldest.waiting[0].since;
      if (waitedMs < options.batchWaitMs && oldest.waiting.length < options.batchRowsMax) {
        timer ??= setTimeout(onTimer, options.batchWaitMs - waitedMs);
        return;
      }
      send(idle.shift() as Worker, oldest.format, oldest.waiting.splice(0, options.batchRowsMax));
    }
  }

  function onTimer(): void {
    timer = null;
    dispatch();
  }

  function oldestQueue(): (typeof queues)[number] | null {
    const filled = queues.filter(({ waiting }) => waiting.length > 0);
    if (filled.length === 0) return null;
    return filled.reduce((a, b) => (a.waiting[0].since <= b.waiting[0].since ? a : b));
  }

  function send(worker: Worker, format: SpeechModelFormat, batch: Waiting[]): void {
    const batchId = nextBatchId;
    nextBatchId += 1;
    running.set(batchId, batch);
    const request: BatchRequest = { batchId, format, rows: batch.map(({ row }) => row) };
    worker.postMessage(request);
  }

  function settle(worker: Worker, reply: WorkerReply): void {
    if (reply.type === 'ready') return;
    const batch = running.get(reply.batchId) as Waiting[];
    running.delete(reply.batchId);
    idle.push(worker);
    if (reply.type === 'failed') {
      for (const { reject } of batch) reject(new Error(`speech model: ${reply.error}`));
    } else {
      const now = performance.now();
      options.onBatch?.({
        rows: batch.length,
        windows: batch.reduce((sum, { row }) => sum + row.windowCount, 0),
        waitedMs: now - batch[0].since - reply.runMs,
        runMs: reply.runMs,
      });
      batch.forEach(({ resolve }, index) => resolve(reply.scores[index]));
    }
    dispatch();
  }

  function fail(error: Error): void {
    if (closed || failure !== null) return;
    failure = error;
    const stranded = [...running.values(), ...queues.map(({ waiting }) => waiting.splice(0))].flat();
    running.clear();
    for (const { reject } of stranded) reject(error);
    options.onFailure?.(error);
  }

  return {
    score: (row) =>
      new Promise((resolve, reject) => {
        const broken = closed ? new Error('the speech pool is closed') : failure;
        if (broken !== null) return reject(broken);
        const queue = row.rateHz === 8_000 ? queues[0] : queues[1];
        queue.waiting.push({ row, since: performance.now(), resolve, reject });
        dispatch();
      }),
    queueDelayMs() {
      const oldest = oldestQueue();
      return oldest === null ? 0 : performance.now() - oldest.waiting[0].since;
    },
    isAlive: () => failure === null && !closed,
    async close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function startWorker(weights: Uint8Array): Promise<Worker> {
  const setup: WorkerSetup = { weights };
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: setup });
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve(worker));
    worker.once('error', reject);
  });
}
