import {
  ConnectGetAllDomainStatsFlags,
  DomainMemoryModFlags,
  DomainMemoryStatTags,
  DomainStatsTypes,
} from '../../generated/constants-domain.ts';
import { ErrorCode } from '../../generated/constants-error.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { TypedParam } from '../../generated/types-common.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { libvirtError } from '../incoming.ts';
import { chosen, stateGroups } from './choice.ts';
import type { Guest, Guests } from './guests.ts';
import { perGuest, refOf } from './guests.ts';

/** The memory of domains, their statistics and their performance counters. */
export function serveMeasures(fake: FakeLibvirt, guests: Guests): void {
  serveMemorySizes(fake, guests);
  servePerfEvents(fake, guests);
  fake.answer(remote.connectGetAllDomainStats, ({ doms, stats, flags }) => {
    const among = doms.length === 0 ? guests.all : doms.map((dom) => guests.of({ dom }));
    // Nobody is ever busy here.
    const wanted = chosen(among, flags & ~ConnectGetAllDomainStatsFlags.DOMAINS_STATS_NOWAIT, stateGroups);
    return { retStats: wanted.map((guest) => ({ dom: refOf(guest), params: statsOf(guest, stats) })) };
  });
}

function serveMemorySizes(fake: FakeLibvirt, { of }: Guests): void {
  const setMaximum = (guest: Guest, memoryKib: number) => {
    guest.maxMemoryKib = memoryKib;
    guest.memoryKib = Math.min(guest.memoryKib, memoryKib);
  };
  fake.answer(remote.domainGetMaxMemory, (args) => ({ memory: BigInt(of(args).maxMemoryKib) }));
  fake.answer(remote.domainSetMaxMemory, (args) => setMaximum(of(args), Number(args.memory)));
  fake.answer(remote.domainSetMemoryFlags, (args) => {
    const [guest, memoryKib] = [of(args), Number(args.memory)];
    if ((args.flags & DomainMemoryModFlags.MEM_MAXIMUM) !== 0) setMaximum(guest, memoryKib);
    else if (memoryKib <= guest.maxMemoryKib) guest.memoryKib = memoryKib;
    else throw libvirtError(ErrorCode.INVALID_ARG, `The domain may have ${guest.maxMemoryKib} KiB, not ${memoryKib}.`);
  });
  fake.answer(remote.domainMemoryStats, (args) => {
    const { id, memoryKib } = of(args);
    const stats = [{ tag: DomainMemoryStatTags.ACTUAL_BALLOON, val: BigInt(memoryKib) }];
    return { stats: id === -1 ? [] : stats.slice(0, args.maxStats) };
  });
}

/** The groups of statistics that a guest in memory has; 0 asks for all of them. */
function statsOf(guest: Guest, groups: number): TypedParam[] {
  const { state, memoryKib, maxMemoryKib, vcpus, maxVcpus } = guest;
  const int = (field: string, value: number): TypedParam => ({ field, value: { type: 'int', value } });
  const uint = (field: string, value: number): TypedParam => ({ field, value: { type: 'uint', value } });
  const ullong = (field: string, value: number): TypedParam => ({ field, value: { type: 'ullong', value: BigInt(value) } });
  const byGroup: [number, TypedParam[]][] = [
    [DomainStatsTypes.STATE, [int('state.state', state), int('state.reason', 1)]],
    [DomainStatsTypes.CPU_TOTAL, guest.id === -1 ? [] : [ullong('cpu.time', 0), ullong('cpu.user', 0), ullong('cpu.system', 0)]],
    [DomainStatsTypes.BALLOON, [ullong('balloon.current', memoryKib), ullong('balloon.maximum', maxMemoryKib)]],
    [DomainStatsTypes.VCPU, [uint('vcpu.current', vcpus), uint('vcpu.maximum', maxVcpus)]],
  ];
  return byGroup.flatMap(([group, params]) => (groups === 0 || (groups & group) !== 0 ? params : []));
}

const counters = ['cpu_cycles', 'instructions', 'cache_references', 'cache_misses', 'page_faults', 'context_switches'];

function servePerfEvents(fake: FakeLibvirt, { of }: Guests): void {
  const on = perGuest(() => new Set<string>());
  fake.answer(remote.domainGetPerfEvents, (args) => {
    const ofGuest = on(of(args));
    return { params: counters.map((field) => ({ field, value: { type: 'boolean' as const, value: ofGuest.has(field) } })) };
  });
  fake.answer(remote.domainSetPerfEvents, ({ params, ...args }) => {
    const ofGuest = on(of(args));
    for (const { field, value } of params) {
      if (!counters.includes(field)) throw libvirtError(ErrorCode.INVALID_ARG, `There is no counter "${field}".`);
      if (value.value === true) ofGuest.add(field);
      else ofGuest.delete(field);
    }
  });
}
