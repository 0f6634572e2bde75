import { HubError } from 'novacron/plugin';
import type { Definition } from './domain-parse.ts';
import type { Trash } from './metadata.ts';
import type { VmState, VmStatus } from './port.ts';

/** A difference between what the hub recorded and what the host has. */
export interface Drift {
  readonly field: string;
  readonly recorded: string;
  readonly actual: string;
}

/** All that is known of a VM without asking its host. */
export interface VmEntry extends VmStatus {
  readonly domainName: string;
  readonly definition: Definition;
  readonly networks: readonly string[];
  readonly consoleLogPath: string | null;
  readonly image: string | null;
  /** Epoch milliseconds; null for a domain made by others. */
  readonly createdAt: number | null;
  readonly trash: Trash | null;
  readonly drift: readonly Drift[];
  /** When its start was seen, epoch milliseconds; null when it does not run or ran before the hub did. */
  readonly startedAt: number | null;
  /** libvirt's number of this run of the guest; -1 when it does not run. */
  readonly runId: number;
}

export const TRASH_PREFIX = 'trash/';

/** VMs in memory: reads never ask a host or the database. */
export class Inventory {
  readonly #vms = new Map<string, VmEntry>();
  #list: readonly VmEntry[] | undefined;

  get(id: string): VmEntry | undefined {
    return this.#vms.get(id);
  }

  /** In the order of names. */
  all(): readonly VmEntry[] {
    this.#list ??= [...this.#vms.values()].toSorted((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    return this.#list;
  }

  put(entry: VmEntry): void {
    this.#vms.set(entry.id, entry);
    this.#list = undefined;
  }

  remove(id: string): void {
    if (this.#vms.delete(id)) this.#list = undefined;
  }

  /**
   * By id, name, `tenant/name` or `trash/name`. `tenant` null: any. A VM that was deleted is found by its name only while no other has it.
   * HubError `vm_name_ambiguous` when several tenants have the name and none of them is `default`.
   */
  find(idOrName: string, tenant: string | null): VmEntry | undefined {
    const visible = (entry: VmEntry): boolean => tenant === null || entry.tenant === null || entry.tenant === tenant;
    const byId = this.#vms.get(idOrName);
    if (byId) return visible(byId) ? byId : undefined;
    const trash = idOrName.startsWith(TRASH_PREFIX);
    const wanted = trash ? idOrName.slice(TRASH_PREFIX.length) : idOrName;
    const named = this.all().filter((entry) => visible(entry) && (entry.name === wanted || `${entry.tenant}/${entry.name}` === wanted));
    const [trashed, live] = [named.filter(isTrashed).toSorted(byNewestTrash), named.filter((entry) => !isTrashed(entry))];
    return trash ? (trashed[0] ?? single(live, wanted)) : (single(live, wanted) ?? trashed[0]);
  }
}

export const isTrashed = (entry: { readonly state: VmState }): boolean => entry.state === 'trashed';

const byNewestTrash = (a: VmEntry, b: VmEntry): number => (b.trash?.at ?? 0) - (a.trash?.at ?? 0);

function single(entries: readonly VmEntry[], name: string): VmEntry | undefined {
  if (entries.length <= 1) return entries[0];
  const preferred = entries.filter((entry) => entry.tenant === 'default');
  if (preferred.length === 1) return preferred[0];
  const choices = entries.map((entry) => (entry.tenant === null ? entry.id : `${entry.tenant}/${entry.name}`)).join(', ');
  throw new HubError('vm_name_ambiguous', `Several VMs are called '${name}': ${choices}. Write one of these.`, { status: 409 });
}
