import type { ModelName } from '../port.ts';
import type { DenseTask } from './dense.ts';
import { trainDense } from './dense-train.ts';
import { trainSeasonLinear, type SeasonTask } from './season-linear.ts';
import type { Weights } from './trained.ts';

/** What is trained across series. */
export const TRAINED_KINDS = ['season-linear', 'season-log', 'global-linear', 'global-mlp'] as const satisfies readonly ModelName[];
export type TrainedKind = (typeof TRAINED_KINDS)[number];

export interface AcrossTask {
  readonly season: number;
  readonly horizon: number;
  readonly seed: number;
  readonly goOn: () => boolean;
}

const ROUND = 7;
const HIDDEN = 64;

const denseTask = ({ season, horizon }: AcrossTask, hidden: number): DenseTask => ({ season, horizon, hidden, input: ROUND * season });
const seasonTask = ({ season, horizon }: AcrossTask, log: boolean): SeasonTask => ({ season, horizon, log, round: ROUND });

/** Trains one kind on histories without gaps; undefined when none is long enough. */
export async function trainAcross(kind: TrainedKind, histories: readonly Float64Array[], task: AcrossTask): Promise<Weights | undefined> {
  const { seed, goOn } = task;
  switch (kind) {
    case 'season-linear':
      return trainSeasonLinear(histories, seasonTask(task, false));
    case 'season-log':
      return trainSeasonLinear(histories, seasonTask(task, true));
    case 'global-linear':
      return trainDense(histories, denseTask(task, 0), { seed, goOn });
    case 'global-mlp':
      return trainDense(histories, denseTask(task, HIDDEN), { seed, goOn });
  }
}
