import { parentPort, workerData } from 'node:worker_threads';
import { HubError } from 'novacron/plugin';
import { nlinear } from '../models/nlinear.ts';
import { BASELINES } from '../models/pool.ts';
import { trainedModel, type TrainedModel } from '../models/trained.ts';
import type { Forecast, Series } from '../port.ts';
import { runPipeline, type PipelineOptions } from './pipeline.ts';

export interface ForecastRequest {
  readonly series: Series;
  readonly options: PipelineOptions;
  readonly seed: number;
  readonly trained: readonly TrainedModel[];
}

export type ForecastReply =
  | { readonly forecast: Forecast }
  | { readonly error: { readonly code: string; readonly message: string; readonly status: number; readonly details: object } };

async function answer({ series, options, seed, trained }: ForecastRequest): Promise<ForecastReply> {
  try {
    return { forecast: await runPipeline(series, options, [...BASELINES, nlinear(seed), ...trained.map(trainedModel)]) };
  } catch (error) {
    if (!HubError.is(error)) throw error;
    const { code, message, status, details } = error;
    return { error: { code, message, status, details } };
  }
}

parentPort?.postMessage(await answer(workerData as ForecastRequest), []);
