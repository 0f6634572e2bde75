import { definePlugin } from 'novacron/plugin';
import { demoActions } from './actions/demo-load.ts';
import { forecastActions } from './actions/forecast-vm.ts';
import { recommendationActions, recommendationKind } from './actions/recommendation.ts';
import { config, needs } from './config.ts';
import { forecastsOf } from './forecasts-of.ts';
import { Forecasts } from './port.ts';
import { keepAdvising } from './recommendations/advising.ts';
import { recommendationMigrations } from './recommendations/store.ts';

export default definePlugin({ name: 'analytics', api: 1, config, needs, provides: { forecasts: Forecasts } }, (tools) => ({
  resources: { recommendation: recommendationKind(tools) },
  actions: { ...forecastActions(tools), ...recommendationActions(tools), ...demoActions(tools) },
  migrations: recommendationMigrations,
  start(ctx) {
    const stop = new AbortController();
    const advising = ctx.services.hypervisor && keepAdvising(ctx, AbortSignal.any([ctx.signal, stop.signal]));
    ctx.defer(async () => {
      stop.abort();
      await advising;
    });
    return { forecasts: forecastsOf(ctx.config) };
  },
}));
