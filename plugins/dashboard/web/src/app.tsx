import { Menu } from '@base-ui/react/menu';
import { Fragment, useState, type ReactNode } from 'react';
import { ActionHost } from './action-host.tsx';
import { ActionsPage } from './actions-page.tsx';
import { BoardPage, ThingPage } from './board-page.tsx';
import { BOARDS } from './boards.ts';
import { ActionsIcon, BoardIcon, JobsIcon, Mark, SunIcon, VmsIcon } from './icons.tsx';
import { JobsPage } from './jobs-page.tsx';
import { useIsConnected } from './live.tsx';
import { useActions, useJobs } from './queries.ts';
import { linkTo, useRoute, type Route } from './route.ts';
import { useSession } from './session.tsx';
import { applyTheme, readTheme, THEMES, type Theme } from './theme.ts';
import { VmPage } from './vm-page.tsx';
import { VmsPage } from './vms-page.tsx';

export function App() {
  const route = useRoute();
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <a className="brand" {...linkTo('/')} aria-label="NovaCron, to the VMs">
          <Mark />
          <span>NovaCron</span>
        </a>
        <Navigation route={route} />
        <div className="top-end">
          <Connection />
          <ThemeButton />
          <Account />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <ActionHost>
          <Page route={route} />
        </ActionHost>
      </main>
    </div>
  );
}

function Page({ route }: { readonly route: Route }) {
  switch (route.is) {
    case 'vms':
      return <VmsPage />;
    case 'vm':
      return <VmPage id={route.id} key={route.id} />;
    case 'jobs':
      return <JobsPage />;
    case 'actions':
      return <ActionsPage />;
    case 'board':
      return <BoardPage board={route.board} key={route.board.path} />;
    case 'thing':
      return <ThingPage board={route.board} id={route.id} key={route.id} />;
    case 'nowhere':
      return (
        <div className="empty">
          <h1>There is nothing here</h1>
          <a className="button" {...linkTo('/')}>
            To the VMs
          </a>
        </div>
      );
  }
}

function Navigation({ route }: { readonly route: Route }) {
  const known = useActions().data ?? [];
  const boards = BOARDS.filter(({ list }) => known.some(({ id }) => id === list));
  const running = (useJobs().data ?? []).filter(({ endedAt }) => endedAt === null).length;
  const item = (path: string, label: string, { icon, isHere, count = 0 }: { icon: ReactNode; isHere: boolean; count?: number }) => (
    <a {...linkTo(path)} aria-current={isHere ? 'page' : undefined}>
      {icon}
      <span>{label}</span>
      {count > 0 && (
        <span className="count" aria-label={`${count} running`}>
          {count}
        </span>
      )}
    </a>
  );
  return (
    <nav className="nav" aria-label="Main">
      {item('/', 'VMs', { icon: <VmsIcon />, isHere: route.is === 'vms' || route.is === 'vm' })}
      {item('/jobs', 'Jobs', { icon: <JobsIcon />, isHere: route.is === 'jobs', count: running })}
      {boards.map((board) => (
        <Fragment key={board.path}>
          {item(`/${board.path}`, board.title, {
            icon: <BoardIcon of={board.icon} />,
            isHere: (route.is === 'board' || route.is === 'thing') && route.board === board,
          })}
        </Fragment>
      ))}
      {item('/actions', 'Actions', { icon: <ActionsIcon />, isHere: route.is === 'actions' })}
    </nav>
  );
}

function Connection() {
  const isConnected = useIsConnected();
  return (
    <span className="connection" role="status" data-connected={isConnected}>
      <span className="dot" aria-hidden="true" />
      <span className="connection-text">{isConnected ? 'Live' : 'Connecting …'}</span>
    </span>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(readTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
  const change = (): void => {
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button
      className="button ghost icon-only"
      type="button"
      onClick={change}
      aria-label={`Colours: ${theme}. Change to ${next}`}
      title={`Colours: ${theme}`}
    >
      <SunIcon />
    </button>
  );
}

function Account() {
  const { session, leave } = useSession();
  const { name, role, tenant } = session.actor;
  return (
    <Menu.Root>
      <Menu.Trigger className="avatar" aria-label={`Account of ${name}`}>
        {name.slice(0, 1).toUpperCase()}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="positioner" align="end" sideOffset={6}>
          <Menu.Popup className="menu">
            <div className="menu-head">
              <strong>{name}</strong>
              <span>
                {role} in {tenant}
              </span>
            </div>
            <Menu.Item className="menu-item" onClick={() => window.open('/docs', '_blank', 'noopener')}>
              API documentation
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={leave}>
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
