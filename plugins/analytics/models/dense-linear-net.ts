import { rowWidth, SPREAD_FEATURES, type DenseTask } from './dense.ts';
import type { DenseStart } from './dense-start.ts';
import { layerOf, plainLayer, through, variablesOf, type Net } from './dense-net.ts';

/** NLinear and DLinear. */
export function linearNet(task: DenseTask, start: DenseStart): Net {
  const { horizon } = task;
  const median = layerOf([rowWidth(task), horizon], { matrix: start.matrix });
  const below = layerOf([SPREAD_FEATURES, horizon], { bias: start.below });
  const above = layerOf([SPREAD_FEATURES, horizon], { bias: start.above });
  return {
    variables: [median, below, above].flatMap(variablesOf),
    say: ({ x, spread }) => ({ median: through(median, x), below: through(below, spread), above: through(above, spread) }),
    weights: () => ({ kind: 'dense-linear', task, median: plainLayer(median), below: plainLayer(below), above: plainLayer(above) }),
  };
}
