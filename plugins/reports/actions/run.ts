import { HubError, ref, type View } from 'novacron/plugin';
import { z } from 'zod';
import type { ReportTools } from '../config.ts';
import { errorOf } from '../failures.ts';
import { executeRun } from '../runs.ts';
import { checkParameters } from '../runner/parameters.ts';
import { runtimeOf } from '../runtime.ts';
import { parametersField, parametersOf, picture, reportName, runShape, shapeOf } from './shapes.ts';

const input = z.strictObject({
  report: reportName,
  with: parametersField,
  at: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ title: 'As of', description: 'The instant that the report calls now; default: now' }),
  audience: z.string().max(200).optional().meta({ title: 'Post to', description: 'A channel that hears of the run, as in #ops' }),
});

/** A card as the message shows it. */
const view = z.object({
  text: z.string(),
  card: z
    .object({
      title: z.string(),
      subtitle: z.string().optional(),
      fields: z.array(z.object({ label: z.string(), value: z.string() })),
      actions: z.array(z.string()),
    })
    .optional(),
  pictures: z.array(picture).optional(),
});

const output = z.object({ run: runShape, view });

/** The time that a job of a report may take: the longest that a notebook may be allowed, and what is around it. */
const JOB_TIMEOUT_MS = 3_700_000;

const plain = (shown: View): z.output<typeof view> =>
  structuredClone({ text: shown.text, card: shown.card, pictures: shown.pictures }) as never;

export const runActions = ({ action }: ReportTools) => ({
  'report.run': action({
    title: 'Run a report',
    label: 'Run a report',
    help: 'Executes the notebook in your name and keeps all of it: inputs, data window, versions and outputs. Its parameters are given as --name value.',
    risk: 'change',
    input,
    output,
    positional: ['report'],
    examples: ['report run capacity', 'report run capacity --days 28', 'report run vm-biography --vm web-1'],
    target: (_, actor) => ref('tenant', actor.tenant),
    // One notebook at a time: each may take a processor and all the memory that it is allowed.
    queue: () => 'reports',
    timeoutMs: JOB_TIMEOUT_MS,
    show: ({ view: shown }) => shown as View,
    async run(ctx, { report: name, with: words, at, audience }) {
      const runtime = runtimeOf(ctx);
      const report = await runtime.library.get(name);
      const parameters = checkParameters(report.parameters, parametersOf(words));
      if (at !== undefined && Date.parse(at) > ctx.clock.now())
        throw new HubError('report_at_future', `${at} is still to come: nothing is measured of it. Give an instant that has been.`, {
          status: 422,
        });
      const id = ctx.id('run');
      const begun = await ctx.step('begin', async () => ({ at: at === undefined ? ctx.clock.now() : Date.parse(at) }));
      const ended = await ctx.step(
        'execute',
        async (signal) => {
          const asked = { id, report, parameters, at: begun.at, actor: ctx.actor, via: ctx.via, audience: audience ?? null };
          const progress = (fraction: number, message: string): void => ctx.progress(fraction, message);
          const { run, view: shown } = await executeRun(runtime, asked, { signal, progress });
          return { run: shapeOf(runtime, run), view: plain(shown) };
        },
        undefined,
        { retriesMax: 0 },
      );
      if (ended.run.failure !== null) throw errorOf({ ...ended.run.failure, retryable: false }, id);
      return ended;
    },
  }),
});
