import { HubError, type Actor, type Resources } from 'novacron/plugin';
import type { Hypervisor, VmState } from '../../hypervisor/port.ts';

/** A thing that rules can look at. The same object as long as nothing about it changes. */
export interface Thing {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly tenant: string | null;
  readonly tags: readonly string[];
}

/** Which things there are to look at. */
export interface Things {
  /** Asks the hypervisor anew. */
  refresh(at: number): void;
  /** Those of a kind that should have samples: no VM that is off, no thing that is gone. */
  list(kind: string): readonly Thing[];
  /** From before a restart: listed for a while although nobody has told of them yet. */
  remember(things: readonly Thing[], at: number): void;
  find(kind: string, id: string): Thing | undefined;
  /** Since when it is known; before that nobody could miss its samples. */
  knownSince(thing: Thing): number;
  /** Looks up things of other plugins' kinds, a few at a time; `find` knows them afterwards. */
  learn(kind: string, ids: readonly string[], at: number): Promise<void>;
}

export interface ThingsOptions {
  readonly hypervisor: Pick<Hypervisor, 'hosts' | 'vms'>;
  readonly resources: Pick<Resources, 'kinds' | 'get'>;
  /** Since when this hub looks. */
  readonly startedAt: number;
}

/** In whose name things of other kinds are looked up. */
export const WATCHER: Actor = { id: 'service:monitoring-rules', name: 'alert rules', kind: 'service', role: 'admin', tenant: 'default' };

/** A VM in one of these has no samples because it does not run. In all others somebody should wonder. */
const QUIET: ReadonlySet<VmState> = new Set<VmState>(['shut-off', 'suspended', 'creating', 'trashed']);
/** A thing that is not listed any more is missed for so long before it counts as gone: after a start a host may not have answered yet. */
const GONE_AFTER_MS = 120_000;
const LEARNT_FOR_MS = 600_000;
const LEARNT_AT_ONCE_MAX = 100;
const LEARNT_MAX = 100_000;

interface Known {
  readonly thing: Thing;
  readonly since: number;
  seenAt: number;
}

type Fields = Pick<Thing, 'id' | 'name' | 'tenant' | 'tags'>;

const isSame = (a: Thing, b: Fields): boolean =>
  a.name === b.name && a.tenant === b.tenant && (a.tags === b.tags || a.tags.join('\n') === b.tags.join('\n'));

const NONE: readonly string[] = [];
const NO_IDS: ReadonlySet<string> = new Set<string>();

export function createThings({ hypervisor, resources, startedAt }: ThingsOptions): Things {
  const kinds = new Map<string, Map<string, Known>>();
  const learnt = new Map<string, Map<string, { readonly thing: Thing | undefined; readonly until: number }>>();

  /** Thousands at every look: an object is made only of what has changed. */
  function see(kind: string, seen: Fields, at: number): void {
    const known = knownOf(kind);
    const before = known.get(seen.id);
    if (before && isSame(before.thing, seen)) {
      before.seenAt = at;
      return;
    }
    const { id, name, tenant, tags } = seen;
    known.set(id, { thing: { kind, id, name, tenant, tags }, since: before?.since ?? at, seenAt: at });
  }
  function knownOf(kind: string): Map<string, Known> {
    const known = kinds.get(kind) ?? new Map<string, Known>();
    kinds.set(kind, known);
    return known;
  }
  function forget(kind: string, quiet: ReadonlySet<string>, at: number): void {
    const known = knownOf(kind);
    for (const [id, { seenAt }] of known) if (quiet.has(id) || Math.abs(at - seenAt) > GONE_AFTER_MS) known.delete(id);
  }
  async function look(kind: string, id: string): Promise<Thing | undefined> {
    try {
      const { name, tenant, tags } = await resources.get(kind, id, WATCHER);
      return { kind, id, name, tenant, tags };
    } catch (error) {
      if (HubError.is(error) && error.status === 404) return undefined;
      throw error;
    }
  }
  return {
    refresh(at) {
      const quiet = new Set<string>();
      for (const vm of hypervisor.vms()) {
        if (QUIET.has(vm.state)) quiet.add(vm.id);
        else see('vm', vm, at);
      }
      for (const { id, name } of hypervisor.hosts()) see('host', { id, name, tenant: null, tags: NONE }, at);
      forget('vm', quiet, at);
      forget('host', NO_IDS, at);
    },
    remember(things, at) {
      for (const thing of things) if (thing.kind === 'vm' || thing.kind === 'host') see(thing.kind, thing, at);
    },
    list: (kind) => [...(kinds.get(kind)?.values() ?? [])].map(({ thing }) => thing),
    find: (kind, id) => kinds.get(kind)?.get(id)?.thing ?? learnt.get(kind)?.get(id)?.thing,
    knownSince: ({ kind, id }) => Math.max(startedAt, kinds.get(kind)?.get(id)?.since ?? startedAt),
    async learn(kind, ids, at) {
      if (kinds.has(kind)) return;
      const known = learnt.get(kind) ?? new Map<string, { thing: Thing | undefined; until: number }>();
      learnt.set(kind, known);
      const isKind = resources.kinds().some((one) => one.kind === kind);
      const due = ids.filter((id) => (known.get(id)?.until ?? 0) <= at).slice(0, isKind ? LEARNT_AT_ONCE_MAX : LEARNT_MAX);
      for (const id of due) {
        // What is no resource (the hub itself, say) belongs to nobody and is called by its id.
        const thing = isKind ? await look(kind, id) : { kind, id, name: id, tenant: null, tags: [] };
        const before = known.get(id)?.thing;
        known.set(id, { thing: before && thing && isSame(before, thing) ? before : thing, until: at + LEARNT_FOR_MS });
      }
      for (const id of known.keys()) if (known.size > LEARNT_MAX) known.delete(id);
    },
  };
}
