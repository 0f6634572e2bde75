import { useState, type ReactNode } from 'react';
import type { Channel } from '../protocol.ts';
import { api } from './api.ts';
import { Avatar } from './avatar.tsx';
import { useViewer } from './person-context.ts';
import { ThemeSwitch } from './theme-switch.tsx';

export type Spot = { readonly is: 'channel'; readonly id: string } | { readonly is: 'home' };

interface Props {
  readonly spot: Spot;
  readonly unread: ReadonlyMap<string, number>;
  onGo(spot: Spot): void;
  onUser(user: string): void;
}

function Switcher({ onUser }: Pick<Props, 'onUser'>): ReactNode {
  const { user, state } = useViewer();
  const people = state.people.filter((person) => !person.bot);
  const [isAdding, setAdding] = useState(false);
  const join = async (form: FormData): Promise<void> => {
    const name = form.get('name');
    setAdding(false);
    if (typeof name === 'string' && name.trim() !== '') onUser((await api.join(name)).id);
  };
  return (
    <section className="switcher" aria-label="Who you are">
      <h2>You are</h2>
      {people.map((person) => (
        <button type="button" key={person.id} className="person" aria-pressed={person.id === user} onClick={() => onUser(person.id)}>
          <Avatar person={person} small />
          <span>{person.displayName}</span>
          {person.role === null ? <span className="role">guest</span> : null}
        </button>
      ))}
      {isAdding ? (
        <form action={(form) => void join(form)}>
          <input
            name="name"
            aria-label="Name of the new person"
            placeholder="Name"
            maxLength={80}
            autoFocus
            onBlur={() => setAdding(false)}
          />
        </form>
      ) : (
        <button type="button" className="person quiet" onClick={() => setAdding(true)}>
          + Somebody new
        </button>
      )}
    </section>
  );
}

function Entry({ spot, unread, channel, onGo }: Omit<Props, 'onUser'> & { readonly channel: Channel }): ReactNode {
  const count = unread.get(channel.id) ?? 0;
  const isHere = spot.is === 'channel' && spot.id === channel.id;
  return (
    <button
      type="button"
      className="entry"
      aria-current={isHere ? 'page' : undefined}
      onClick={() => onGo({ is: 'channel', id: channel.id })}
    >
      <span className="sign">{channel.kind === 'im' ? '✉' : '#'}</span>
      <span className="grow">{channel.kind === 'im' ? 'Messages' : channel.name}</span>
      {count > 0 && !isHere && <span className="count">{count}</span>}
    </button>
  );
}

export function Sidebar({ spot, unread, onGo, onUser }: Props): ReactNode {
  const { state } = useViewer();
  const channels = state.channels.filter((channel) => channel.kind === 'channel');
  const direct = state.channels.filter((channel) => channel.kind === 'im');
  return (
    <aside className="sidebar">
      <header>
        <span className="logo">
          <Avatar person={state.people.find((person) => person.id === state.app.user)} />
        </span>
        <div>
          <strong>NovaCron</strong>
          <small>chat sandbox</small>
        </div>
      </header>
      <nav aria-label="Channels">
        <h2>Channels</h2>
        {channels.map((channel) => (
          <Entry key={channel.id} channel={channel} spot={spot} unread={unread} onGo={onGo} />
        ))}
        <h2>{state.app.name}</h2>
        <button type="button" className="entry" aria-current={spot.is === 'home' ? 'page' : undefined} onClick={() => onGo({ is: 'home' })}>
          <span className="sign">⌂</span>
          <span className="grow">Home</span>
          <span className={state.app.connected ? 'dot on' : 'dot'} title={state.app.connected ? 'connected' : 'not connected'} />
        </button>
        {direct.map((channel) => (
          <Entry key={channel.id} channel={channel} spot={spot} unread={unread} onGo={onGo} />
        ))}
      </nav>
      <Switcher onUser={onUser} />
      <ThemeSwitch />
    </aside>
  );
}
