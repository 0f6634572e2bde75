import type { ModelName } from '../port.ts';
import type { DenseForm, DenseTask } from './dense.ts';
import { trainDense } from './dense-train.ts';
import type { Histories } from './dense-windows.ts';
import { trainSeasonLinear, type SeasonTask } from './season-linear.ts';
import type { Weights } from './trained.ts';

/** What is trained across series. */
export const TRAINED_KINDS = [
  'season-linear',
  'season-log',
  'global-linear',
  'global-dlinear',
  'global-mlp',
] as const satisfies readonly ModelName[];
export type TrainedKind = (typeof TRAINED_KINDS)[number];

export interface AcrossTask {
  readonly season: number;
  readonly horizon: number;
  readonly seed: number;
  readonly goOn: () => boolean;
}

const ROUND = 7;

const denseTask = ({ season, horizon }: AcrossTask, form: DenseForm): DenseTask => ({ form, season, horizon, input: ROUND * season });

/** A week, relative to its last day, for least absolute error: chosen on validation among what `npm run bench -- ett` declares. */
export const seasonTask = ({ season, horizon }: Pick<AcrossTask, 'season' | 'horizon'>, log: boolean): SeasonTask => ({
  season,
  horizon,
  log,
  round: ROUND,
  relativeTo: 'season',
});

/** Trains one kind on histories without gaps; undefined when none is long enough. */
export async function trainAcross(kind: TrainedKind, histories: Histories, task: AcrossTask): Promise<Weights | undefined> {
  const training = { seed: task.seed, goOn: task.goOn };
  switch (kind) {
    case 'season-linear':
      return trainSeasonLinear(histories.values, seasonTask(task, false));
    case 'season-log':
      return trainSeasonLinear(histories.values, seasonTask(task, true));
    case 'global-linear':
      return trainDense(histories, denseTask(task, 'nlinear'), training);
    case 'global-dlinear':
      return trainDense(histories, denseTask(task, 'dlinear'), training);
    case 'global-mlp':
      return trainDense(histories, denseTask(task, 'tide'), training);
  }
}
