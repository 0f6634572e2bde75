import { applyLayer, baseAt, quantilesOf, rowAt, scaleOf, spreadAt, type DenseTask, type Layer } from './dense.ts';
import type { Quantiles } from './model.ts';

/** NLinear, or DLinear where the row is taken apart: one matrix for the median, and how far p10 and p90 are away from how restless the row is. */
export interface DenseLinear {
  readonly kind: 'dense-linear';
  readonly task: DenseTask;
  readonly median: Layer;
  readonly below: Layer;
  readonly above: Layer;
}

/** Continues a history of at least `input` steps by the horizon. */
export function applyLinear({ task, median, below, above }: DenseLinear, history: Float64Array): Quantiles {
  const scale = scaleOf(history, task.season);
  const base = baseAt(history, history.length, task);
  const seen = { task, base, scale };
  const spread = spreadAt(history, history.length, seen);
  return quantilesOf(
    {
      median: applyLayer(median, rowAt(history, history.length, seen)),
      below: applyLayer(below, spread),
      above: applyLayer(above, spread),
    },
    base,
    scale,
  );
}
