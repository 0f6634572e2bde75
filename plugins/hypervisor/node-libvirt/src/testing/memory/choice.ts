import { ConnectListAllDomainsFlags as domains, DomainState } from '../../generated/constants-domain.ts';
import { ConnectListAllNetworksFlags as networks } from '../../generated/constants-network.ts';
import { ConnectListAllStoragePoolsFlags as pools } from '../../generated/constants-storage.ts';
import type { Guest } from './guests.ts';
import { expectFlags } from './store.ts';

/** Flags of which each chooses some things; together they choose those of any of them. */
type Group<T> = readonly (readonly [flag: number, fits: (one: T) => boolean])[];

interface Lasting {
  active: boolean;
  persistent: boolean;
  autostart: boolean;
}

/** The things that the flags of a list choose. A group without any of its flags lets everything through; a flag of no group is refused. */
export function chosen<T>(all: Iterable<T>, flags: number, groups: readonly Group<T>[]): T[] {
  expectFlags(
    flags,
    groups.flat().reduce((known, [flag]) => known | flag, 0),
  );
  const asked = groups.map((group) => group.filter(([flag]) => (flags & flag) !== 0)).filter((group) => group.length > 0);
  return [...all].filter((one) => asked.every((group) => group.some(([, fits]) => fits(one))));
}

const either = <T>(whenYes: number, whenNo: number, is: (one: T) => boolean): Group<T> => [
  [whenYes, is],
  [whenNo, (one) => !is(one)],
];

/** Those that lists and statistics of domains have in common. */
export const stateGroups: readonly Group<Guest>[] = [
  either(domains.DOMAINS_ACTIVE, domains.DOMAINS_INACTIVE, (one) => one.id !== -1),
  either(domains.DOMAINS_PERSISTENT, domains.DOMAINS_TRANSIENT, (one) => one.persistent),
  [
    [domains.DOMAINS_RUNNING, (one) => one.state === DomainState.RUNNING],
    [domains.DOMAINS_PAUSED, (one) => one.state === DomainState.PAUSED],
    [domains.DOMAINS_SHUTOFF, (one) => one.state === DomainState.SHUTOFF],
    // A guest in memory is in no other state.
    [domains.DOMAINS_OTHER, () => false],
  ],
];

export const domainGroups: readonly Group<Guest>[] = [
  ...stateGroups,
  either(domains.DOMAINS_MANAGEDSAVE, domains.DOMAINS_NO_MANAGEDSAVE, (one) => one.saved),
  either(domains.DOMAINS_AUTOSTART, domains.DOMAINS_NO_AUTOSTART, (one) => one.autostart),
];

export const networkGroups: readonly Group<Lasting>[] = [
  either(networks.NETWORKS_ACTIVE, networks.NETWORKS_INACTIVE, (one) => one.active),
  either(networks.NETWORKS_PERSISTENT, networks.NETWORKS_TRANSIENT, (one) => one.persistent),
  either(networks.NETWORKS_AUTOSTART, networks.NETWORKS_NO_AUTOSTART, (one) => one.autostart),
];

export const poolGroups: readonly Group<Lasting>[] = [
  either(pools.STORAGE_POOLS_ACTIVE, pools.STORAGE_POOLS_INACTIVE, (one) => one.active),
  either(pools.STORAGE_POOLS_PERSISTENT, pools.STORAGE_POOLS_TRANSIENT, (one) => one.persistent),
  either(pools.STORAGE_POOLS_AUTOSTART, pools.STORAGE_POOLS_NO_AUTOSTART, (one) => one.autostart),
];
