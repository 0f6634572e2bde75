import { DomainCheckpointDeleteFlags } from '../../generated/constants-domain-checkpoint.ts';
import { ErrorCode } from '../../generated/constants-error.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import type { Guest, Guests } from './guests.ts';
import type { Moment } from './moments.ts';
import { momentsOfEach, momentXml } from './moments.ts';
import { expectFlags, invalidState } from './store.ts';

/** Checkpoints; as with QEMU, only a domain that runs can have new ones. */
export function serveCheckpoints(fake: FakeLibvirt, guests: Guests): void {
  const { of, at, refTo } = momentsOfEach(guests, ErrorCode.NO_DOMAIN_CHECKPOINT);
  const list = (guest: Guest, all: Moment[]) => ({ checkpoints: all.map((one) => refTo(guest, one)), ret: all.length });
  fake.answer(remote.domainCheckpointCreateXml, (args) => {
    expectFlags(args.flags, 0);
    const { guest, moments } = of(args);
    if (guest.id === -1) throw invalidState('The domain is not running.');
    return { checkpoint: refTo(guest, moments.add(args.xmlDesc, guest.state)) };
  });
  fake.answer(remote.domainListAllCheckpoints, (args) => {
    expectFlags(args.flags, 0);
    const { guest, moments } = of(args);
    return list(guest, [...moments.all.values()]);
  });
  fake.answer(remote.domainCheckpointListAllChildren, ({ checkpoint, flags }) => {
    expectFlags(flags, 0);
    const { guest, moments, moment } = at(checkpoint);
    return list(guest, moments.childrenOf(moment));
  });
  fake.answer(remote.domainCheckpointLookupByName, (args) => {
    const { guest, moments } = of(args);
    return { checkpoint: refTo(guest, moments.named(args.name)) };
  });
  fake.answer(remote.domainCheckpointGetParent, ({ checkpoint }) => {
    const { guest, moments, moment } = at(checkpoint);
    return { parent: refTo(guest, moments.expect(moment.parent)) };
  });
  fake.answer(remote.domainCheckpointGetXmlDesc, ({ checkpoint }) => ({ xml: momentXml(at(checkpoint).moment) }));
  fake.answer(remote.domainCheckpointDelete, ({ checkpoint, flags }) => {
    expectFlags(flags, DomainCheckpointDeleteFlags.METADATA_ONLY);
    const { moments, moment } = at(checkpoint);
    moments.delete(moment);
  });
}
