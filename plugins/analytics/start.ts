import type { StartContext } from 'novacron/plugin';
import type { Config, Needs } from './config.ts';
import { Archive } from './forecast/archive.ts';
import { keepDuties } from './forecast/duty.ts';
import { MetricForecasts } from './forecast/metric-forecasts.ts';
import { ModelStore } from './forecast/model-store.ts';
import { createForecasts } from './forecast/threads.ts';
import type { Forecasts } from './port.ts';
import { setRuntime } from './runtime.ts';

/** Forecasts answer at once; scores and trainings go on in the background. */
export function start({ config, services, clock, log, dataDir, signal, defer }: StartContext<Config, Needs>): { forecasts: Forecasts } {
  const { database, metrics } = services;
  const archive = new Archive(database);
  const models = new ModelStore({ database, dataDir, log });
  const threads = createForecasts({ runningMax: config.trainingsMax, waitingMax: config.waitingMax });
  const shared = { archive, models, metrics, clock, historyDays: config.historyDays };
  const forecasts = new MetricForecasts({ ...shared, threads });
  setRuntime(database, { forecasts, models });
  const ending = new AbortController();
  const duties = keepDuties(
    {
      ...shared,
      log,
      trainedMetrics: config.trainedMetrics,
      trainEveryHours: config.trainEveryHours,
      seriesMax: config.trainSeriesMax,
      cpuSecondsMax: config.trainCpuSecondsMax,
      keepDays: config.forecastsKeepDays,
      triedAt: new Map(),
    },
    AbortSignal.any([signal, ending.signal]),
  );
  defer(async () => {
    ending.abort();
    await duties;
  });
  return { forecasts };
}
