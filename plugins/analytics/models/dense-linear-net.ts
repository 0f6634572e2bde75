import { rowWidth, SPREAD_FEATURES, SPREAD_START, type DenseTask } from './dense.ts';
import { layerOf, plainLayer, through, variablesOf, type Net } from './dense-net.ts';

/** NLinear and DLinear: begins with the matrix `start`. */
export function linearNet(task: DenseTask, start: Float32Array): Net {
  const { horizon } = task;
  const median = layerOf([rowWidth(task), horizon], { matrix: start });
  const below = layerOf([SPREAD_FEATURES, horizon], { bias: SPREAD_START });
  const above = layerOf([SPREAD_FEATURES, horizon], { bias: SPREAD_START });
  return {
    variables: [median, below, above].flatMap(variablesOf),
    say: ({ x, spread }) => ({ median: through(median, x), below: through(below, spread), above: through(above, spread) }),
    weights: () => ({ kind: 'dense-linear', task, median: plainLayer(median), below: plainLayer(below), above: plainLayer(above) }),
  };
}
