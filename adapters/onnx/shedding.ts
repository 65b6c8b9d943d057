/** Which models a window still gets after it has waited: the least important is dropped first, then one after another. */

/** Each further model is dropped after so much more waiting, as a share of the first one's. */
const STEP = 0.5;

/** `models`: the most important first. `shedAfterMs` null: all, however long it waited. */
export function modelsInTime(
  models: readonly string[],
  waitedMs: number,
  shedAfterMs: number | null,
): readonly string[] {
  if (shedAfterMs === null) return models;
  return models.filter((_, index) => waitedMs < shedAfterMs * (1 + STEP * (models.length - 1 - index)));
}
