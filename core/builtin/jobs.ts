import { z } from 'zod';
import type { Action, Job, Jobs } from '../contract.ts';

const JobId = z.string().min(1).max(64).meta({ title: 'Job', description: 'The id that was given when it was accepted.' });

export const JobOutput = z.looseObject({ id: z.string(), action: z.string(), state: z.looseObject({ is: z.string() }) });

const line = (job: Job): readonly string[] => [
  job.id,
  job.action,
  job.target?.name ?? '',
  job.state.is,
  job.actor.name,
  new Date(job.createdAt).toISOString(),
];

/** `job.*`: what runs and what ran. */
export const jobActions = (jobs: Jobs): Readonly<Record<string, Action>> => ({
  'job.list': {
    title: 'List jobs, the newest first',
    label: 'Jobs',
    risk: 'read',
    input: z.strictObject({
      state: z.enum(['queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled', 'undone']).optional(),
      rows: z.int().min(1).max(500).default(20).meta({ title: 'Rows', description: 'How many at most.' }),
    }),
    output: z.array(JobOutput),
    run: ({ actor }, { state, rows }) => jobs.list({ ...(state && { states: [state] }), rowsMax: rows }, actor),
    show: (list: readonly Job[]) => ({
      text: list.length === 0 ? 'No jobs.' : `${list.length} ${list.length === 1 ? 'job' : 'jobs'}.`,
      table: { columns: ['id', 'action', 'target', 'state', 'by', 'created'], rows: list.map(line) },
    }),
  },
  'job.get': {
    title: 'Show a job',
    label: 'Job',
    risk: 'read',
    input: z.strictObject({ job: JobId }),
    output: JobOutput,
    positional: ['job'],
    run: ({ actor }, { job }) => jobs.get(job, actor),
  },
  'job.cancel': {
    title: 'Cancel a job and take back what it has done',
    label: 'Cancel a job',
    risk: 'read',
    help: 'Who may run the action of a job may cancel it.',
    input: z.strictObject({ job: JobId }),
    output: JobOutput,
    positional: ['job'],
    run: ({ actor, via }, { job }) => jobs.cancel(job, { actor, via }),
  },
});
