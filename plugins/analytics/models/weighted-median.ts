/** A value and what it counts. */
export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/**
 * The weighted median of values in rising order: where half of the weight lies below, with a straight line between the middles of two
 * values, so that two equal weights give the mean. 0 of none.
 */
export function weightedMedian(sorted: readonly Weighted[]): number {
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let below = 0;
  let previous: { readonly value: number; readonly middle: number } | undefined;
  for (const { value, weight } of sorted) {
    const middle = below + weight / 2;
    if (middle >= half) {
      if (previous === undefined || middle === previous.middle) return value;
      return previous.value + ((value - previous.value) * (half - previous.middle)) / (middle - previous.middle);
    }
    previous = { value, middle };
    below += weight;
  }
  return previous?.value ?? 0;
}

/** In rising order of the values. */
export const byValue = (values: readonly Weighted[]): Weighted[] => values.toSorted((a, b) => a.value - b.value);
