import type { StartContext } from 'novacron/plugin';
import { createAnomalyKind } from './alerts/anomaly-kind.ts';
import { createForecastKind } from './alerts/forecast-kind.ts';
import { createWatch, keepWatching } from './anomaly/watch.ts';
import type { Config, Needs } from './config.ts';
import { Archive } from './forecast/archive.ts';
import { keepDuties } from './forecast/duty.ts';
import { MetricForecasts } from './forecast/metric-forecasts.ts';
import { ModelStore } from './forecast/model-store.ts';
import { createForecasts } from './forecast/threads.ts';
import type { Anomalies, Forecasts, Workloads } from './port.ts';
import { keepAdvising } from './recommendations/advising.ts';
import { setRuntime } from './runtime.ts';
import { keepScaling } from './scaling/scaling.ts';
import { createWorkloads } from './workload/workloads.ts';

/** Forecasts answer at once; their scores and trainings, recommendations and scaling go on in the background. */
export async function start(
  ctx: StartContext<Config, Needs>,
): Promise<{ forecasts: Forecasts; anomalies: Anomalies; workloads: Workloads }> {
  const { config, services, clock, log, dataDir } = ctx;
  const { database, metrics } = services;
  const archive = new Archive(database);
  const models = new ModelStore({ database, dataDir, log });
  const threads = createForecasts({ runningMax: config.trainingsMax, waitingMax: config.waitingMax });
  const shared = { archive, models, metrics, clock, historyDays: config.historyDays };
  const forecasts = new MetricForecasts({ ...shared, threads });
  const workloads = createWorkloads({ ...services, clock });
  setRuntime(database, { forecasts, models, workloads });
  const anomalies = await createWatch(ctx, dataDir);
  const ending = new AbortController();
  const signal = AbortSignal.any([ctx.signal, ending.signal]);
  const duties = {
    ...shared,
    log,
    trainedMetrics: config.trainedMetrics,
    trainEveryHours: config.trainEveryHours,
    seriesMax: config.trainSeriesMax,
    cpuSecondsMax: config.trainCpuSecondsMax,
    keepDays: config.forecastsKeepDays,
    triedAt: new Map<string, number>(),
  };
  const working = [
    services.duties.keep('forecasts', (duty) => keepDuties(duties, duty.signal), signal),
    ...(services.hypervisor
      ? [
          services.duties.keep('advice', (duty) => keepAdvising(ctx, duty.signal), signal),
          services.duties.keep('scaling', (duty) => keepScaling(ctx, duty.signal), signal),
          services.duties.keep('anomalies', (duty) => keepWatching(ctx, anomalies, duty.signal), signal),
        ]
      : []),
  ];
  ctx.defer(async () => {
    ending.abort();
    await Promise.all(working);
  });
  for (const kind of [
    createForecastKind({ everySeconds: config.forecastRuleSeconds, metrics, forecasts, log }),
    createAnomalyKind(anomalies),
  ]) {
    const withdraw = services.rules?.offer(kind);
    if (withdraw) ctx.defer(withdraw);
  }
  return { forecasts, anomalies, workloads };
}
