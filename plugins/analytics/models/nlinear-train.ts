import { startTensorflow, tf } from './tensorflow.ts';

const BATCH = { min: 16, max: 128 } as const;
/** Products of a batch: keeps a step of training near 2 ms whatever the sizes. */
const BATCH_PRODUCTS = 600_000;
const STEPS = 240;
const RATES = [0.01, 0.003] as const;
/** Keeps the many weights of a short history small: they start as a plain mean. */
const WEIGHT_PENALTY = 2e-3;

/** Steps looked at, and steps forecast at once. */
export interface Sizes {
  readonly input: number;
  readonly output: number;
}

export interface Trained {
  /** Row by row, one row per step of the input. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

interface Batch {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly rows: number;
}

/** Random windows; the last value of each input is taken off both sides, which is all that the N in NLinear means. */
function batchOf(scaled: Float64Array, { input, output }: Sizes, random: () => number): Batch {
  const windows = scaled.length - input - output + 1;
  const fitting = Math.floor(BATCH_PRODUCTS / (input * output));
  const rows = Math.min(windows, BATCH.max, Math.max(BATCH.min, fitting));
  const x = new Float32Array(rows * input);
  const y = new Float32Array(rows * output);
  for (let row = 0; row < rows; row++) {
    const start = Math.floor(random() * windows);
    const last = scaled[start + input - 1] ?? 0;
    for (let i = 0; i < input; i++) x[row * input + i] = (scaled[start + i] ?? 0) - last;
    for (let i = 0; i < output; i++) y[row * output + i] = (scaled[start + input + i] ?? 0) - last;
  }
  return { x, y, rows };
}

/** Trains one matrix by mean absolute error; the answer is plain numbers, so nothing of it lives in the backend. */
export async function train(scaled: Float64Array, sizes: Sizes, random: () => number): Promise<Trained> {
  await startTensorflow();
  const { input, output } = sizes;
  return withVariables(sizes, (weights, bias) => {
    for (const rate of RATES) {
      const optimizer = tf.train.adam(rate);
      for (let step = 0; step < STEPS / RATES.length; step++) {
        const { x, y, rows } = batchOf(scaled, sizes, random);
        tf.tidy(() => {
          const [inputs, targets] = [tf.tensor2d(x, [rows, input]), tf.tensor2d(y, [rows, output])];
          optimizer.minimize(() => lossOf(tf.add(tf.matMul(inputs, weights), bias), targets, weights), false, [weights, bias]);
        });
      }
      optimizer.dispose();
    }
    return { weights: Float32Array.from(weights.dataSync()), bias: Float32Array.from(bias.dataSync()) };
  });
}

const lossOf = (forecast: tf.Tensor, targets: tf.Tensor2D, weights: tf.Variable<tf.Rank.R2>): tf.Scalar =>
  tf.add(tf.mean(tf.abs(tf.sub(forecast, targets))), tf.mul(WEIGHT_PENALTY, tf.sum(tf.square(weights))));

function withVariables<T>({ input, output }: Sizes, work: (weights: tf.Variable<tf.Rank.R2>, bias: tf.Variable<tf.Rank.R1>) => T): T {
  // tf.variable() keeps a copy: tidy drops the initial tensor.
  const weights = tf.tidy(() => tf.variable(tf.tensor2d(new Float32Array(input * output).fill(1 / input), [input, output])));
  const bias = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R1>([output])));
  try {
    return work(weights, bias);
  } finally {
    weights.dispose();
    bias.dispose();
  }
}
