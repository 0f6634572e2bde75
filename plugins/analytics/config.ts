import { Actions, Database, Jobs, Metrics, Resources, type Tools } from 'novacron/plugin';
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
  trainedMetrics: z
    .array(z.string().min(1).max(100))
    .max(50)
    .default(['vm.cpuRatio', 'vm.memoryUsedRatio', 'vm.filesystem.usedRatio', 'host.cpuRatio', 'host.memoryUsedRatio'])
    .meta({ description: 'Metrics whose models are trained across all that is measured' }),
  trainEveryHours: z.int().min(1).max(720).default(24).meta({ description: 'How often they are trained again' }),
  trainCpuSecondsMax: z.int().min(5).max(3600).default(120).meta({ description: 'CPU time that one training may take' }),
  trainSeriesMax: z.int().min(3).max(10_000).default(1_000).meta({ description: 'Series that one training learns from at most' }),
  forecastsKeepDays: z.int().min(1).max(3650).default(180).meta({ description: 'How long forecasts and their scores are kept' }),
  targetsMax: z.int().min(1).max(100).default(12).meta({ description: 'Series that one call may ask about' }),
});
export type Config = z.output<typeof config>;

export const needs = { metrics: Metrics, charts: Charts, actions: Actions, jobs: Jobs, resources: Resources, database: Database };
export type Needs = typeof needs;

/** Types the functions of this plugin's actions. */
export type AnalyticsTools = Tools<Config, Needs>;
