import type { Actor } from 'novacron/plugin';
import type { Incident, TimelineEntry } from '../port.ts';
import type { Entry } from './record.ts';

/** `null`: sees all tenants. */
export const tenantOf = (actor: Pick<Actor, 'role' | 'tenant'>): string | null => (actor.role === 'admin' ? null : actor.tenant);

const isSeen = (tenant: string | null | undefined, by: string | null): boolean =>
  by === null || tenant === null || tenant === undefined || tenant === by;

/** An incident of a host may hold VMs of many tenants: each sees its own. */
export function incidentFor(incident: Incident, tenant: string | null): Incident {
  const signals = incident.signals.filter(({ subject }) => isSeen(subject.tenant, tenant));
  const seen = signals.flatMap(({ state, actions = [] }) => (state === 'firing' ? actions : []));
  return tenant === null || signals.length === incident.signals.length ? incident : { ...incident, signals, actions: seen };
}

export const entriesFor = (entries: readonly Entry[], tenant: string | null): readonly TimelineEntry[] =>
  entries.flatMap(({ at, kind, text, actor, values, tenant: whose }) => (isSeen(whose, tenant) ? [{ at, kind, text, actor, values }] : []));
