import { HubError } from 'novacron/plugin';
import type { Range } from './plot.ts';

function extent(columns: readonly (readonly number[])[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const column of columns) {
    for (const value of column) {
      if (Number.isNaN(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, high];
}

/** Least and greatest instant and value of everything in the picture. HubError `chart_invalid` when there is no value at all. */
export function rangeOf(instants: readonly (readonly number[])[], values: readonly (readonly number[])[]): Range {
  const [from, to] = extent(instants);
  const [low, high] = extent(values);
  if (!Number.isFinite(from) || !Number.isFinite(low)) {
    throw new HubError(
      'chart_invalid',
      'There is no value in the chosen time, so there is nothing to draw. Choose another time or metric.',
      { status: 422 },
    );
  }
  const around = from === to ? 120_000 : 0;
  return { from: from - around, to: to + around, low, high };
}
