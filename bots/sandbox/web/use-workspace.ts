import { useEffect, useState } from 'react';
import { applyChange } from '../apply-change.ts';
import type { Change, PageState } from '../protocol.ts';
import { loadState } from './api.ts';

const RETRY_MS = 1_500;

export type Workspace =
  | { readonly is: 'loading' }
  | { readonly is: 'failed'; readonly reason: string }
  | { readonly is: 'ready'; /** Whose view `state` is. */ readonly user: string; readonly state: PageState; readonly live: boolean };

/** The workspace as one person sees it, kept live; after a cut it is loaded again. */
export function useWorkspace(user: string): Workspace {
  const [workspace, setWorkspace] = useState<Workspace>({ is: 'loading' });
  useEffect(() => {
    let socket: WebSocket | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const again = (): void => {
      if (!isOver) timer = setTimeout(() => void connect(), RETRY_MS);
    };
    const connect = async (): Promise<void> => {
      const early: Change[] = [];
      let isLoaded = false;
      const address = `${location.origin.replace('http', 'ws')}/page/live?user=${encodeURIComponent(user)}`;
      socket = new WebSocket(address);
      socket.addEventListener('message', ({ data }) => {
        const change = JSON.parse(String(data)) as Change;
        if (!isLoaded) early.push(change);
        else setWorkspace((now) => (now.is === 'ready' && now.user === user ? { ...now, state: applyChange(now.state, change) } : now));
      });
      socket.addEventListener('close', () => {
        if (isOver) return;
        setWorkspace((now) => (now.is === 'ready' ? { ...now, live: false } : now));
        again();
      });
      try {
        const state = await loadState(user);
        isLoaded = true;
        if (!isOver) setWorkspace({ is: 'ready', user, state: early.reduce(applyChange, state), live: true });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (!isOver) setWorkspace((now) => (now.is === 'ready' ? { ...now, live: false } : { is: 'failed', reason }));
      }
    };
    void connect();
    return () => {
      isOver = true;
      clearTimeout(timer);
      socket?.close();
    };
  }, [user]);
  return workspace;
}
