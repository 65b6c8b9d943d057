/** The model pool for recordings: one worker, big batches, and nothing dropped however long it takes. */
import { createModelPool, type ModelPool } from './modelPool.ts';
import { EVERY_OWN_MODEL, loadWindowModels, type ModelChoice } from './windowModels.ts';

export const createRecordingPool = async (choice: ModelChoice = EVERY_OWN_MODEL): Promise<ModelPool> =>
  createModelPool({
    workers: 1,
    batchRowsMax: 64,
    batchWaitMs: 0,
    windowModels: await loadWindowModels(choice),
    shedAfterMs: null,
    windowShareMax: 1,
  });
