import { definePlugin } from 'novacron/plugin';
import { anomalyActions, anomalyKind } from './actions/anomaly.ts';
import { demoActions } from './actions/demo-load.ts';
import { forecastFullActions } from './actions/forecast-full.ts';
import { forecastMetricActions } from './actions/forecast-metric.ts';
import { forecastModelActions } from './actions/forecast-models.ts';
import { forecastScoreActions } from './actions/forecast-scores.ts';
import { forecastActions } from './actions/forecast-vm.ts';
import { recommendationActions, recommendationKind } from './actions/recommendation.ts';
import { scalingActions } from './actions/scaling.ts';
import { workloadActions } from './actions/workload.ts';
import { shippedAlerts } from './alerts/shipped.ts';
import { anomalyMigrations } from './anomaly/store.ts';
import { config, needs } from './config.ts';
import { forecastMigrations } from './forecast/migrations.ts';
import { Anomalies, Forecasts, Workloads } from './port.ts';
import { recommendationMigrations } from './recommendations/store.ts';
import { scalingMigrations } from './scaling/store.ts';
import { start } from './start.ts';

const provides = { forecasts: Forecasts, anomalies: Anomalies, workloads: Workloads };

export default definePlugin({ name: 'analytics', api: 1, config, needs, provides }, (tools) => ({
  resources: { recommendation: recommendationKind(tools), anomaly: anomalyKind(tools) },
  actions: {
    ...forecastActions(tools),
    ...forecastMetricActions(tools),
    ...forecastFullActions(tools),
    ...forecastScoreActions(tools),
    ...forecastModelActions(tools),
    ...anomalyActions(tools),
    ...workloadActions(tools),
    ...recommendationActions(tools),
    ...scalingActions(tools),
    ...demoActions(tools),
  },
  alerts: shippedAlerts,
  migrations: { ...forecastMigrations, ...recommendationMigrations, ...scalingMigrations, ...anomalyMigrations },
  start,
}));
