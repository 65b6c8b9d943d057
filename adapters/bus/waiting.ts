/** Waiting for a while, not longer than a while, for as long as it takes, and for room. */
import { Busy } from '../../core/units/errors.ts';

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Rejects when it takes longer; the work itself goes on. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const AGAIN_AFTER_MS = 500;

/** Tries until it is done. Null: nobody wants it any more. */
export async function patiently<T>(
  work: () => Promise<T>,
  isWanted: () => boolean,
  onTrouble: (error: Error) => void,
): Promise<T | null> {
  for (;;) {
    if (!isWanted()) return null;
    try {
      const done = await work();
      return isWanted() ? done : null;
    } catch (error) {
      onTrouble(error as Error);
      await pause(AGAIN_AFTER_MS);
    }
  }
}

/** Gives it again as often as there is no room for it, until nobody wants that any more. */
export async function whenTaken(give: () => Promise<void>, isWanted: () => boolean = () => true): Promise<void> {
  for (;;) {
    try {
      return await give();
    } catch (error) {
      if (!(error instanceof Busy) || !isWanted()) throw error;
      await pause(error.retryAfterMs);
    }
  }
}
