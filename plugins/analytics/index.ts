import { definePlugin } from 'novacron/plugin';
import { demoActions } from './actions/demo-load.ts';
import { forecastFullActions } from './actions/forecast-full.ts';
import { forecastMetricActions } from './actions/forecast-metric.ts';
import { forecastModelActions } from './actions/forecast-models.ts';
import { forecastScoreActions } from './actions/forecast-scores.ts';
import { forecastActions } from './actions/forecast-vm.ts';
import { recommendationActions, recommendationKind } from './actions/recommendation.ts';
import { scalingActions } from './actions/scaling.ts';
import { config, needs } from './config.ts';
import { forecastMigrations } from './forecast/migrations.ts';
import { Forecasts } from './port.ts';
import { recommendationMigrations } from './recommendations/store.ts';
import { scalingMigrations } from './scaling/store.ts';
import { start } from './start.ts';

export default definePlugin({ name: 'analytics', api: 1, config, needs, provides: { forecasts: Forecasts } }, (tools) => ({
  resources: { recommendation: recommendationKind(tools) },
  actions: {
    ...forecastActions(tools),
    ...forecastMetricActions(tools),
    ...forecastFullActions(tools),
    ...forecastScoreActions(tools),
    ...forecastModelActions(tools),
    ...recommendationActions(tools),
    ...scalingActions(tools),
    ...demoActions(tools),
  },
  migrations: { ...forecastMigrations, ...recommendationMigrations, ...scalingMigrations },
  start,
}));
