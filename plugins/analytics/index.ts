import { definePlugin } from 'novacron/plugin';
import { anomalyActions, anomalyKind } from './actions/anomaly.ts';
import { demoActions } from './actions/demo-load.ts';
import { forecastActions } from './actions/forecast-vm.ts';
import { recommendationActions, recommendationKind } from './actions/recommendation.ts';
import { scalingActions } from './actions/scaling.ts';
import { workloadActions } from './actions/workload.ts';
import { anomalyMigrations } from './anomaly/store.ts';
import { createWatch, keepWatching } from './anomaly/watch.ts';
import { config, needs } from './config.ts';
import { forecastsOf } from './forecasts-of.ts';
import { Anomalies, Forecasts, Workloads } from './port.ts';
import { keepAdvising } from './recommendations/advising.ts';
import { recommendationMigrations } from './recommendations/store.ts';
import { keepScaling } from './scaling/scaling.ts';
import { scalingMigrations } from './scaling/store.ts';
import { createWorkloads } from './workload/workloads.ts';

export default definePlugin(
  { name: 'analytics', api: 1, config, needs, provides: { forecasts: Forecasts, anomalies: Anomalies, workloads: Workloads } },
  (tools) => ({
    resources: { recommendation: recommendationKind(tools), anomaly: anomalyKind(tools) },
    actions: {
      ...forecastActions(tools),
      ...recommendationActions(tools),
      ...scalingActions(tools),
      ...anomalyActions(tools),
      ...workloadActions(tools),
      ...demoActions(tools),
    },
    migrations: { ...recommendationMigrations, ...scalingMigrations, ...anomalyMigrations },
    async start(ctx) {
      const stop = new AbortController();
      const signal = AbortSignal.any([ctx.signal, stop.signal]);
      const watch = await createWatch(ctx, ctx.dataDir);
      const working =
        ctx.services.hypervisor && Promise.all([keepAdvising(ctx, signal), keepScaling(ctx, signal), keepWatching(ctx, watch, signal)]);
      ctx.defer(async () => {
        stop.abort();
        await working;
      });
      return { forecasts: forecastsOf(ctx.config), anomalies: watch, workloads: createWorkloads({ ...ctx.services, clock: ctx.clock }) };
    },
  }),
);
