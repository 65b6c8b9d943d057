/** The name that was probably meant. */

/** Longer names are no slip of the hand. */
const LENGTH_MAX = 60;

/** Null: none is near enough to be worth guessing. */
export function nearestName(got: string, names: readonly string[]): string | null {
  if (got.length > LENGTH_MAX) return null;
  const ranked = names
    .map((name) => ({ name, distance: editDistance(got.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked.at(0);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : null;
}

/** A name of some, with the one that was probably meant or all of them where there are few. */
export function oneOfNames(got: string, names: readonly string[]): string {
  const nearest = nearestName(got, names);
  if (nearest !== null) return `${nearest}, perhaps`;
  return names.length <= 12 ? `one of ${names.join(', ')}` : `one of ${names.slice(0, 12).join(', ')}, ...`;
}

/** Insertions, deletions, replacements, and two neighbours swapped, each as one. */
function editDistance(a: string, b: string): number {
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
