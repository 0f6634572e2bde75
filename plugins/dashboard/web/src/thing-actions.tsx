import { Menu } from '@base-ui/react/menu';
import type { ActionDescription } from 'novacron/plugin';
import { useState } from 'react';
import { ActionDialog, type Preset } from './action-dialog.tsx';
import { MoreIcon } from './icons.tsx';
import { useActions } from './queries.ts';

const BUTTONS_MAX = 3;

interface Props {
  /** Resource kind: the field of an action that takes such a thing is filled. */
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  /** Ids of the actions of its card, the likeliest first. */
  readonly wanted: readonly string[];
}

/** The likeliest actions as buttons, the others in a menu. The dialog belongs to none of them: what was done may take its own button away. */
export function ThingActions({ kind, id, name, wanted }: Props) {
  const { data: known = [] } = useActions();
  const [chosen, setChosen] = useState<ActionDescription | null>(null);
  const actions = wanted.flatMap((one) => known.filter((action) => action.id === one));
  const presetOf = (action: ActionDescription): Preset | undefined => {
    const field = action.fields.find(({ picker }) => picker === kind) ?? action.fields.find((one) => one.name === kind);
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
