import { CALENDAR_FEATURES, type DenseTask } from './dense.ts';
import type { DenseStart } from './dense-start.ts';
import { NORM_FLOOR, TIDE_DECODED, TIDE_STEP_WIDTH, TIDE_WIDTH, type Block } from './dense-tide.ts';
import { layerOf, noiseOf, plainLayer, plainVector, through, variablesOf, type LayerVariables, type Net } from './dense-net.ts';
import { tf } from './tensorflow.ts';

const QUANTILES = 3;

interface BlockVariables {
  readonly inner: LayerVariables;
  readonly outer: LayerVariables;
  readonly skip: LayerVariables;
  readonly norm: { readonly gain: tf.Variable<tf.Rank.R1>; readonly shift: tf.Variable<tf.Rank.R1> } | null;
}

interface BlockSizes {
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: number;
}

/** `silent`: it begins by saying nothing. */
function blockOf(
  { inputs, hidden, outputs }: BlockSizes,
  random: () => number,
  how: { norm?: boolean; silent?: boolean } = {},
): BlockVariables {
  const noise = (from: number, to: number): { matrix?: Float32Array } => (how.silent ? {} : { matrix: noiseOf([from, to], random) });
  return {
    inner: layerOf([inputs, hidden], { matrix: noiseOf([inputs, hidden], random) }),
    outer: layerOf([hidden, outputs], noise(hidden, outputs)),
    skip: layerOf([inputs, outputs], noise(inputs, outputs)),
    norm: how.norm
      ? tf.tidy(() => ({ gain: tf.variable(tf.ones<tf.Rank.R1>([outputs])), shift: tf.variable(tf.zeros<tf.Rank.R1>([outputs])) }))
      : null,
  };
}

function throughBlock({ inner, outer, skip, norm }: BlockVariables, x: tf.Tensor2D): tf.Tensor2D {
  const sum = tf.add<tf.Tensor2D>(through(outer, tf.relu(through(inner, x))), through(skip, x));
  if (norm === null) return sum;
  const centred = tf.sub(sum, tf.mean(sum, 1, true));
  const factor = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), NORM_FLOOR));
  return tf.add<tf.Tensor2D>(tf.mul(tf.mul(centred, factor), norm.gain), norm.shift);
}

const blockVariables = ({ inner, outer, skip, norm }: BlockVariables): tf.Variable[] => [
  ...[inner, outer, skip].flatMap(variablesOf),
  ...(norm === null ? [] : [norm.gain, norm.shift]),
];

const plainBlock = ({ inner, outer, skip, norm }: BlockVariables): Block => ({
  inner: plainLayer(inner),
  outer: plainLayer(outer),
  skip: plainLayer(skip),
  norm: norm === null ? null : { gain: plainVector(norm.gain), shift: plainVector(norm.shift) },
});

/** Begins as the linear map of the lookback, with the network beside it saying nothing. */
export function tideNet(task: DenseTask, start: DenseStart, random: () => number): Net {
  const { input, horizon } = task;
  const wide = { hidden: TIDE_WIDTH, outputs: TIDE_WIDTH };
  const encoder = [
    blockOf({ inputs: input + CALENDAR_FEATURES, ...wide }, random, { norm: true }),
    blockOf({ inputs: TIDE_WIDTH, ...wide }, random, { norm: true }),
  ];
  const decoder = blockOf({ inputs: TIDE_WIDTH, hidden: TIDE_WIDTH, outputs: horizon * TIDE_DECODED }, random);
  const step = blockOf({ inputs: TIDE_DECODED + CALENDAR_FEATURES, hidden: TIDE_STEP_WIDTH, outputs: QUANTILES }, random, { silent: true });
  const past = layerOf([input, horizon], { matrix: start.matrix });
  const vector = (values: Float32Array): tf.Variable => tf.tidy(() => tf.variable(tf.tensor1d(values)));
  const [below, above] = [vector(start.below), vector(start.above)];
  return {
    variables: [...[...encoder, decoder, step].flatMap(blockVariables), ...variablesOf(past), below, above],
    say: ({ x, calendar }) => {
      const rows = x.shape[0];
      const origin = tf.reshape(tf.slice(calendar, [0, 0, 0], [rows, 1, CALENDAR_FEATURES]), [rows, CALENDAR_FEATURES]);
      const ahead = tf.reshape(tf.slice(calendar, [0, 1, 0], [rows, horizon, CALENDAR_FEATURES]), [rows * horizon, CALENDAR_FEATURES]);
      const encoded = encoder.reduce((values, block) => throughBlock(block, values), tf.concat([x, origin as tf.Tensor2D], 1));
      const decoded = tf.reshape(throughBlock(decoder, encoded), [rows * horizon, TIDE_DECODED]);
      const said = throughBlock(step, tf.concat([decoded as tf.Tensor2D, ahead as tf.Tensor2D], 1));
      const column = (at: number): tf.Tensor => tf.reshape(tf.slice(said, [0, at], [rows * horizon, 1]), [rows, horizon]);
      return { median: tf.add(through(past, x), column(0)), below: tf.add(column(1), below), above: tf.add(column(2), above) };
    },
    weights: () => ({
      kind: 'dense-tide',
      task,
      encoder: encoder.map(plainBlock),
      decoder: plainBlock(decoder),
      step: plainBlock(step),
      past: plainLayer(past),
      below: plainVector(below),
      above: plainVector(above),
    }),
  };
}
