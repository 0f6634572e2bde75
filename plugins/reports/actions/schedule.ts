import { HubError, ref } from 'novacron/plugin';
import { z } from 'zod';
import type { ReportTools } from '../config.ts';
import { checkParameters } from '../runner/parameters.ts';
import { runtimeOf, type Runtime } from '../runtime.ts';
import { nextAfter } from '../schedules.ts';
import type { Schedule } from '../store.ts';
import { instantText, parametersField, parametersOf, reportName, tenantOf } from './shapes.ts';

const scheduleShape = z.object({
  id: z.string(),
  report: z.string(),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  cron: z.string(),
  timeZone: z.string(),
  audience: z.string().nullable(),
  by: z.string(),
  lastDueAt: z.number().nullable(),
  lastError: z.string().nullable(),
  nextAt: z.number().nullable(),
});
type Shape = z.output<typeof scheduleShape>;

function shapeOf(schedule: Schedule, now: number): Shape {
  const { id, report, parameters, cron, timeZone, audience, userName: by, createdAt, lastDueAt, lastError } = schedule;
  const last = lastDueAt === createdAt ? null : lastDueAt;
  return {
    id,
    report,
    parameters: { ...parameters },
    cron,
    timeZone,
    audience,
    by,
    lastDueAt: last,
    lastError,
    nextAt: nextAfter(schedule, now),
  };
}

async function checkRoom({ store, config }: Runtime): Promise<void> {
  const { length } = await store.schedules(null);
  if (length >= config.schedulesMax)
    throw new HubError('report_schedules_many', `There are ${length} schedules already; remove one first, or raise schedulesMax.`, {
      status: 409,
    });
}

const listActions = ({ action }: Pick<ReportTools, 'action'>) => ({
  'report.unschedule': action({
    title: 'End a schedule of a report',
    label: 'End a schedule',
    risk: 'change',
    input: z.strictObject({ id: z.string().min(1).max(64).meta({ title: 'Schedule' }) }),
    output: z.object({ id: z.string(), report: z.string() }),
    positional: ['id'],
    target: (_, actor) => ref('tenant', actor.tenant),
    show: ({ report }) => ({ text: `The schedule of ${report} has ended.` }),
    async run(ctx, { id }) {
      return ctx.step('remove', async () => {
        const gone = await runtimeOf(ctx).store.removeSchedule(id, tenantOf(ctx.actor));
        if (gone === undefined)
          throw new HubError('report_schedule_unknown', `There is no schedule '${id}'. List them: report schedules`, { status: 404 });
        return { id, report: gone.report };
      });
    },
  }),
  'report.schedules': action({
    title: 'List the schedules of reports',
    label: 'Schedules',
    risk: 'read',
    input: z.strictObject({}),
    output: z.array(scheduleShape),
    async run(ctx) {
      const schedules = await runtimeOf(ctx).store.schedules(tenantOf(ctx.actor));
      return schedules.map((schedule) => shapeOf(schedule, ctx.clock.now()));
    },
    show: (schedules) => ({
      text:
        schedules.length === 0
          ? 'No report runs on a schedule.'
          : `${schedules.length} ${schedules.length === 1 ? 'schedule' : 'schedules'}.`,
      table: {
        columns: ['Schedule', 'Report', 'When', 'Time zone', 'Next', 'Trouble'],
        rows: schedules.map(({ id, report, cron, timeZone, nextAt, lastError }) => [
          id,
          report,
          cron,
          timeZone,
          nextAt === null ? 'never' : instantText(nextAt),
          lastError ?? '',
        ]),
      },
    }),
  }),
});

export const scheduleActions = ({ action }: ReportTools) => ({
  'report.schedule': action({
    title: 'Run a report on a schedule',
    label: 'Schedule a report',
    help: 'Five fields of cron and a time zone. It runs in your name, with your rights at that time. A run that was missed while the hub was down is made up for, once.',
    risk: 'change',
    input: z.strictObject({
      report: reportName,
      cron: z.string().min(1).max(100).meta({ title: 'When', description: "'0 7 * * 1-5': at 7:00 from Monday to Friday" }),
      timeZone: z.string().min(1).max(60).default('UTC').meta({ title: 'Time zone', description: 'Europe/Berlin' }),
      audience: z.string().max(200).optional().meta({ title: 'Post to', description: 'A channel, as in #ops' }),
      with: parametersField,
    }),
    output: scheduleShape,
    positional: ['report', 'cron'],
    examples: ["report schedule capacity '0 7 * * 1' --time-zone Europe/Berlin --audience #ops"],
    target: (_, actor) => ref('tenant', actor.tenant),
    show: ({ report, nextAt, id }) => ({
      text: `${report} runs on a schedule now, ${nextAt === null ? 'but never' : `first at ${instantText(nextAt)}`}. To end it: report unschedule ${id}`,
    }),
    async run(ctx, { report: name, cron, timeZone, audience, with: words }) {
      const runtime = runtimeOf(ctx);
      const report = await runtime.library.get(name);
      const parameters = checkParameters(report.parameters, parametersOf(words));
      const id = ctx.id('schedule').slice(0, 8);
      return ctx.step('add', async () => {
        const now = ctx.clock.now();
        nextAfter({ cron, timeZone }, now);
        await checkRoom(runtime);
        const { id: userId, name: userName, tenant, scopes = null } = ctx.actor;
        const rest = { userId, userName, tenant, scopes, createdAt: now, lastDueAt: now, lastJob: null, lastError: null };
        const schedule: Schedule = { id, report: name, parameters, cron, timeZone, audience: audience ?? null, ...rest };
        await runtime.store.addSchedule(schedule);
        return shapeOf(schedule, now);
      });
    },
  }),
  ...listActions({ action }),
});
