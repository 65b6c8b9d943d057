/** Known names that somebody may have meant: those that take the fewest slips of the hand. */

/** What is longer is no slip: it is cut, or not guessed at, before it costs time. */
const LENGTH_MAX = 60;

/** The nearest, however far it is. */
export const nearestOf = (name: string, known: readonly string[]): string => ranked(name, known)[0].name;

/** Null: none is near enough to be worth guessing. */
export function nearestName(got: string, names: readonly string[]): string | null {
  if (got.length > LENGTH_MAX) return null;
  const best = ranked(got, names).at(0);
  return best !== undefined && best.slips <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : null;
}

const ranked = (got: string, names: readonly string[]): { readonly name: string; readonly slips: number }[] =>
  names
    .map((name) => ({ name, slips: slipsBetween(got.slice(0, LENGTH_MAX).toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.slips - b.slips);

/** Insertions, deletions, replacements, and two neighbours swapped, each as one. */
function slipsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? beforeLast[j - 2] + 1 : Infinity;
      row.push(Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + same, swapped));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}
