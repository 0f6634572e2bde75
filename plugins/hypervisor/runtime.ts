import { Actions, Database, Events, Hub, HubError, type Clock, type Log, type Resource, type Resolved, type Tools } from 'novacron/plugin';
import type { HypervisorConfig } from './config.ts';
import { linkOf, type HostLink } from './host-link.ts';
import { isTrashed, type Inventory, type VmEntry } from './inventory.ts';
import type { Reconciler } from './reconciler.ts';
import type { Store } from './store.ts';
import type { TinyImages } from './tiny.ts';
import type { DomainAt } from './vm-ops.ts';

export const needs = { database: Database, events: Events, hub: Hub, actions: Actions } as const;
export type HypervisorTools = Tools<HypervisorConfig, typeof needs>;

/** What a started plugin consists of. */
export interface Runtime {
  readonly config: HypervisorConfig;
  readonly links: ReadonlyMap<string, HostLink>;
  readonly inventory: Inventory;
  readonly reconciler: Reconciler;
  readonly store: Store;
  readonly tiny: TinyImages;
  readonly clock: Clock;
  readonly log: Log;
}

// Several hubs may run in one process; the database is what each has for itself.
const runtimes = new WeakMap<Database, Runtime>();

export const setRuntime = (database: Database, runtime: Runtime): void => void runtimes.set(database, runtime);

/** The runtime of the hub that calls. */
export function runtimeOf({ services }: { readonly services: Pick<Resolved<typeof needs>, 'database'> }): Runtime {
  const runtime = runtimes.get(services.database);
  if (runtime) return runtime;
  throw new HubError('plugin_unavailable', 'The hypervisor plugin has not started yet. Try again in a moment.', {
    status: 503,
    retryable: true,
  });
}

/** What an action needs to know of its VM to find it again: plain data, so that a step can record it. */
export interface VmAddress {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly host: string;
  readonly domainName: string;
}

export type Expectation = 'live' | 'trashed' | 'any';

/** The VM that a call is about. HubErrors `vm_unknown`, `vm_unmanaged`, `vm_trashed`, `vm_not_trashed`, `vm_missing`. */
export function managedVm(runtime: Runtime, target: Resource | null, expected: Expectation = 'live'): VmAddress {
  const entry = entryOf(runtime, target);
  const { id, name, tenant, host, domainName } = entry;
  if (!entry.managed || tenant === null)
    throw new HubError(
      'vm_unmanaged',
      `'${name}' on host '${host}' was made by others, so the hub only looks at it. To manage it: vm adopt ${id}`,
      { status: 409 },
    );
  if (expected !== 'any' && entry.state === 'missing')
    throw new HubError(
      'vm_missing',
      `Host '${host}' no longer has '${name}'. If it was removed on purpose, take it off the list: vm delete ${name} --purge`,
      { status: 409 },
    );
  if (expected === 'live' && isTrashed(entry))
    throw new HubError('vm_trashed', `'${name}' is in the trash. First bring it back: vm restore ${name}`, { status: 409 });
  if (expected === 'trashed' && !isTrashed(entry))
    throw new HubError('vm_not_trashed', `'${name}' is not in the trash; it is ${entry.state}.`, { status: 409 });
  return { id, name, tenant, host, domainName };
}

export function entryOf({ inventory }: Runtime, target: Resource | null): VmEntry {
  const entry = target && inventory.get(target.id);
  if (entry) return entry;
  throw new HubError('vm_unknown', `There is no VM '${target?.name ?? ''}' any more.`, { status: 404 });
}

export const hostOf = (runtime: Runtime, vm: { readonly host: string }): HostLink => linkOf(runtime.links, vm.host);

/** Where the domain of a VM is, for what is done to it. */
export const domainAt = (runtime: Runtime, vm: VmAddress): DomainAt => ({ link: hostOf(runtime, vm), id: vm.id, name: vm.name });
