/**
 * The batcher of all models: rows of all calls wait in one queue a format; whenever a worker is free it takes some of them as
 * one batch. Under load batches grow by themselves, since rows gather while workers run. Rows of the speech models go first:
 * calls wait for them. Windows take what is left, up to a share of each worker's time; when they wait too long, models are
 * dropped, the least important first, and the rows say which.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { SpeechRow, SpeechScores } from '../../core/inference/speechModel.ts';
import type { ModelBatcher, WindowScores } from '../../core/inference/windowModel.ts';
import type { LoadedModel, WindowModelCard } from './modelCard.ts';
import { createRowQueue, type RowQueue, type WaitingRow } from './rowQueue.ts';
import { modelsInTime } from './shedding.ts';
import { windowGroupsOf, type WindowGroup } from './windowGroups.ts';
import type { BatchRequest, WorkerReply } from './worker.ts';
import { startWorkers, type PoolWorker } from './workers.ts';

export interface ModelPoolOptions {
  readonly workers: number;
  readonly batchRowsMax: number;
  /** How long a first row may wait for company while a worker is free. */
  readonly batchWaitMs: number;
  /** Models that read windows, the most important first; none: only who speaks is heard. */
  readonly windowModels: readonly LoadedModel<WindowModelCard>[];
  /** Windows that wait longer lose models, one after another; null: they wait as long as it takes. */
  readonly shedAfterMs: number | null;
  /** The share of a worker's time that windows may take, 0..1. */
  readonly windowShareMax: number;
  readonly onBatch?: (batch: BatchReport) => void;
  readonly onShed?: (model: string, rows: number) => void;
  /** A worker died of something that is not a row's fault; the pool is of no more use. */
  readonly onFailure?: (error: Error) => void;
}

export interface BatchReport {
  readonly kind: 'speech' | 'windows';
  readonly rows: number;
  readonly waitedMs: number;
  readonly runMs: number;
}

export interface ModelPool extends ModelBatcher {
  /** How long the oldest waiting row of the speech models has waited; the measure of overload. */
  queueDelayMs(): number;
  isAlive(): boolean;
  close(): Promise<void>;
}

/** A window costs a few milliseconds; so many hold a worker no longer than a window of the speech model lasts. */
const WINDOW_BATCH_ROWS_MAX = 8;
/** No run takes as long. */
const RUN_MS_MAX = 10_000;

type SpeechWaiting = WaitingRow<SpeechRow, SpeechScores>;
type WindowWaiting = WaitingRow<Float32Array, WindowScores>;

type Running =
  | { readonly kind: 'speech'; readonly batch: readonly SpeechWaiting[] }
  | { readonly kind: 'windows'; readonly batch: readonly WindowWaiting[]; readonly shed: readonly string[] };

interface WindowLane {
  readonly group: WindowGroup;
  readonly queue: RowQueue<Float32Array, WindowScores>;
}

export async function createModelPool(options: ModelPoolOptions): Promise<ModelPool> {
  const groups = windowGroupsOf(options.windowModels);
  const speechRows: RowQueue<SpeechRow, SpeechScores> = createRowQueue();
  const windowLanes: WindowLane[] = groups.map((group) => ({ group, queue: createRowQueue() }));
  const running = new Map<number, Running>();
  // A worker may end before it has started.
  let failure: Error | null = null;
  let closed = false;
  const workers = await startWorkers(options.workers, groups, { onReply: settle, onEnd: fail });
  const idle: PoolWorker[] = [...workers];
  let nextBatchId = 0;
  let timer: NodeJS.Timeout | null = null;
  let onAllDone: () => void = () => undefined;

  function dispatch(): void {
    if (closed) return;
    for (const worker of [...idle]) {
      const request = nextSpeech() ?? nextWindows(worker);
      if (request === null) continue;
      idle.splice(idle.indexOf(worker), 1);
      worker.post(request);
    }
  }

  function wake(afterMs: number): void {
    timer ??= setTimeout(() => {
      timer = null;
      dispatch();
    }, afterMs);
  }

  function nextSpeech(): BatchRequest | null {
    if (speechRows.length === 0) return null;
    const waitedMs = speechRows.waitedMs();
    if (waitedMs < options.batchWaitMs && speechRows.length < options.batchRowsMax) {
      wake(options.batchWaitMs - waitedMs);
      return null;
    }
    const batch = speechRows.take(options.batchRowsMax);
    const batchId = remember({ kind: 'speech', batch });
    return { type: 'speech', batchId, rows: batch.map(({ row }) => row) };
  }

  function nextWindows(worker: PoolWorker): BatchRequest | null {
    const lane = longestWaiting(windowLanes);
    if (lane === null) return null;
    const restMs = worker.windowsFrom - performance.now();
    if (restMs > 0) {
      wake(restMs);
      return null;
    }
    const { queue, group } = lane;
    const all = group.specs.map(({ name }) => name);
    const models = modelsInTime(all, queue.waitedMs(), options.shedAfterMs);
    const shed = all.filter((name) => !models.includes(name));
    const batch = queue.take(WINDOW_BATCH_ROWS_MAX);
    for (const name of shed) options.onShed?.(name, batch.length);
    const batchId = remember({ kind: 'windows', batch, shed });
    return { type: 'windows', batchId, models, rows: batch.map(({ row }) => row) };
  }

  function remember(batch: Running): number {
    const batchId = nextBatchId;
    nextBatchId += 1;
    running.set(batchId, batch);
    return batchId;
  }

  function settle(worker: PoolWorker, reply: Exclude<WorkerReply, { type: 'ready' }>): void {
    const done = running.get(reply.batchId) as Running;
    running.delete(reply.batchId);
    idle.push(worker);
    if (running.size === 0) onAllDone();
    if (reply.type === 'failed') {
      for (const { reject } of done.batch) reject(new Error(`models: ${reply.error}`));
    } else {
      const { runMs } = reply;
      const now = performance.now();
      options.onBatch?.({
        kind: done.kind,
        rows: done.batch.length,
        waitedMs: now - done.batch[0].since - runMs,
        runMs,
      });
      if (done.kind === 'windows') worker.windowsFrom = now + runMs * (1 / options.windowShareMax - 1);
      give(done, reply.scores);
    }
    dispatch();
  }

  function fail(error: Error): void {
    if (closed || failure !== null) return;
    failure = error;
    const stranded = [...[...running.values()].flatMap<{ reject: (error: Error) => void }>(({ batch }) => [...batch])];
    stranded.push(...speechRows.take(speechRows.length));
    for (const { queue } of windowLanes) stranded.push(...queue.take(queue.length));
    running.clear();
    for (const { reject } of stranded) reject(error);
    options.onFailure?.(error);
  }

  const broken = (): Error | null => (closed ? new Error('the model pool is closed') : failure);

  return {
    formats: groups.map(({ format }) => format),
    score: (row) => {
      const error = broken();
      if (error !== null) return Promise.reject(error);
      const scores = speechRows.add(row);
      dispatch();
      return scores;
    },
    measure: ({ format, samples }) => {
      const error = broken();
      if (error !== null) return Promise.reject(error);
      const lane = windowLanes.find(({ group }) => group.format.name === format);
      if (lane === undefined) return Promise.reject(new Error(`no model reads windows of format ${format}`));
      const scores = lane.queue.add(samples);
      dispatch();
      return scores;
    },
    queueDelayMs: () => speechRows.waitedMs(),
    isAlive: () => broken() === null,
    async close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      // A thread that is ended in the middle of a run takes the whole process with it.
      const allDone = new Promise<void>((resolve) => (onAllDone = resolve));
      if (running.size > 0 && failure === null)
        await Promise.race([allDone, pause(RUN_MS_MAX, undefined, { ref: false })]);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function give(done: Running, scores: readonly (SpeechScores | WindowScores)[]): void {
  if (done.kind === 'speech') {
    done.batch.forEach(({ resolve }, index) => resolve(scores[index] as SpeechScores));
    return;
  }
  const dropped = Object.fromEntries(done.shed.map((model) => [model, 'shed'] as const));
  done.batch.forEach(({ resolve }, index) => resolve({ ...(scores[index] as WindowScores), ...dropped }));
}

/** The lane whose first window has waited longest, if any waits. */
function longestWaiting(lanes: readonly WindowLane[]): WindowLane | null {
  const filled = lanes.filter(({ queue }) => queue.length > 0);
  if (filled.length === 0) return null;
  return filled.reduce((a, b) => (a.queue.waitedMs() >= b.queue.waitedMs() ? a : b));
}
