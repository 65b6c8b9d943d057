/** Runs windows of one format through one model: a batch is one run, since no row hangs on another. */
import type { InferenceSession } from 'onnxruntime-node';
import type { ModelOutputs } from '../../core/inference/windowModel.ts';
import type { TensorClass } from './batchRun.ts';

/** What a worker has to know of a model beside its weights. */
export interface WindowModelSpec {
  readonly name: string;
  readonly input: string;
  /** The part of a row's samples that the model reads. */
  readonly firstSample: number;
  readonly sampleCount: number;
  readonly outputs: readonly OutputSpec[];
}

export interface OutputSpec {
  readonly name: string;
  readonly tensor: string;
  readonly column?: number;
  readonly polynomial?: readonly number[];
}

/** One set of outputs a row. */
export async function runWindows(
  session: InferenceSession,
  Tensor: TensorClass,
  { input, firstSample, sampleCount, outputs }: WindowModelSpec,
  rows: readonly Float32Array[],
): Promise<ModelOutputs[]> {
  const samples = new Float32Array(rows.length * sampleCount);
  rows.forEach((row, place) => samples.set(row.subarray(firstSample, firstSample + sampleCount), place * sampleCount));
  const results = await session.run({ [input]: new Tensor('float32', samples, [rows.length, sampleCount]) });
  return rows.map((_, place) =>
    Object.fromEntries(outputs.map((output) => [output.name, valuesOf(results, output, place, rows.length)])),
  );
}

function valuesOf(
  results: InferenceSession.OnnxValueMapType,
  { tensor, column, polynomial }: OutputSpec,
  place: number,
  rows: number,
): Float32Array {
  const all = results[tensor].data as Float32Array;
  const length = all.length / rows;
  const row = all.subarray(place * length, (place + 1) * length);
  const values = column === undefined ? row.slice() : row.slice(column, column + 1);
  return polynomial === undefined ? values : values.map((value) => evaluate(polynomial, value));
}

const evaluate = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
