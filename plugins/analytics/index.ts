import { definePlugin } from 'novacron/plugin';
import { demoActions } from './actions/demo-load.ts';
import { forecastActions } from './actions/forecast-vm.ts';
import { recommendationActions, recommendationKind } from './actions/recommendation.ts';
import { scalingActions } from './actions/scaling.ts';
import { config, needs } from './config.ts';
import { forecastsOf } from './forecasts-of.ts';
import { Forecasts } from './port.ts';
import { keepAdvising } from './recommendations/advising.ts';
import { recommendationMigrations } from './recommendations/store.ts';
import { keepScaling } from './scaling/scaling.ts';
import { scalingMigrations } from './scaling/store.ts';

export default definePlugin({ name: 'analytics', api: 1, config, needs, provides: { forecasts: Forecasts } }, (tools) => ({
  resources: { recommendation: recommendationKind(tools) },
  actions: { ...forecastActions(tools), ...recommendationActions(tools), ...scalingActions(tools), ...demoActions(tools) },
  migrations: { ...recommendationMigrations, ...scalingMigrations },
  start(ctx) {
    const stop = new AbortController();
    const signal = AbortSignal.any([ctx.signal, stop.signal]);
    const working = ctx.services.hypervisor && Promise.all([keepAdvising(ctx, signal), keepScaling(ctx, signal)]);
    ctx.defer(async () => {
      stop.abort();
      await working;
    });
    return { forecasts: forecastsOf(ctx.config) };
  },
}));
