import type { Dense } from './trained.ts';
import type { Layer } from './dense.ts';
import { normalOf } from './random.ts';
import { tf } from './tensorflow.ts';

/** Some windows as tensors, a row each. `calendar`: of the origin, then of each step ahead. */
export interface Batch {
  readonly x: tf.Tensor2D;
  readonly spread: tf.Tensor2D;
  readonly calendar: tf.Tensor3D;
}

/** The median, and what p10 and p90 are away from it, before pace and softplus; each as wide as the horizon. */
export interface Said {
  readonly median: tf.Tensor;
  readonly below: tf.Tensor;
  readonly above: tf.Tensor;
}

/** A model while it is trained. */
export interface Net {
  readonly variables: readonly tf.Variable[];
  say(batch: Batch): Said;
  /** As plain numbers. */
  weights(): Dense;
}

export interface LayerVariables {
  readonly matrix: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;
}

/** A layer that begins with `matrix` (row by row; absent: nothing). */
export function layerOf(
  [inputs, outputs]: readonly [number, number],
  begin: { matrix?: Float32Array; bias?: Float32Array } = {},
): LayerVariables {
  const { matrix = new Float32Array(inputs * outputs), bias = new Float32Array(outputs) } = begin;
  // tf.variable() keeps a copy: tidy drops the initial tensor.
  return tf.tidy(() => ({
    matrix: tf.variable(tf.tensor2d(matrix, [inputs, outputs])),
    bias: tf.variable(tf.tensor1d(bias)),
  }));
}

/** Random numbers for a layer of that size, of which the sum over the inputs has a variance of about 2: half of what follows is cut off at 0. */
export const noiseOf = ([inputs, outputs]: readonly [number, number], random: () => number): Float32Array =>
  Float32Array.from({ length: inputs * outputs }, () => Math.sqrt(2 / inputs) * normalOf(random));

export const through = ({ matrix, bias }: LayerVariables, x: tf.Tensor2D): tf.Tensor2D => tf.add<tf.Tensor2D>(tf.matMul(x, matrix), bias);

export const variablesOf = ({ matrix, bias }: LayerVariables): tf.Variable[] => [matrix, bias];

/** Float32 has seven digits: more of them would only make files longer. */
const numbersOf = (each: tf.Variable): number[] => Array.from(each.dataSync(), (value) => Number(value.toPrecision(7)));

export const plainLayer = ({ matrix, bias }: LayerVariables): Layer => ({ matrix: numbersOf(matrix), bias: numbersOf(bias) });
export const plainVector = numbersOf;
