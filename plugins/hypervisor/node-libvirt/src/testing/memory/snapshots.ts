import { DomainSnapshotDeleteFlags } from '../../generated/constants-domain-snapshot.ts';
import { DomainState } from '../../generated/constants-domain.ts';
import { ErrorCode } from '../../generated/constants-error.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import type { Guest, Guests } from './guests.ts';
import type { Moment } from './moments.ts';
import { momentsOfEach, momentXml } from './moments.ts';
import { expectFlags } from './store.ts';

/** Snapshots. What they keep of a domain is whether it was off, ran or stood still. */
export function serveSnapshots(fake: FakeLibvirt, guests: Guests): void {
  const { of, at, refTo } = momentsOfEach(guests, ErrorCode.NO_DOMAIN_SNAPSHOT);
  const list = (guest: Guest, all: Moment[]) => ({ snapshots: all.map((one) => refTo(guest, one)), ret: all.length });
  fake.answer(remote.domainSnapshotCreateXml, (args) => {
    expectFlags(args.flags, 0);
    const { guest, moments } = of(args);
    return { snap: refTo(guest, moments.add(args.xmlDesc, guest.state)) };
  });
  fake.answer(remote.domainListAllSnapshots, (args) => {
    expectFlags(args.flags, 0);
    const { guest, moments } = of(args);
    return list(guest, [...moments.all.values()]);
  });
  fake.answer(remote.domainSnapshotListAllChildren, ({ snapshot, flags }) => {
    expectFlags(flags, 0);
    const { guest, moments, moment } = at(snapshot);
    return list(guest, moments.childrenOf(moment));
  });
  fake.answer(remote.domainSnapshotLookupByName, (args) => {
    const { guest, moments } = of(args);
    return { snap: refTo(guest, moments.named(args.name)) };
  });
  fake.answer(remote.domainHasCurrentSnapshot, (args) => ({ result: of(args).moments.current ? 1 : 0 }));
  fake.answer(remote.domainSnapshotCurrent, (args) => {
    const { guest, moments } = of(args);
    return { snap: refTo(guest, moments.expect(moments.current)) };
  });
  fake.answer(remote.domainSnapshotGetParent, ({ snap }) => {
    const { guest, moments, moment } = at(snap);
    return { snap: refTo(guest, moments.expect(moment.parent)) };
  });
  fake.answer(remote.domainSnapshotIsCurrent, ({ snap }) => {
    const { moments, moment } = at(snap);
    return { current: moments.current === moment ? 1 : 0 };
  });
  fake.answer(remote.domainSnapshotHasMetadata, ({ snap }) => ({ metadata: at(snap).moment ? 1 : 0 }));
  fake.answer(remote.domainSnapshotGetXmlDesc, ({ snap }) => ({ xml: momentXml(at(snap).moment) }));
  fake.answer(remote.domainRevertToSnapshot, ({ snap, flags }) => {
    expectFlags(flags, 0);
    const { guest, moments, moment } = at(snap);
    moments.current = moment;
    if (guest.id !== -1) guests.stop(guest);
    if (moment.state !== DomainState.SHUTOFF) guests.start(guest, moment.state);
  });
  fake.answer(remote.domainSnapshotDelete, ({ snap, flags }) => {
    expectFlags(flags, DomainSnapshotDeleteFlags.METADATA_ONLY);
    const { moments, moment } = at(snap);
    moments.delete(moment);
  });
}
