import type { Dense, DenseTask } from './dense.ts';
import { ridgeStart } from './dense-start.ts';
import { denseWindows, type DenseWindows } from './dense-windows.ts';
import { normalOf, randomOf } from './random.ts';
import { startTensorflow, tf } from './tensorflow.ts';

const BATCH = 256;
const EPOCHS_MAX = 12;
/** Epochs without a smaller error on the tail after which training ends. */
const PATIENCE = 2;
const RATE = 3e-4;
const RATE_FALL = 0.7;

export interface DenseTraining {
  readonly seed: number;
  /** Asked between epochs: false ends training with the best weights so far. */
  readonly goOn?: () => boolean;
  readonly epochsMax?: number;
  readonly windowsMax?: number;
  /** Told after each epoch. */
  readonly onEpoch?: (epoch: { readonly checkError: number; readonly elapsedMs: number }) => void;
}

interface Parameters {
  readonly matrix: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;
  readonly inner: tf.Variable<tf.Rank.R2> | null;
  readonly innerBias: tf.Variable<tf.Rank.R1> | null;
  readonly outer: tf.Variable<tf.Rank.R2> | null;
}

// tf.variable() keeps a copy: tidy drops the initial tensor.
const variable2 = (values: Float32Array, shape: [number, number]): tf.Variable<tf.Rank.R2> =>
  tf.tidy(() => tf.variable(tf.tensor2d(values, shape)));
const variable1 = (width: number): tf.Variable<tf.Rank.R1> => tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R1>([width])));

function begin({ input, horizon, hidden }: DenseTask, start: Float32Array, random: () => number): Parameters {
  const spread = Math.sqrt(2 / input);
  const noise = Float32Array.from({ length: input * hidden }, () => spread * normalOf(random));
  const deep = hidden > 0;
  return {
    matrix: variable2(start, [input, horizon]),
    bias: variable1(horizon),
    inner: deep ? variable2(noise, [input, hidden]) : null,
    innerBias: deep ? variable1(hidden) : null,
    // The network begins by saying nothing: the linear part is right already.
    outer: deep ? variable2(new Float32Array(hidden * horizon), [hidden, horizon]) : null,
  };
}

const listOf = ({ matrix, bias, inner, innerBias, outer }: Parameters): tf.Variable[] =>
  [matrix, bias, inner, innerBias, outer].filter((each) => each !== null);

function forward({ matrix, bias, inner, innerBias, outer }: Parameters, x: tf.Tensor2D): tf.Tensor {
  const straight = tf.add(tf.matMul(x, matrix), bias);
  if (inner === null || innerBias === null || outer === null) return straight;
  return tf.add(straight, tf.matMul(tf.relu(tf.add(tf.matMul(x, inner), innerBias)), outer));
}

/** Mean absolute error: twice the pinball loss of the median. */
const errorOf = (parameters: Parameters, x: tf.Tensor2D, y: tf.Tensor2D): tf.Scalar => tf.mean(tf.abs(tf.sub(forward(parameters, x), y)));

interface Batches {
  readonly windows: DenseWindows;
  readonly task: DenseTask;
}

/** The rows `order[from .. from + BATCH)` as tensors; the last batch is smaller, never dropped. */
function batchOf({ windows, task }: Batches, order: Uint32Array, from: number): [tf.Tensor2D, tf.Tensor2D] {
  const { input, horizon } = task;
  const rows = order.subarray(from, from + BATCH);
  const x = new Float32Array(rows.length * input);
  const y = new Float32Array(rows.length * horizon);
  for (const [i, row] of rows.entries()) {
    x.set(windows.x.subarray(row * input, (row + 1) * input), i * input);
    y.set(windows.y.subarray(row * horizon, (row + 1) * horizon), i * horizon);
  }
  return [tf.tensor2d(x, [rows.length, input]), tf.tensor2d(y, [rows.length, horizon])];
}

const inOrder = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);

function shuffle(order: Uint32Array, random: () => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [order[i], order[other]] = [order[other] as number, order[i] as number];
  }
}

function runEpoch(parameters: Parameters, batches: Batches, { optimizer, order }: { optimizer: tf.Optimizer; order: Uint32Array }): void {
  const list = listOf(parameters);
  for (let from = 0; from < order.length; from += BATCH) {
    tf.tidy(() => {
      const [x, y] = batchOf(batches, order, from);
      optimizer.minimize(() => errorOf(parameters, x, y), false, list);
    });
  }
}

function checkError(parameters: Parameters, batches: Batches): number {
  const order = inOrder(batches.windows.count);
  let sum = 0;
  for (let from = 0; from < order.length; from += BATCH) {
    const error = tf.tidy(() => errorOf(parameters, ...batchOf(batches, order, from)).dataSync()[0] ?? 0);
    sum += error * Math.min(BATCH, order.length - from);
  }
  return sum / Math.max(1, order.length);
}

const numbersOf = (each: tf.Variable | null): number[] => (each === null ? [] : [...each.dataSync()]);

const weightsOf = (task: DenseTask, { matrix, bias, inner, innerBias, outer }: Parameters): Dense => ({
  kind: 'dense',
  task,
  matrix: numbersOf(matrix),
  bias: numbersOf(bias),
  inner: numbersOf(inner),
  innerBias: numbersOf(innerBias),
  outer: numbersOf(outer),
});

function descend(parameters: Parameters, data: { learn: Batches; check: Batches }, training: DenseTraining): Dense {
  const { task } = data.learn;
  const { seed, goOn = () => true, epochsMax = EPOCHS_MAX, onEpoch } = training;
  const random = randomOf(seed + 1);
  const order = inOrder(data.learn.windows.count);
  let best = { weights: weightsOf(task, parameters), error: checkError(parameters, data.check), epoch: 0 };
  for (let epoch = 1; epoch <= epochsMax && epoch - best.epoch <= PATIENCE && goOn(); epoch++) {
    const startedAt = performance.now();
    shuffle(order, random);
    const optimizer = tf.train.adam(RATE * RATE_FALL ** (epoch - 1));
    runEpoch(parameters, data.learn, { optimizer, order });
    optimizer.dispose();
    const error = checkError(parameters, data.check);
    onEpoch?.({ checkError: error, elapsedMs: performance.now() - startedAt });
    if (error < best.error) best = { weights: weightsOf(task, parameters), error, epoch };
  }
  return best.weights;
}

/**
 * Trains one model over all series by mean absolute error, from the matrix of ridge regression on; the weights that were best on the last part
 * of each series are answered. Undefined when no series is long enough. Same series and seed: same weights. Leaves no tensor behind.
 */
export async function trainDense(histories: readonly Float64Array[], task: DenseTask, training: DenseTraining): Promise<Dense | undefined> {
  const { learn, check } = denseWindows(histories, task, training.windowsMax);
  if (learn.count === 0) return undefined;
  await startTensorflow();
  const parameters = begin(task, ridgeStart(learn, task), randomOf(training.seed));
  try {
    return descend(parameters, { learn: { windows: learn, task }, check: { windows: check, task } }, training);
  } finally {
    for (const each of listOf(parameters)) each.dispose();
  }
}
