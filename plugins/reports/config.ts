import { Actions, Database, Duties, Events, Hub, Jobs, optional, Users, type Tools } from 'novacron/plugin';
import { z } from 'zod';
import { Charts } from '../charts/port.ts';
import { Incidents } from '../monitoring/port.ts';

const most = (limit: number) => z.int().min(1).max(limit);

export const config = z.strictObject({
  folders: z
    .array(z.string().min(1))
    .max(20)
    .default([])
    .meta({ description: 'Folders with notebooks of your own, beside those that ship; of two with one name the last counts' }),
  timeoutSeconds: most(3600).default(120).meta({ description: 'A notebook that runs longer is stopped' }),
  memoryMebibytes: z.int().min(64).max(65_536).default(512).meta({ description: 'A notebook that needs more is stopped' }),
  outputMebibytes: most(1024).default(32).meta({ description: 'A notebook that shows more is stopped' }),
  runsKeepDays: most(3650).default(90).meta({ description: 'Runs that are older are removed with their files' }),
  runsMax: most(10_000).default(200).meta({ description: 'Runs that are kept of each report' }),
  schedulesMax: most(10_000).default(200),
  linkDays: z
    .int()
    .min(0)
    .max(365)
    .default(7)
    .meta({ description: 'How long the link in a message opens the report without signing in; 0: never' }),
  chromium: z.string().default('/usr/bin/chromium').meta({ description: 'The program that makes PDF files' }),
});
export type Config = z.output<typeof config>;

export const needs = {
  actions: Actions,
  jobs: Jobs,
  users: Users,
  events: Events,
  database: Database,
  duties: Duties,
  hub: Hub,
  charts: Charts,
  incidents: optional(Incidents),
};
export type Needs = typeof needs;

/** Types the functions of this plugin's actions. */
export type ReportTools = Tools<Config, Needs>;
