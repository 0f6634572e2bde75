import { CALENDAR_FEATURES, calendarOf, rowWidth, SPREAD_FEATURES, SPREAD_PACE, type DenseTask } from './dense.ts';
import { linearNet } from './dense-linear-net.ts';
import type { Batch, Net } from './dense-net.ts';
import { ridgeStart, type DenseStart } from './dense-start.ts';
import { tideNet } from './dense-tide-net.ts';
import { denseWindows, type DenseWindows, type Histories } from './dense-windows.ts';
import { DAYS_OF_WEEK } from './model.ts';
import { randomOf } from './random.ts';
import { startTensorflow, tf } from './tensorflow.ts';
import type { Dense } from './trained.ts';

const BATCH = 256;
const EPOCHS_MAX = 12;
/** Epochs without a smaller error on the tail after which training ends. */
const PATIENCE = 4;
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

/** Twice the pinball loss of a share: `error` is measured minus forecast. Without a maximum, whose gradient is slow. */
const pinball = (error: tf.Tensor, share: number): tf.Scalar => tf.mean(tf.add(tf.abs(error), tf.mul(error, 2 * share - 1)));

/** Mean pinball loss of p10, p50 and p90. They cannot cross: softplus is above 0. */
function lossOf(net: Net, batch: Batch, y: tf.Tensor2D): tf.Scalar {
  const { median, below, above } = net.say(batch);
  const error = tf.sub(y, median);
  const away = (said: tf.Tensor): tf.Tensor => tf.softplus(tf.mul(said, SPREAD_PACE));
  const low = pinball(tf.add(error, away(below)), 0.1);
  const high = pinball(tf.sub(error, away(above)), 0.9);
  return tf.div(tf.addN([low, pinball(error, 0.5), high]), 6);
}

interface Batches {
  readonly windows: DenseWindows;
  readonly task: DenseTask;
  readonly calendar: Float32Array;
}

/** The rows `order[from .. from + BATCH)` as tensors; the last batch is smaller, never dropped. */
function batchOf({ windows, task, calendar }: Batches, order: Uint32Array, from: number): [Batch, tf.Tensor2D] {
  const { horizon, season } = task;
  const rows = order.subarray(from, from + BATCH);
  const gather = (values: Float32Array, width: number): tf.Tensor2D => {
    const gathered = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries()) gathered.set(values.subarray(row * width, (row + 1) * width), i * width);
    return tf.tensor2d(gathered, [rows.length, width]);
  };
  const known = new Float32Array(rows.length * (horizon + 1) * CALENDAR_FEATURES);
  const weekSteps = DAYS_OF_WEEK * season;
  for (const [i, row] of rows.entries()) {
    const first = windows.weekSteps[row] as number;
    for (let step = 0; step <= horizon; step++) {
      // The origin's own place first, then that of each step ahead: the first of those is the origin's.
      const at = ((first + Math.max(0, step - 1)) % weekSteps) * CALENDAR_FEATURES;
      known.set(calendar.subarray(at, at + CALENDAR_FEATURES), (i * (horizon + 1) + step) * CALENDAR_FEATURES);
    }
  }
  const batch: Batch = {
    x: gather(windows.x, rowWidth(task)),
    spread: gather(windows.spread, SPREAD_FEATURES),
    calendar: tf.tensor3d(known, [rows.length, horizon + 1, CALENDAR_FEATURES]),
  };
  return [batch, gather(windows.y, horizon)];
}

const inOrder = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);

function shuffle(order: Uint32Array, random: () => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [order[i], order[other]] = [order[other] as number, order[i] as number];
  }
}

function runEpoch(net: Net, batches: Batches, { optimizer, order }: { optimizer: tf.Optimizer; order: Uint32Array }): void {
  for (let from = 0; from < order.length; from += BATCH) {
    tf.tidy(() => {
      const [batch, y] = batchOf(batches, order, from);
      optimizer.minimize(() => lossOf(net, batch, y), false, [...net.variables]);
    });
  }
}

function checkError(net: Net, batches: Batches): number {
  const order = inOrder(batches.windows.count);
  let sum = 0;
  for (let from = 0; from < order.length; from += BATCH) {
    const error = tf.tidy(() => lossOf(net, ...batchOf(batches, order, from)).dataSync()[0] ?? 0);
    sum += error * Math.min(BATCH, order.length - from);
  }
  return sum / Math.max(1, order.length);
}

function descend(net: Net, data: { learn: Batches; check: Batches }, training: DenseTraining): Dense {
  const { seed, goOn = () => true, epochsMax = EPOCHS_MAX, onEpoch } = training;
  const random = randomOf(seed + 1);
  const order = inOrder(data.learn.windows.count);
  let best = { weights: net.weights(), error: checkError(net, data.check), epoch: 0 };
  for (let epoch = 1; epoch <= epochsMax && epoch - best.epoch <= PATIENCE && goOn(); epoch++) {
    const startedAt = performance.now();
    shuffle(order, random);
    const optimizer = tf.train.adam(RATE * RATE_FALL ** (epoch - 1));
    runEpoch(net, data.learn, { optimizer, order });
    optimizer.dispose();
    const error = checkError(net, data.check);
    onEpoch?.({ checkError: error, elapsedMs: performance.now() - startedAt });
    if (error < best.error) best = { weights: net.weights(), error, epoch };
  }
  return best.weights;
}

function netOf(task: DenseTask, start: DenseStart, seed: number): Net {
  return task.form === 'tide' ? tideNet(task, start, randomOf(seed)) : linearNet(task, start);
}

/**
 * Trains one model over all series by the pinball loss of p10, p50 and p90, from the matrix of ridge regression on; the weights that were best on
 * the last part of each series are answered. Undefined when no series is long enough. Same series and seed: same weights. Leaves no tensor behind.
 */
export async function trainDense(histories: Histories, task: DenseTask, training: DenseTraining): Promise<Dense | undefined> {
  const { learn, check } = denseWindows(histories, task, training.windowsMax);
  if (learn.count === 0) return undefined;
  await startTensorflow();
  const net = netOf(task, ridgeStart(learn, task), training.seed);
  const calendar = calendarOf(task.season);
  try {
    return descend(net, { learn: { windows: learn, task, calendar }, check: { windows: check, task, calendar } }, training);
  } finally {
    for (const each of net.variables) each.dispose();
  }
}
