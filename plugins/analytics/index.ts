import { definePlugin } from 'novacron/plugin';
import { demoActions } from './actions/demo-load.ts';
import { forecastActions } from './actions/forecast-vm.ts';
import { config, needs } from './config.ts';
import { forecastsOf } from './forecasts-of.ts';
import { Forecasts } from './port.ts';

export default definePlugin({ name: 'analytics', api: 1, config, needs, provides: { forecasts: Forecasts } }, (tools) => ({
  actions: { ...forecastActions(tools), ...demoActions(tools) },
  start: ({ config }) => ({ forecasts: forecastsOf(config) }),
}));
