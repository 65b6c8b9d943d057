/** The known name that somebody may have meant: the one that takes the fewest changes of letters. */
export function nearestOf(name: string, known: readonly string[]): string {
  const distances = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  return distances.reduce((a, b) => (a.distance <= b.distance ? a : b)).candidate;
}

/** Names are short; what is longer than any is cut before it costs time. */
const LENGTH_MAX = 100;

/** Levenshtein distance, one row at a time. */
function editDistance(told: string, known: string): number {
  const a = told.slice(0, LENGTH_MAX);
  let row = Array.from({ length: known.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= known.length; j += 1) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === known[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[known.length];
}
