import { parentPort, workerData } from 'node:worker_threads';
import { stepBack } from '../../plugins/analytics/forecast/step-back.ts';
import type { DenseForm } from '../../plugins/analytics/models/dense.ts';
import { trainDense } from '../../plugins/analytics/models/dense-train.ts';
import { applyWeights } from '../../plugins/analytics/models/trained.ts';
import { startTensorflow, tf } from '../../plugins/analytics/models/tensorflow.ts';

/** The thread of the bench `tfjs`: one training of the hub's own model, timed from inside. */
export interface TfjsRequest {
  readonly histories: readonly Float64Array[];
  readonly input: number;
  readonly horizon: number;
  readonly form: DenseForm;
  readonly windowsMax: number;
  readonly epochsMax: number;
}

export interface TfjsReply {
  readonly backend: string;
  readonly startMs: number;
  readonly trainMs: number;
  readonly epochMs: readonly number[];
  /** Forecasting every series once. */
  readonly inferenceMs: number;
  readonly tensorsLeft: number;
}

async function run({ histories, input, horizon, form, windowsMax, epochsMax }: TfjsRequest): Promise<TfjsReply> {
  const begun = performance.now();
  const backend = await startTensorflow();
  const startMs = performance.now() - begun;
  const tensors = tf.memory().numTensors;
  const epochMs: number[] = [];
  const onEpoch = ({ elapsedMs }: { elapsedMs: number }): void => void epochMs.push(elapsedMs);
  const trainBegun = performance.now();
  const weights = await trainDense(
    { values: histories },
    { form, season: 24, input, horizon },
    { seed: 1, windowsMax, epochsMax, onEpoch },
  );
  if (weights === undefined) throw new Error('there was nothing to train on');
  const trainMs = performance.now() - trainBegun;
  const inferenceBegun = performance.now();
  for (const history of histories) applyWeights(weights, history);
  const inferenceMs = performance.now() - inferenceBegun;
  return { backend, startMs, trainMs, epochMs, inferenceMs, tensorsLeft: tf.memory().numTensors - tensors };
}

stepBack();
parentPort?.postMessage(await run(workerData as TfjsRequest), []);
