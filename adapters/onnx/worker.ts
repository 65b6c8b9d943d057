/**
 * An inference worker: owns the models' sessions (onnxruntime's `run` blocks its thread, so it must not be the main one) and
 * scores one batch after another. Loaded once; a session is never replaced in place, since releasing one leaks.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { SpeechRow, SpeechScores } from '../../core/inference/speechModel.ts';
import type { WindowScores } from '../../core/inference/windowModel.ts';
import { runBatch, type TensorClass } from './batchRun.ts';
import { runEdge } from './edgeRun.ts';
import { halved } from './halve.ts';
import { runWindows, type WindowModelSpec } from './windowRun.ts';

export interface WorkerSetup {
  readonly speech: Uint8Array;
  readonly edge: Uint8Array;
  readonly windowModels: readonly { readonly spec: WindowModelSpec; readonly weights: Uint8Array }[];
}

export type BatchRequest =
  | {
      readonly type: 'speech';
      readonly batchId: number;
      readonly rows: readonly SpeechRow[];
    }
  | {
      readonly type: 'windows';
      readonly batchId: number;
      readonly models: readonly string[];
      readonly rows: readonly Float32Array[];
    };

export type WorkerReply =
  | { readonly type: 'ready' }
  | {
      readonly type: 'scored';
      readonly batchId: number;
      readonly scores: readonly (SpeechScores | WindowScores)[];
      readonly runMs: number;
    }
  | { readonly type: 'failed'; readonly batchId: number; readonly error: string };

const port = parentPort;
if (port === null) throw new Error('adapters/onnx/worker.ts runs in a worker thread only');

const open = (weights: Uint8Array): Promise<InferenceSession> =>
  InferenceSession.create(weights, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: true,
    logSeverityLevel: 3,
  });

const setup = workerData as WorkerSetup;
const speech = await open(setup.speech);
const edge = await open(setup.edge);
const windowModels = new Map<string, { spec: WindowModelSpec; session: InferenceSession }>();
for (const { spec, weights } of setup.windowModels) windowModels.set(spec.name, { spec, session: await open(weights) });
const tensors = Tensor as unknown as TensorClass;

async function scoreSpeech(rows: readonly SpeechRow[]): Promise<SpeechScores[]> {
  const at8k = rows.map((row) => (row.rateHz === 8_000 ? row : halved(row)));
  const heard = await runBatch(speech, tensors, at8k);
  const edges = await runEdge(edge, tensors, at8k, heard);
  return heard.map(({ probabilities, state }, row) => ({ probabilities, state, ...edges[row] }));
}

/** A model that fails costs its own scores only. */
async function scoreWindows(models: readonly string[], rows: readonly Float32Array[]): Promise<WindowScores[]> {
  const scores: Record<string, WindowScores[string]>[] = rows.map(() => ({}));
  for (const name of models) {
    const model = windowModels.get(name);
    if (model === undefined) throw new Error(`no model ${name} was loaded`);
    const outputs = await runWindows(model.session, tensors, model.spec, rows).catch(() => null);
    scores.forEach((row, place) => (row[name] = outputs?.[place] ?? 'failed'));
  }
  return scores;
}

const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

const arraysOf = (scores: SpeechScores | WindowScores): Float32Array[] =>
  Object.values(scores).flatMap((part: Float32Array | WindowScores[string]) => {
    if (typeof part === 'string') return [];
    return part instanceof Float32Array ? [part] : Object.values(part);
  });

const run = (request: BatchRequest): Promise<(SpeechScores | WindowScores)[]> =>
  request.type === 'speech' ? scoreSpeech(request.rows) : scoreWindows(request.models, request.rows);

port.on('message', (request: BatchRequest) => {
  const startedAt = performance.now();
  const { batchId } = request;
  run(request).then(
    (scores) => {
      const buffers = scores.flatMap(arraysOf).map(({ buffer }) => buffer as ArrayBuffer);
      reply({ type: 'scored', batchId, scores, runMs: performance.now() - startedAt }, buffers);
    },
    (error: Error) => reply({ type: 'failed', batchId, error: error.message }),
  );
});
reply({ type: 'ready' });
