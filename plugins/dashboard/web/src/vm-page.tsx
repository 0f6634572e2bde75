import { Menu } from '@base-ui/react/menu';
import type { ActionDescription, Card } from 'novacron/plugin';
import { useState } from 'react';
import { ActionDialog, type Preset } from './action-dialog.tsx';
import { Problem } from './api.ts';
import { BackIcon, MoreIcon } from './icons.tsx';
import { JobList } from './jobs-page.tsx';
import { Panels } from './panels.tsx';
import { Pill } from './pill.tsx';
import { useActions, useCard, useJobs } from './queries.ts';
import { linkTo } from './route.ts';
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
        <VmActions card={card} id={resource.id} name={resource.name} />
      </div>
      <div className="panel vm-fields">
        <Fields fields={card.fields} />
      </div>
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

const BUTTONS_MAX = 3;

/** The likeliest actions as buttons, the others in a menu. The dialog belongs to none of them: what was done may take its own button away. */
function VmActions({ card, id, name }: { readonly card: Card; readonly id: string; readonly name: string }) {
  const { data: known = [] } = useActions();
  const [chosen, setChosen] = useState<ActionDescription | null>(null);
  const actions = card.actions.flatMap((wanted) => known.filter((action) => action.id === wanted));
  const presetOf = (action: ActionDescription): Preset | undefined => {
    const field = action.fields.find(({ picker }) => picker === 'vm') ?? action.fields.find((one) => one.name === 'vm');
    return field === undefined ? undefined : { field: field.name, value: id, name };
  };
  const rest = actions.slice(BUTTONS_MAX);
  return (
    <div className="vm-actions">
      {actions.slice(0, BUTTONS_MAX).map((action, index) => (
        <button key={action.id} className={index === 0 ? 'button primary' : 'button'} type="button" onClick={() => setChosen(action)}>
          {action.label}
        </button>
      ))}
      {rest.length > 0 && (
        <Menu.Root>
          <Menu.Trigger className="button icon-only" aria-label="More actions">
            <MoreIcon />
          </Menu.Trigger>
          <Menu.Portal>
            <Menu.Positioner className="positioner" align="end" sideOffset={6}>
              <Menu.Popup className="menu">
                {rest.map((action) => (
                  <Menu.Item className="menu-item" data-risk={action.risk} key={action.id} onClick={() => setChosen(action)}>
                    {action.label}
                  </Menu.Item>
                ))}
              </Menu.Popup>
            </Menu.Positioner>
          </Menu.Portal>
        </Menu.Root>
      )}
      {chosen !== null && <ActionDialog key={chosen.id} action={chosen} preset={presetOf(chosen)} onClosed={() => setChosen(null)} />}
    </div>
  );
}

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
