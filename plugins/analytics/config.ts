import { Actions, Jobs, Metrics, Resources, type Tools } from 'novacron/plugin';
import { z } from 'zod';
import { Charts } from '../charts/port.ts';

export const config = z.strictObject({
  trainingsMax: z
    .int()
    .min(1)
    .max(16)
    .default(2)
    .meta({ description: 'Forecasts computed at once; each takes a processor and about 100 MiB' }),
  waitingMax: z.int().min(1).default(16).meta({ description: 'Forecasts that may wait for their turn' }),
  historyDays: z.int().min(1).max(90).default(28).meta({ description: 'How far back a forecast looks' }),
});
export type Config = z.output<typeof config>;

export const needs = { metrics: Metrics, charts: Charts, actions: Actions, jobs: Jobs, resources: Resources };
export type Needs = typeof needs;

/** Types the functions of this plugin's actions. */
export type AnalyticsTools = Tools<Config, Needs>;
