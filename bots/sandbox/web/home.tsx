import { useEffect, type ReactNode } from 'react';
import { api } from './api.ts';
import { BlockView } from './blocks.tsx';
import { useViewer } from './person-context.ts';

/** The app's Home tab. */
export function Home(): ReactNode {
  const { user, state, run } = useViewer();
  const { connected } = state.app;
  useEffect(() => {
    if (connected) void run(() => api.home(user));
    // Opening the tab tells the app once, not at every change of the page.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [user, connected]);
  const { home } = state;
  return (
    <div className="messages home" tabIndex={0}>
      {home ? (
        home.blocks.map((block) => <BlockView key={block.block_id} block={block} place={{ view: home.id }} />)
      ) : (
        <div className="empty">The app has shown nothing here yet.</div>
      )}
    </div>
  );
}
