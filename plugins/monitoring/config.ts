import { Actions, Alerts, Database, Duties, Events, Hub, Metrics, optional, Resources, Users, type Tools } from 'novacron/plugin';
import { z } from 'zod';
import { Charts } from '../charts/port.ts';
import { Hypervisor } from '../hypervisor/port.ts';
import { healthConfig } from './health/config.ts';
import { incidentsConfig } from './incidents/config.ts';
import { rulesConfig } from './rules/config.ts';

export const config = z.strictObject({
  everySeconds: z.int().min(1).max(3600).default(10).meta({ description: 'How often each host is measured' }),
  surveySeconds: z.int().min(10).max(3600).default(60).meta({ description: 'How often pools, guest agents and file systems are asked' }),
  timeoutSeconds: z.int().min(1).max(600).default(8).meta({ description: 'How long a host may take to answer' }),
  rules: rulesConfig.prefault({}),
  incidents: incidentsConfig.prefault({}).meta({ description: 'Who is told of what, and how' }),
  health: healthConfig.prefault({}),
});
export type Config = z.output<typeof config>;

export const needs = {
  actions: Actions,
  alerts: Alerts,
  charts: optional(Charts),
  database: Database,
  duties: Duties,
  events: Events,
  hub: Hub,
  hypervisor: Hypervisor,
  metrics: Metrics,
  resources: Resources,
  users: Users,
};
export type Needs = typeof needs;

/** Types the functions of this plugin's actions. */
export type MonitoringTools = Tools<Config, Needs>;
