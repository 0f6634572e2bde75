import { useQuery } from '@tanstack/react-query';
import type { ActionDescription, Card, Job, Json, Panel, Resource, View } from 'novacron/plugin';
import { useSession } from './session.tsx';

export interface VmRow {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly host?: string;
  readonly vcpus?: number;
  readonly memoryBytes?: number;
  readonly managed?: boolean;
  readonly tags?: readonly string[];
}

/** What this person may do, by id. */
export function useActions() {
  const { ask } = useSession();
  return useQuery({
    queryKey: ['actions'],
    queryFn: async ({ signal }) => (await ask<{ actions: readonly ActionDescription[] }>('/actions', { signal })).actions,
    staleTime: 60_000,
  });
}

export function useVms() {
  const { ask } = useSession();
  return useQuery({
    queryKey: ['list', 'vm'],
    queryFn: async ({ signal }) =>
      (await ask<{ output: { vms: readonly VmRow[] } }>('/actions/vm.list', { method: 'POST', body: {}, signal })).output.vms,
    refetchInterval: 15_000,
  });
}

/** What a read says, as it is to be shown; asked again now and then, and when something of the kind happened. */
export function useShown(action: string, input: { readonly [field: string]: Json }) {
  const { ask } = useSession();
  return useQuery({
    queryKey: ['shown', action, input],
    queryFn: ({ signal }) => ask<{ output: Json; view: View }>(`/actions/${action}`, { method: 'POST', body: input, signal }),
    refetchInterval: 15_000,
  });
}

export function useCard(kind: string, id: string) {
  const { ask } = useSession();
  return useQuery({
    queryKey: ['card', kind, id],
    queryFn: ({ signal }) => ask<{ resource: Resource; card: Card }>(`/resources/${kind}/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: 15_000,
  });
}

export function useJobs() {
  const { ask } = useSession();
  return useQuery({
    queryKey: ['jobs'],
    queryFn: async ({ signal }) => (await ask<{ jobs: readonly Job[] }>('/jobs?rowsMax=100', { signal })).jobs,
    refetchInterval: 30_000,
  });
}

/** One job with what came of it, kept fresh until it has ended. */
export function useJob(id: string | null) {
  const { ask } = useSession();
  return useQuery({
    queryKey: ['job', id],
    queryFn: ({ signal }) => ask<{ job: Job; view?: View }>(`/jobs/${encodeURIComponent(id ?? '')}`, { signal }),
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.data !== undefined && state.data.job.endedAt !== null ? false : 2000),
  });
}

export function usePanels(kind: string) {
  const { ask } = useSession();
  return useQuery({
    queryKey: ['panels', kind],
    queryFn: async ({ signal }) =>
      (await ask<{ panels: readonly (Panel & { id: string })[] }>(`/panels?resource=${kind}`, { signal })).panels,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
