/** A number of a detector's state. What lies beyond it is 0, as a fresh state is. */
export const at = (state: Float64Array, index: number): number => state[index] ?? 0;
