import { useCallback, useMemo, useState, type ReactNode } from 'react';
import type { Interaction, Message, PageState } from '../protocol.ts';
import { Composer } from './composer.tsx';
import { Home } from './home.tsx';
import { MessageList } from './message-list.tsx';
import { Modal } from './modal.tsx';
import { useViewer, ViewerContext, type Viewer } from './person-context.ts';
import { Sidebar, type Spot } from './sidebar.tsx';
import { useWorkspace } from './use-workspace.ts';

const FIRST_USER = 'U0ADMIN';
const NOTICE_MS = 6_000;

const TROUBLES: Readonly<Record<string, string>> = {
  operation_timeout: 'The app did not answer within 3 seconds.',
  dispatch_failed: 'The app is not connected.',
  message_not_found: 'This button is gone.',
  msg_too_long: 'That is too long.',
};

const startUser = (): string => new URLSearchParams(location.search).get('user') ?? sessionStorage.getItem('user') ?? FIRST_USER;

const repliesIn = (messages: readonly Message[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { threadTs } of messages) if (threadTs !== null) counts.set(threadTs, (counts.get(threadTs) ?? 0) + 1);
  return counts;
};

/** Messages of others that came to a channel since one looked. */
function useUnread(state: PageState, user: string, spot: Spot): ReadonlyMap<string, number> {
  const [seen, setSeen] = useState<ReadonlyMap<string, string>>(new Map());
  const [started] = useState(() => String(Date.now() / 1_000));
  const here = spot.is === 'channel' ? spot.id : '';
  const newest = state.messages.findLast((message) => message.channel === here)?.ts;
  if (newest !== undefined && seen.get(here) !== newest) setSeen(new Map(seen).set(here, newest));
  return useMemo(() => {
    const counts = new Map<string, number>();
    for (const { channel, ts, user: author } of state.messages) {
      if (author !== user && ts > (seen.get(channel) ?? started)) counts.set(channel, (counts.get(channel) ?? 0) + 1);
    }
    return counts;
  }, [state.messages, seen, started, user]);
}

function Thread({ root, onClose }: { readonly root: Message; onClose(): void }): ReactNode {
  const { state } = useViewer();
  const messages = state.messages.filter((message) => message.ts === root.ts || message.threadTs === root.ts);
  return (
    <section className="thread" aria-label="Thread">
      <header className="bar">
        <h1>Thread</h1>
        <button type="button" className="icon" aria-label="Close thread" onClick={onClose}>
          ✕
        </button>
      </header>
      <MessageList messages={messages} label="Messages of the thread" repliesTo={new Map()} empty="" />
      <Composer channel={root.channel} threadTs={root.ts} label="Reply" />
    </section>
  );
}

function Empty(): ReactNode {
  const { state } = useViewer();
  return (
    <>
      <p className="big">Nothing here yet.</p>
      {state.app.commands.map(({ command, description }) => (
        <p key={command}>
          Type <kbd>{command} help</kbd> below. {description}.
        </p>
      ))}
    </>
  );
}

function Place({ spot, onMenu }: { readonly spot: Spot; onMenu(): void }): ReactNode {
  const { state } = useViewer();
  const [threadTs, setThreadTs] = useState<string | null>(null);
  const channel = spot.is === 'channel' ? state.channels.find((candidate) => candidate.id === spot.id) : undefined;
  const here = state.messages.filter((message) => message.channel === channel?.id);
  const root = here.find((message) => message.ts === threadTs);
  const title = channel ? (channel.kind === 'im' ? state.app.name : `# ${channel.name}`) : state.app.name;
  return (
    <>
      <main className="place">
        <header className="bar">
          <button type="button" className="icon menu" aria-label="Channels" onClick={onMenu}>
            ☰
          </button>
          <h1>{title}</h1>
          <p>{channel ? channel.purpose : 'Home'}</p>
        </header>
        {channel ? (
          <>
            <MessageList
              key={channel.id}
              messages={here.filter((message) => message.threadTs === null)}
              label={`Messages in ${title}`}
              repliesTo={repliesIn(here)}
              empty={<Empty />}
              onThread={setThreadTs}
            />
            <Composer key={`write-${channel.id}`} channel={channel.id} threadTs={null} label={`Message ${title}`} />
          </>
        ) : (
          <Home />
        )}
      </main>
      {root && <Thread key={root.ts} root={root} onClose={() => setThreadTs(null)} />}
    </>
  );
}

function Room({
  user,
  state,
  live,
  onUser,
}: {
  readonly user: string;
  readonly state: PageState;
  readonly live: boolean;
  onUser(user: string): void;
}): ReactNode {
  const [spot, setSpot] = useState<Spot>({ is: 'channel', id: 'C0OPS' });
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [notice, setNotice] = useState('');
  const unread = useUnread(state, user, spot);
  const run = useCallback(async (work: () => Promise<Interaction>): Promise<Interaction> => {
    const result = await work().catch((error: unknown): Interaction => ({
      ok: false,
      error: error instanceof Error ? error.message : String(error),
    }));
    // What Slack itself says of a wrong command stands in the channel already.
    if (!result.ok && result.error !== 'invalid_command') {
      setNotice(TROUBLES[result.error] ?? result.error);
      setTimeout(() => setNotice(''), NOTICE_MS);
    }
    return result;
  }, []);
  const viewer: Viewer = useMemo(() => ({ user, state, run }), [user, state, run]);
  const view = state.views.at(-1);
  const go = (next: Spot): void => {
    setSpot(next);
    setMenuOpen(false);
  };
  return (
    <ViewerContext value={viewer}>
      <div className={isMenuOpen ? 'room menu-open' : 'room'} onKeyDown={(event) => event.key === 'Escape' && setMenuOpen(false)}>
        <Sidebar
          spot={spot}
          unread={unread}
          onGo={go}
          onUser={(next) => {
            setMenuOpen(false);
            onUser(next);
          }}
        />
        {isMenuOpen && <button type="button" className="veil" aria-label="Close the menu" onClick={() => setMenuOpen(false)} />}
        <Place key={spot.is === 'channel' ? spot.id : 'home'} spot={spot} onMenu={() => setMenuOpen(true)} />
        {view && <Modal key={view.hash} view={view} />}
        <div className="notices" role="status">
          {notice !== '' && <p>{notice}</p>}
          {!live && <p>The sandbox does not answer. Trying again.</p>}
        </div>
      </div>
    </ViewerContext>
  );
}

/** The chat page. */
export function App(): ReactNode {
  const [user, setUser] = useState(startUser);
  const workspace = useWorkspace(user);
  const choose = (next: string): void => {
    sessionStorage.setItem('user', next);
    setUser(next);
  };
  if (workspace.is === 'loading') return <p className="empty">Opening the workspace</p>;
  if (workspace.is === 'failed') return <p className="empty">{workspace.reason}</p>;
  return <Room user={workspace.user} state={workspace.state} live={workspace.live} onUser={choose} />;
}
