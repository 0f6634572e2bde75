import { Problem } from './api.ts';
import { BackIcon } from './icons.tsx';
import { JobList } from './jobs-page.tsx';
import { Panels } from './panels.tsx';
import { Pill } from './pill.tsx';
import { useCard, useJobs } from './queries.ts';
import { linkTo } from './route.ts';
import { ThingActions } from './thing-actions.tsx';
import { Trouble } from './trouble.tsx';
import { Fields } from './view.tsx';

/** One VM: what it is, what can be done with it, how it went. */
export function VmPage({ id }: { readonly id: string }) {
  const { data, error } = useCard('vm', id);
  const back = (
    <a className="back" {...linkTo('/')}>
      <BackIcon />
      VMs
    </a>
  );
  if (data === undefined)
    return (
      <>
        {back}
        {error !== null && (error instanceof Problem && error.status === 404 ? <Gone /> : <Trouble error={error} />)}
      </>
    );
  const { resource, card } = data;
  return (
    <article aria-labelledby="vm-title">
      {back}
      <div className="head vm-head">
        <div>
          <h1 id="vm-title">
            {card.title} {card.state !== undefined && <Pill text={card.state.text} tone={card.state.tone} />}
          </h1>
          {card.subtitle !== undefined && <p className="quiet">{card.subtitle}</p>}
        </div>
        <ThingActions kind="vm" id={resource.id} name={resource.name} wanted={card.actions} />
      </div>
      {card.fields.length > 0 && (
        <div className="panel vm-fields">
          <Fields fields={card.fields} />
        </div>
      )}
      <Panels kind="vm" id={resource.id} name={resource.name} />
      <VmJobs id={resource.id} />
    </article>
  );
}

const Gone = () => (
  <div className="panel empty">
    <p>There is no such VM, or you may not see it.</p>
  </div>
);

function VmJobs({ id }: { readonly id: string }) {
  const jobs = (useJobs().data ?? []).filter(({ target, state }) => target?.id === id || ('output' in state && isAbout(state.output, id)));
  return (
    <section aria-labelledby="vm-jobs-title">
      <h2 id="vm-jobs-title">Jobs</h2>
      <JobList jobs={jobs.slice(0, 10)} none="Nothing was done with it lately." />
    </section>
  );
}

/** A job that made it had no target yet; its output names it. */
const isAbout = (output: unknown, id: string): boolean =>
  typeof output === 'object' && output !== null && 'id' in output && output.id === id;
