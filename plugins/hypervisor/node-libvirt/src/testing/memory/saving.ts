import { DomainState } from '../../generated/constants-domain.ts';
import { ErrorCode } from '../../generated/constants-error.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { libvirtError } from '../incoming.ts';
import type { Guests } from './guests.ts';
import { domainXml } from './guests.ts';
import { expectFlags, invalidState } from './store.ts';
import { optionalText, textOf } from './xml.ts';

/** Saved memory: in files, which are names here, and in the place of each domain. */
export function serveSaving(fake: FakeLibvirt, guests: Guests): void {
  const { of, active } = guests;
  /** The XML of the domains in saved files, by path. */
  const files = new Map<string, string>();
  const fileAt = (path: string): string => {
    const xml = files.get(path);
    if (xml === undefined) throw libvirtError(ErrorCode.OPERATION_FAILED, `There is no saved domain in "${path}".`);
    return xml;
  };
  fake.answer(remote.domainSaveFlags, (args) => {
    expectFlags(args.flags, 0);
    const guest = active(args);
    files.set(args.to, args.dxml ?? domainXml(guest));
    guests.stop(guest);
  });
  fake.answer(remote.domainSaveImageGetXmlDesc, ({ file }) => ({ xml: fileAt(file) }));
  const restore = ({ from }: { from: string }) => {
    const xml = fileAt(from);
    guests.start(guests.all.known(textOf(xml, 'name'), optionalText(xml, 'uuid')) ?? guests.define(xml, false), DomainState.RUNNING);
  };
  fake.answer(remote.domainRestore, restore);
  fake.answer(remote.domainRestoreFlags, ({ from, dxml, flags }) => {
    expectFlags(flags, 0);
    if (dxml !== null) files.set(from, dxml);
    restore({ from });
  });
  fake.answer(remote.domainManagedSave, (args) => {
    expectFlags(args.flags, 0);
    const guest = active(args);
    if (!guest.persistent) throw invalidState('A domain that is gone once it stops has no place for its memory.');
    guest.saved = true;
    guests.stop(guest);
  });
  fake.answer(remote.domainHasManagedSaveImage, (args) => ({ result: of(args).saved ? 1 : 0 }));
  fake.answer(remote.domainManagedSaveRemove, (args) => void (of(args).saved = false));
}
