import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import type { FrameField, HubEvent, Job } from 'novacron/plugin';
import { createContext, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { LiveConnection, type LiveMessage } from './live-connection.ts';
import { LiveStore, type LiveFigures } from './live-store.ts';
import { toHistory } from './series.ts';
import { useSession } from './session.tsx';

interface Live {
  readonly store: LiveStore;
  readonly isConnected: boolean;
}

const Context = createContext<Live>({ store: new LiveStore(), isConnected: false });

export const useIsConnected = (): boolean => useContext(Context).isConnected;

export function useFigures(entity: string): LiveFigures | undefined {
  const { store } = useContext(Context);
  const subscribe = useMemo(() => (listener: () => void) => store.subscribe(entity, listener), [store, entity]);
  return useSyncExternalStore(subscribe, () => store.get(entity));
}

const HISTORY_MS = 600_000;
const HISTORY_STEP_SECONDS = 10;

/** Fills the lines of CPU shares with the ten minutes before, once, as soon as the first samples are there. */
export function useHistory(isWanted: boolean): void {
  const { store, isConnected } = useContext(Context);
  const { ask } = useSession();
  const { data } = useQuery({
    queryKey: ['history', 'cpu'],
    queryFn: async ({ signal }) => {
      const to = Date.now();
      const range = { from: new Date(to - HISTORY_MS).toISOString(), to: new Date(to).toISOString(), stepSeconds: HISTORY_STEP_SECONDS };
      const body = { metric: 'vm.cpuRatio', targets: [], aggregate: 'mean', ...range };
      const { output } = await ask<{ output: { fields: readonly FrameField[] } }>('/actions/metrics.query', {
        method: 'POST',
        body,
        signal,
      });
      return toHistory(output.fields);
    },
    enabled: isWanted && isConnected,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnMount: false,
  });
  useEffect(() => {
    if (data === undefined) return undefined;
    store.seed(data);
    // The first samples may come after the history.
    const timer = setTimeout(() => store.seed(data), 1500);
    return () => clearTimeout(timer);
  }, [store, data]);
}

/** One WebSocket for the whole page: events freshen what was asked, samples go to whoever shows them. */
export function LiveGate({ children }: { readonly children: ReactNode }) {
  const { accessToken } = useSession().session;
  const queries = useQueryClient();
  const [store] = useState(() => new LiveStore());
  const [isConnected, setConnected] = useState(false);
  const token = useRef(accessToken);
  const connection = useRef<LiveConnection | null>(null);

  useEffect(() => {
    const url = `${window.location.origin.replace(/^http/u, 'ws')}/api/v1/live`;
    const onMessage = (message: LiveMessage): void => take(message, { store, queries });
    const opened = new LiveConnection({ url, token: token.current, onMessage, onConnected: setConnected });
    connection.current = opened;
    return () => opened.close();
  }, [queries, store]);
  useEffect(() => {
    token.current = accessToken;
    connection.current?.setToken(accessToken);
  }, [accessToken]);

  const live = useMemo(() => ({ store, isConnected }), [store, isConnected]);
  return <Context value={live}>{children}</Context>;
}

function take(message: LiveMessage, { store, queries }: { store: LiveStore; queries: QueryClient }): void {
  if (message.samples !== undefined) store.take(message.samples);
  if (message.event !== undefined) freshen(queries, message.event);
  // What happened while nobody listened is seen by asking again.
  if (message.gap !== undefined || message.ready !== undefined) void queries.invalidateQueries();
}

function freshen(queries: QueryClient, event: HubEvent): void {
  if (event.type === 'resource.changed') {
    const { kind, id } = event.data as { readonly kind: string; readonly id: string };
    void queries.invalidateQueries({ queryKey: ['list', kind] });
    void queries.invalidateQueries({ queryKey: ['card', kind, id] });
  }
  if (event.type === 'incident.changed') void queries.invalidateQueries({ queryKey: ['shown'] });
  if (event.type === 'job.changed' || event.type === 'job.ended') {
    const { job } = event.data as { readonly job: Job };
    queries.setQueryData<readonly Job[]>(['jobs'], (jobs) => (jobs === undefined ? jobs : withJob(jobs, job)));
    if (event.type === 'job.ended')
      for (const queryKey of [['job', job.id], ['list'], ['card'], ['shown']]) void queries.invalidateQueries({ queryKey });
  }
}

const JOBS_MAX = 100;

/** Newest first, each once. */
export function withJob(jobs: readonly Job[], job: Job): readonly Job[] {
  const others = jobs.filter(({ id }) => id !== job.id);
  return [...others, job].toSorted((a, b) => b.createdAt - a.createdAt).slice(0, JOBS_MAX);
}
