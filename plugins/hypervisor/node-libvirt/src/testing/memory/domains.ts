import type { Procedure } from '../../caller.ts';
import { DomainControlState, DomainCreateFlags, DomainEventType, DomainState } from '../../generated/constants-domain.ts';
import { ErrorCode } from '../../generated/constants-error.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { Domain } from '../../generated/types-common.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { libvirtError } from '../incoming.ts';
import { chosen, domainGroups } from './choice.ts';
import type { Guest, Guests } from './guests.ts';
import { domainXml, refOf } from './guests.ts';
import { expectFlags, find, invalidState } from './store.ts';

/** Finding domains, making them, and their life. */
export function serveDomains(fake: FakeLibvirt, guests: Guests): void {
  serveLookups(fake, guests);
  serveLife(fake, guests);
  serveSettings(fake, guests);
}

function serveLookups(fake: FakeLibvirt, { all, of }: Guests): void {
  fake.answer(remote.domainLookupByName, ({ name }) => ({ dom: refOf(all.byName(name)) }));
  fake.answer(remote.domainLookupByUuid, ({ uuid }) => ({ dom: refOf(all.byUuid(uuid)) }));
  fake.answer(remote.domainLookupById, ({ id }) => ({ dom: refOf(find(all, ErrorCode.NO_DOMAIN, (one) => one.id === id)) }));
  fake.answer(remote.connectListAllDomains, ({ flags }) => {
    const domains = chosen(all, flags, domainGroups).map(refOf);
    return { domains, ret: domains.length };
  });
  fake.answer(remote.domainIsActive, (args) => ({ active: of(args).id === -1 ? 0 : 1 }));
  fake.answer(remote.domainIsPersistent, (args) => ({ persistent: of(args).persistent ? 1 : 0 }));
  fake.answer(remote.domainGetState, (args) => ({ state: of(args).state, reason: 1 }));
  fake.answer(remote.domainGetXmlDesc, (args) => ({ xml: domainXml(of(args)) }));
  serveSame(fake, of);
}

/** What is the same for all of them. */
function serveSame(fake: FakeLibvirt, of: Guests['of']): void {
  const always = <A extends { dom: Domain }, R>(procedure: Procedure<A, R>, answer: R) =>
    fake.answer(procedure, (args) => {
      of(args);
      return answer;
    });
  always(remote.domainIsUpdated, { updated: 0 });
  always(remote.domainGetOsType, { type: 'hvm' });
  always(remote.domainGetControlInfo, { state: DomainControlState.OK, details: 0, stateTime: 0n });
  always(remote.domainGetMessages, { msgs: [] });
  always(remote.domainGetSecurityLabelList, { labels: [], ret: 0 });
}

function serveLife(fake: FakeLibvirt, guests: Guests): void {
  const { of, active } = guests;
  const inState = (guest: Guest, state: number) => {
    if (guest.state !== state) throw invalidState(`The domain is in the state ${guest.state}.`);
    return guest;
  };
  const firstState = (flags: number) => {
    expectFlags(flags, DomainCreateFlags.START_PAUSED | DomainCreateFlags.START_FORCE_BOOT);
    return (flags & DomainCreateFlags.START_PAUSED) === 0 ? DomainState.RUNNING : DomainState.PAUSED;
  };
  const define = ({ xml }: { xml: string }) => {
    const guest = guests.define(xml, true);
    guests.announce(guest, DomainEventType.DEFINED);
    return { dom: refOf(guest) };
  };
  fake.answer(remote.domainDefineXml, define);
  fake.answer(remote.domainDefineXmlFlags, define);
  fake.answer(remote.domainCreateXml, ({ xmlDesc, flags }) => {
    const state = firstState(flags);
    const guest = guests.define(xmlDesc, false);
    guests.start(guest, state);
    return { dom: refOf(guest) };
  });
  fake.answer(remote.domainCreateWithFlags, (args) => {
    const guest = of(args);
    guests.start(guest, firstState(args.flags));
    return { dom: refOf(guest) };
  });
  fake.answer(remote.domainSuspend, (args) =>
    guests.become(inState(active(args), DomainState.RUNNING), DomainState.PAUSED, DomainEventType.SUSPENDED),
  );
  fake.answer(remote.domainResume, (args) =>
    guests.become(inState(active(args), DomainState.PAUSED), DomainState.RUNNING, DomainEventType.RESUMED),
  );
  fake.answer(remote.domainDestroyFlags, (args) => guests.stop(active(args)));
  fake.answer(remote.domainShutdownFlags, (args) => {
    const guest = active(args);
    guests.announce(guest, DomainEventType.SHUTDOWN);
    guests.stop(guest);
  });
  fake.answer(remote.domainReboot, (args) => fake.emit('reboot', { msg: { dom: refOf(active(args)) } }));
  fake.answer(remote.domainReset, (args) => fake.emit('reboot', { msg: { dom: refOf(active(args)) } }));
  fake.answer(remote.domainUndefineFlags, (args) => {
    const guest = of(args);
    guest.persistent = false;
    if (guest.id === -1) guests.all.delete(guest);
    guests.announce(guest, DomainEventType.UNDEFINED);
  });
}

function serveSettings(fake: FakeLibvirt, { all, of }: Guests): void {
  fake.answer(remote.domainRename, ({ newName, ...args }) => {
    const guest = of(args);
    if (guest.id !== -1) throw invalidState('A domain that runs keeps its name.');
    if (newName === null) throw libvirtError(ErrorCode.INVALID_ARG, 'There is no new name.');
    all.expectFree(newName, guest.uuid);
    guest.name = newName;
    return { retcode: 0 };
  });
  fake.answer(remote.domainGetAutostart, (args) => ({ autostart: of(args).autostart ? 1 : 0 }));
  fake.answer(remote.domainSetAutostart, (args) => void (of(args).autostart = args.autostart !== 0));
  fake.answer(remote.domainGetInfo, (args) => {
    const { state, maxMemoryKib, memoryKib, vcpus } = of(args);
    // A guest in memory does nothing.
    return { state, maxMem: BigInt(maxMemoryKib), memory: BigInt(memoryKib), nrVirtCpu: vcpus, cpuTime: 0n };
  });
}
