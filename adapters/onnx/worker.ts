/**
 * An inference worker: owns one session (onnxruntime's `run` blocks its thread, so it must not be the main one) and
 * scores one batch after another. Loaded once; a session is never replaced in place, since releasing one leaks.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { SpeechModelFormat, SpeechRow, SpeechScores } from '../../core/inference/speechModel.ts';
import { runBatch, type TensorClass } from './batchRun.ts';

export interface WorkerSetup {
  readonly weights: Uint8Array;
}

export interface BatchRequest {
  readonly batchId: number;
  readonly format: SpeechModelFormat;
  readonly rows: readonly SpeechRow[];
}

export type WorkerReply =
  | { readonly type: 'ready' }
  | { readonly type: 'scored'; readonly batchId: number; readonly scores: SpeechScores[]; readonly runMs: number }
  | { readonly type: 'failed'; readonly batchId: number; readonly error: string };

const port = parentPort;
if (port === null) throw new Error('adapters/onnx/worker.ts runs in a worker thread only');

const session = await InferenceSession.create((workerData as WorkerSetup).weights, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableCpuMemArena: true,
  logSeverityLevel: 3,
});

const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

port.on('message', ({ batchId, format, rows }: BatchRequest) => {
  const startedAt = performance.now();
  runBatch(session, Tensor as unknown as TensorClass, format, rows).then(
    (scores) => {
      const buffers = scores.flatMap(({ probabilities, state }) => [
        probabilities.buffer,
        state.buffer,
      ]) as ArrayBuffer[];
      reply({ type: 'scored', batchId, scores, runMs: performance.now() - startedAt }, buffers);
    },
    (error: unknown) => reply({ type: 'failed', batchId, error: String(error) }),
  );
});
reply({ type: 'ready' });
