/** Recordings analysed for checks: several at once, since they share the models' batches; nothing is stored. */
import { createRecordingPool } from '../../adapters/onnx/recordingPool.ts';
import type { ModelChoice } from '../../adapters/onnx/windowModels.ts';
import { measureCall, type CallMeasures } from '../../core/checks/callMeasures.ts';
import { heardCallOf } from '../../core/checks/heardCall.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { analyzeRecording } from '../../services/analyze/analyzeRecording.ts';
import { stereoRecording, type Recording, type RecordingOptions } from '../recording.ts';

export interface MeasuredCalls {
  readonly calls: readonly CallMeasures[];
  readonly notes: readonly string[];
}

const AT_ONCE = 4;

/** A call is named by its file as it was told, so that the same recording has the same name in a later run. */
export async function measureRecordings(
  files: readonly string[],
  options: RecordingOptions,
  models: ModelChoice,
): Promise<MeasuredCalls> {
  const recordings = await openAll(files, options);
  const pool = await createRecordingPool(models);
  const calls: CallMeasures[] = [];
  const waiting = [...recordings.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, recording] = next;
      const facts: Fact[] = [];
      await analyzeRecording(recording.open, recording.messages(), pool, (fact) => {
        if (fact.kind !== 'frames') facts.push(fact);
      });
      calls[place] = measureCall(heardCallOf(callName(files[place]), facts));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await pool.close();
  }
  const truncated = files.filter((_, place) => recordings[place].isTruncated);
  return {
    calls,
    notes: truncated.map(
      (file) => `file_truncated: ${file} promises more audio than it has; what is there was analysed`,
    ),
  };
}

export const callName = (file: string): string => file.replace(/\.wav$/i, '');

/** All files that cannot be read are told at once. */
async function openAll(files: readonly string[], options: RecordingOptions): Promise<Recording[]> {
  const opened = await Promise.allSettled(files.map((file) => stereoRecording(file, options)));
  const problems = opened.flatMap((result, place): string[] => {
    if (result.status === 'fulfilled') return [];
    const error: unknown = result.reason;
    if (error instanceof InvalidInput || isFileError(error)) return [`\n  ${files[place]}: ${error.message}`];
    throw error;
  });
  if (problems.length > 0) {
    throw new InvalidInput('file_invalid', { expected: 'stereo WAV files', got: problems.join('') });
  }
  return opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined;
