/** One-to-one matching of what was found with what is true: the closest pairs first. */
export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/** Pairs [index of truth, index of found] at most `withinMs` apart. */
export function matchNearest(truth: readonly number[], found: readonly number[], withinMs: number): [number, number][] {
  return greedy(truth.length, found.length, (t, f) => {
    const distance = Math.abs(truth[t] - found[f]);
    return distance <= withinMs ? -distance : null;
  });
}

/** Pairs whose intersection is at least `iouMin` of their union. */
export function matchOverlapping(
  truth: readonly Interval[],
  found: readonly Interval[],
  iouMin: number,
): [number, number][] {
  return greedy(truth.length, found.length, (t, f) => {
    const iou = intersectionOverUnion(truth[t], found[f]);
    return iou >= iouMin ? iou : null;
  });
}

/** `score`: the higher the better; null = no pair. */
function greedy(
  rows: number,
  columns: number,
  score: (row: number, column: number) => number | null,
): [number, number][] {
  const candidates: { row: number; column: number; score: number }[] = [];
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const value = score(row, column);
      if (value !== null) candidates.push({ row, column, score: value });
    }
  }
  candidates.sort((a, b) => b.score - a.score);
  const rowsTaken = new Set<number>();
  const columnsTaken = new Set<number>();
  const pairs: [number, number][] = [];
  for (const { row, column } of candidates) {
    if (rowsTaken.has(row) || columnsTaken.has(column)) continue;
    rowsTaken.add(row);
    columnsTaken.add(column);
    pairs.push([row, column]);
  }
  return pairs.sort(([a], [b]) => a - b);
}

function intersectionOverUnion(a: Interval, b: Interval): number {
  const intersection = Math.min(a.endMs, b.endMs) - Math.max(a.startMs, b.startMs);
  const union = Math.max(a.endMs, b.endMs) - Math.min(a.startMs, b.startMs);
  return intersection <= 0 || union <= 0 ? 0 : intersection / union;
}
