import { HubError } from 'novacron/plugin';
import { z } from 'zod';
import type { ReportTools } from '../config.ts';
import type { Parameter } from '../runner/parameters.ts';
import { runtimeOf, type Runtime } from '../runtime.ts';
import { nextAfter } from '../schedules.ts';
import type { Run } from '../store.ts';
import { viewOf } from '../views.ts';
import { instantText, picture, reportName, runShape, shapeOf, tenantOf } from './shapes.ts';

const parameterShape = z.object({
  name: z.string(),
  type: z.enum(['string', 'number', 'boolean']),
  choices: z.array(z.string()),
  picker: z.string().nullable(),
  default: z.union([z.string(), z.number(), z.boolean()]),
  help: z.string().nullable(),
});

const copyOf = ({ choices, ...rest }: Parameter): z.output<typeof parameterShape> => ({ ...rest, choices: [...choices] });

const reportShape = z.object({
  name: z.string(),
  title: z.string(),
  summary: z.string().nullable(),
  parameters: z.array(parameterShape),
  lastRun: z.object({ id: z.string(), state: z.string(), startedAt: z.number() }).nullable(),
  nextAt: z.number().nullable(),
});

type Report = z.output<typeof reportShape>;

const usage = ({ name, type, choices, default: value }: Parameter): string =>
  `--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)} ${choices.length > 0 ? choices.join('|') : type === 'string' && value === '' ? `<${name}>` : value}`;

async function listReports(runtime: Runtime, tenant: string | null): Promise<Report[]> {
  const [reports, schedules, runs] = await Promise.all([
    runtime.library.list(),
    runtime.store.schedules(tenant),
    runtime.store.runs({ report: null, tenant, rowsMax: 1000 }),
  ]);
  return reports.map(({ name, title, summary, parameters }) => {
    const last = runs.find(({ report }) => report === name);
    const next = schedules.filter(({ report }) => report === name).flatMap((schedule) => nextAfter(schedule, runtime.clock.now()) ?? []);
    return {
      name,
      title,
      summary,
      parameters: parameters.map(copyOf),
      lastRun: last === undefined ? null : { id: last.id, state: last.state, startedAt: last.startedAt },
      nextAt: next.length === 0 ? null : Math.min(...next),
    };
  });
}

/** A run by its id, or the newest of a report. HubError `report_run_unknown`. */
export async function findRun(runtime: Runtime, idOrReport: string, tenant: string | null): Promise<Run> {
  const byId = await runtime.store.run(idOrReport);
  const found = byId !== undefined && (tenant === null || byId.tenant === tenant) ? byId : undefined;
  const run = found ?? (await runtime.store.runs({ report: idOrReport, tenant, rowsMax: 1 }))[0];
  if (run !== undefined) return run;
  throw new HubError('report_run_unknown', `There is no run '${idOrReport}'. A report runs with: report run ${idOrReport}`, {
    status: 404,
  });
}

export const readActions = ({ action }: ReportTools) => ({
  'report.list': action({
    title: 'List the reports',
    label: 'Reports',
    risk: 'read',
    input: z.strictObject({}),
    output: z.array(reportShape),
    examples: ['report list'],
    run: (ctx) => listReports(runtimeOf(ctx), tenantOf(ctx.actor)),
    show: (reports) => ({
      text: reports.length === 0 ? 'There are no reports.' : 'Run one with: report run <name> [parameters]',
      table: {
        columns: ['Report', 'What it says', 'Parameters', 'Last run', 'Next run'],
        rows: reports.map(({ name, title, parameters, lastRun, nextAt }) => [
          name,
          title,
          parameters.map(usage).join(' '),
          lastRun === null ? 'never' : `${instantText(lastRun.startedAt)}, ${lastRun.state}`,
          nextAt === null ? '' : instantText(nextAt),
        ]),
      },
    }),
  }),
  'report.show': action({
    title: 'Show the newest run of a report',
    label: 'Show a report',
    help: 'By the name of the report, or by the id of a run.',
    risk: 'read',
    input: z.strictObject({ report: reportName }),
    output: z.object({ run: runShape, text: z.string(), pictures: z.array(picture) }),
    positional: ['report'],
    examples: ['report show capacity'],
    async run(ctx, { report }) {
      const runtime = runtimeOf(ctx);
      const run = await findRun(runtime, report, tenantOf(ctx.actor));
      const { text, pictures = [] } = await viewOf(runtime, run);
      return { run: shapeOf(runtime, run), text, pictures: pictures.map((each) => ({ ...each })) };
    },
    show: ({ run, text, pictures }) => ({
      text,
      card: {
        title: run.title,
        subtitle: `${instantText(run.at)} · by ${run.by}`,
        fields: run.headline.map(({ label, value, note }) => ({ label, value: note === undefined ? value : `${value} (${note})` })),
        actions: [],
      },
      pictures,
    }),
  }),
  'report.runs': action({
    title: 'List the kept runs of reports',
    label: 'Runs of reports',
    risk: 'read',
    input: z.strictObject({ report: reportName.optional(), rowsMax: z.int().min(1).max(200).default(20).meta({ title: 'Rows at most' }) }),
    output: z.array(runShape),
    positional: ['report'],
    examples: ['report runs capacity'],
    async run(ctx, { report = null, rowsMax }) {
      const runtime = runtimeOf(ctx);
      return (await runtime.store.runs({ report, tenant: tenantOf(ctx.actor), rowsMax })).map((run) => shapeOf(runtime, run));
    },
    show: (runs) => ({
      text: runs.length === 0 ? 'No runs are kept.' : `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}, the newest first.`,
      table: {
        columns: ['Run', 'Report', 'Started', 'State', 'By'],
        rows: runs.map(({ id, report, startedAt, state, by }) => [id, report, instantText(startedAt), state, by]),
      },
    }),
  }),
});
