/** "Did you mean": candidates that are a typing slip away from what was typed. */

const LENGTH_MAX = 64;

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count one each. */
export function editDistance(a: string, b: string): number {
  const from = Array.from(a.slice(0, LENGTH_MAX));
  const to = Array.from(b.slice(0, LENGTH_MAX));
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + (same ? 0 : 1));
      if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) best = Math.min(best, at(before, column - 2) + 1);
      current.push(best);
    }
    before = above;
    above = current;
  }
  return at(above, to.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;

/** The nearest candidates, nearest first: at most a third of the letters wrong, three slips, and one slip more than the nearest. */
export function closest(typed: string, candidates: readonly string[], countMax = 3): string[] {
  const wanted = typed.toLowerCase();
  const near = candidates.map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }));
  const least = Math.min(...near.map(({ distance }) => distance));
  const slipsMax = Math.min(3, Math.max(1, Math.floor(wanted.length / 3)), least + 1);
  return near
    .filter(({ distance }) => distance <= slipsMax)
    .toSorted((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, countMax)
    .map(({ candidate }) => candidate);
}
