import { Actions, Database, Duties, Events, Jobs, Metrics, optional, Resources, type Tools } from 'novacron/plugin';
import { z } from 'zod';
import { Charts } from '../charts/port.ts';
import { Hypervisor } from '../hypervisor/port.ts';
import { Rules } from '../monitoring/port.ts';

export const config = z.strictObject({
  trainingsMax: z
    .int()
    .min(1)
    .max(16)
    .default(2)
    .meta({ description: 'Forecasts computed at once; each takes a processor and about 100 MiB' }),
  waitingMax: z.int().min(1).default(16).meta({ description: 'Forecasts that may wait for their turn' }),
  recommendations: z
    .strictObject({
      everyMinutes: z.int().min(1).max(1440).default(60).meta({ description: 'How often it is looked for something to recommend' }),
      daysMin: z.int().min(1).max(7).default(7).meta({ description: 'Least history before anything is taken away from a VM' }),
      cpuShortCost: z
        .number()
        .min(1)
        .max(100_000)
        .default(100)
        .meta({ description: 'Being short of processors all the time is as bad as this many lying idle' }),
      watchHours: z
        .int()
        .min(1)
        .max(336)
        .default(24)
        .meta({ description: 'How long what was followed is watched before its gain is measured' }),
      dismissedDays: z.int().min(1).max(365).default(30).meta({ description: 'How long dismissed advice is not given again' }),
    })
    .prefault({}),
  anomalies: z
    .strictObject({
      metrics: z
        .array(z.string())
        .max(50)
        .default([
          'vm.cpuRatio',
          'vm.memoryUsedRatio',
          'vm.disk.readBytes',
          'vm.disk.writeBytes',
          'vm.nic.receiveBytes',
          'vm.nic.transmitBytes',
          'host.cpuRatio',
          'host.memoryUsedRatio',
        ])
        .meta({ description: 'What is watched; devices are added up' }),
      sensitivity: z.enum(['low', 'normal', 'high']).default('normal').meta({ description: 'How unusual something must be' }),
      stepSeconds: z.int().min(60).max(3600).default(300).meta({ description: 'Width of the means that are watched' }),
      learnDays: z.int().min(1).max(28).default(14).meta({ description: 'How much recorded history is learned from at the first start' }),
      seriesMax: z.int().min(1).default(20_000).meta({ description: 'Series that are watched at most; each takes 15 kB' }),
      fleetMin: z.int().min(2).default(3).meta({ description: 'VMs with a tag in common that make a finding of the fleet' }),
      keepDays: z.int().min(1).max(3650).default(180).meta({ description: 'How long findings are kept' }),
      saveMinutes: z.int().min(1).max(1440).default(60).meta({ description: 'How often what was learned is saved' }),
    })
    .prefault({}),
  forecastRuleSeconds: z.int().min(1).max(86_400).default(300).meta({ description: 'How often alert rules that look ahead are judged' }),
  scalingMinutes: z.int().min(1).max(1440).default(10).meta({ description: 'How often scaling policies are followed' }),
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

export const needs = {
  metrics: Metrics,
  charts: Charts,
  actions: Actions,
  jobs: Jobs,
  resources: Resources,
  database: Database,
  duties: Duties,
  events: Events,
  hypervisor: optional(Hypervisor),
  rules: optional(Rules),
};
export type Needs = typeof needs;

/** Types the functions of this plugin's actions. */
export type AnalyticsTools = Tools<Config, Needs>;
