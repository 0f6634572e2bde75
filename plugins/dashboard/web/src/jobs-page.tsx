import { useMutation } from '@tanstack/react-query';
import type { Job } from 'novacron/plugin';
import { formatDuration, formatInstant, toneOf } from './format.ts';
import { Pill } from './pill.tsx';
import { useJobs } from './queries.ts';
import { linkTo, vmPath } from './route.ts';
import { useSession } from './session.tsx';
import { Trouble } from './trouble.tsx';

export function JobsPage() {
  const { data: jobs, error } = useJobs();
  return (
    <section aria-labelledby="jobs-title">
      <div className="head">
        <h1 id="jobs-title">Jobs</h1>
      </div>
      {error !== null && <Trouble error={error} />}
      {jobs !== undefined && <JobList jobs={jobs} none="Nothing has been done yet." />}
    </section>
  );
}

export function JobList({ jobs, none }: { readonly jobs: readonly Job[]; readonly none: string }) {
  if (jobs.length === 0) return <p className="panel empty quiet">{none}</p>;
  return (
    <ul className="panel jobs">
      {jobs.map((job) => (
        <JobLine job={job} key={job.id} />
      ))}
    </ul>
  );
}

function JobLine({ job }: { readonly job: Job }) {
  const { target } = job;
  return (
    <li className="job">
      <div className="job-what">
        <strong>{job.title}</strong>
        {target !== null && (target.kind === 'vm' ? <a {...linkTo(vmPath(target.id))}>{target.name}</a> : <span>{target.name}</span>)}
        <span className="quiet">
          {job.actor.name} through {job.via}, {formatInstant(job.createdAt)}
          {job.endedAt !== null && job.startedAt !== null && `, took ${formatDuration(job.endedAt - job.startedAt)}`}
        </span>
      </div>
      <div className="job-state">
        <Pill text={job.state.is} tone={job.state.is === 'running' ? 'busy' : toneOf(job.state.is)} />
        {job.endedAt === null && <CancelButton job={job} />}
      </div>
      <JobProgress job={job} />
    </li>
  );
}

/** How far a job is, or why it did not get there. */
export function JobProgress({ job }: { readonly job: Job }) {
  const { state } = job;
  if ('failure' in state) return <p className="job-note">{state.failure.message}</p>;
  if (state.is === 'succeeded') return null;
  const fraction = state.is === 'running' ? state.fraction : null;
  const text =
    state.is === 'running' ? (state.message ?? state.step ?? 'Running') : state.is === 'waiting' ? `Waiting for ${state.for}` : state.is;
  return (
    <div className="progress">
      <progress max={1} {...(fraction !== null && { value: fraction })} aria-label={`${job.title}: ${text}`} />
      <span className="quiet" aria-live="polite">
        {text}
      </span>
    </div>
  );
}

export function CancelButton({ job }: { readonly job: Job }) {
  const { ask } = useSession();
  const cancel = useMutation({ mutationFn: () => ask(`/jobs/${encodeURIComponent(job.id)}/cancel`, { method: 'POST' }) });
  return (
    <button
      className="button small"
      type="button"
      disabled={cancel.isPending || job.state.is === 'cancelling'}
      onClick={() => cancel.mutate()}
      aria-label={`Cancel: ${job.title} ${job.target?.name ?? ''}`}
      title={cancel.error?.message}
    >
      Cancel
    </button>
  );
}
