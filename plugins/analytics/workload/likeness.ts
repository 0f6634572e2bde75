import type { LookAlike, Workload } from '../port.ts';
import type { Points } from './features.ts';

/** Below, two machines merely both work by day. */
const LIKE_MIN = 0.95;
/** Below, a machine has no days that could look like another's. */
const RHYTHM_MIN = 0.3;
const SHOWN_MAX = 10;

/** Pearson's; 0 where one does not vary. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const size = Math.min(a.length, b.length);
  if (size === 0) return 0;
  const mean = (values: readonly number[]): number => values.slice(0, size).reduce((sum, value) => sum + value, 0) / size;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [products, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < size; i++) {
    const [x, y] = [(a[i] ?? 0) - meanA, (b[i] ?? 0) - meanB];
    products += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return squaresA === 0 || squaresB === 0 ? 0 : products / Math.sqrt(squaresA * squaresB);
}

/** Of two series the values at the instants that both have. */
export function aligned(a: Points, b: Points): { readonly a: number[]; readonly b: number[] } {
  const known = new Map(b.at.map((at, row) => [at, b.value[row] ?? 0]));
  const rows = a.at.flatMap((at, row) => (known.has(at) ? [row] : []));
  return { a: rows.map((row) => a.value[row] ?? 0), b: rows.map((row) => known.get(a.at[row] ?? 0) ?? 0) };
}

/** By the course of their days, whatever their size. */
export function lookAlikesOf(one: Workload, others: readonly Workload[]): LookAlike[] {
  if (one.rhythm < RHYTHM_MIN) return [];
  return others
    .filter(({ vm, rhythm }) => vm.id !== one.vm.id && rhythm >= RHYTHM_MIN)
    .map(({ vm, profile }) => ({ vm, likeness: correlation(one.profile, profile) }))
    .filter(({ likeness }) => likeness >= LIKE_MIN)
    .toSorted((a, b) => b.likeness - a.likeness)
    .slice(0, SHOWN_MAX);
}
