import { randomUUID } from 'node:crypto';
import { ErrorCode } from '../../generated/constants-error.ts';
import { SecretEventLifecycleType, SecretUsageType } from '../../generated/constants-secret.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { libvirtError } from '../incoming.ts';
import { expectFlags, find } from './store.ts';
import { attributeOf, optionalText, textOf, withElement } from './xml.ts';

interface StoredSecret {
  uuid: string;
  usageType: number;
  usageID: string;
  xml: string;
  value: Uint8Array | null;
}

/** For each type of use its number, and the element that says what exactly it is for. */
const usages: Record<string, [type: number, element: string]> = {
  volume: [SecretUsageType.VOLUME, 'volume'],
  ceph: [SecretUsageType.CEPH, 'name'],
  iscsi: [SecretUsageType.ISCSI, 'target'],
  tls: [SecretUsageType.TLS, 'name'],
  vtpm: [SecretUsageType.VTPM, 'name'],
};

function usageIn(xml: string): { usageType: number; usageID: string } {
  const type = attributeOf(xml, 'usage', 'type');
  if (type === undefined) return { usageType: SecretUsageType.NONE, usageID: '' };
  const usage = usages[type];
  if (!usage) throw libvirtError(ErrorCode.XML_ERROR, `A secret has no use of the type "${type}".`);
  return { usageType: usage[0], usageID: textOf(xml, usage[1]) };
}

const refOf = ({ uuid, usageType, usageID }: StoredSecret) => ({ uuid, usageType, usageID });

/** Secrets, by UUID and by what they are for. Private ones are not told to anybody. */
export function serveSecrets(fake: FakeLibvirt): void {
  const secrets = new Map<string, StoredSecret>();
  const byUuid = (uuid: string) => find(secrets.values(), ErrorCode.NO_SECRET, (one) => one.uuid === uuid);
  const tell = (secret: StoredSecret, event: number) => fake.emit('secret.lifecycle', { secret: refOf(secret), event, detail: 0 });
  fake.answer(remote.secretDefineXml, ({ xml }) => {
    if (!/<secret[\s>]/.test(xml)) throw libvirtError(ErrorCode.XML_DETAIL, 'There is no <secret> in the XML.');
    const uuid = optionalText(xml, 'uuid')?.toLowerCase() ?? randomUUID();
    const usage = usageIn(xml);
    for (const other of secrets.values())
      if (other.uuid !== uuid && usage.usageID !== '' && other.usageType === usage.usageType && other.usageID === usage.usageID)
        throw libvirtError(ErrorCode.INTERNAL_ERROR, `There is a secret for "${usage.usageID}" already.`);
    const secret = { uuid, ...usage, xml, value: secrets.get(uuid)?.value ?? null };
    secrets.set(uuid, secret);
    tell(secret, SecretEventLifecycleType.DEFINED);
    return { secret: refOf(secret) };
  });
  fake.answer(remote.secretLookupByUuid, ({ uuid }) => ({ secret: refOf(byUuid(uuid)) }));
  fake.answer(remote.secretLookupByUsage, ({ usageType, usageID }) => ({
    secret: refOf(find(secrets.values(), ErrorCode.NO_SECRET, (one) => one.usageType === usageType && one.usageID === usageID)),
  }));
  fake.answer(remote.connectListAllSecrets, ({ flags }) => {
    expectFlags(flags, 0);
    return { secrets: [...secrets.values()].map(refOf), ret: secrets.size };
  });
  fake.answer(remote.secretGetXmlDesc, ({ secret }) => {
    const { xml, uuid } = byUuid(secret.uuid);
    return { xml: withElement(xml, 'uuid', `<uuid>${uuid}</uuid>`) };
  });
  fake.answer(remote.secretSetValue, ({ secret, value }) => {
    const known = byUuid(secret.uuid);
    known.value = Uint8Array.from(value);
    fake.emit('secret.valueChanged', { secret: refOf(known) });
  });
  fake.answer(remote.secretGetValue, ({ secret }) => {
    const { xml, value } = byUuid(secret.uuid);
    if (attributeOf(xml, 'secret', 'private') === 'yes') throw libvirtError(ErrorCode.INVALID_SECRET, 'The secret is private.');
    if (!value) throw libvirtError(ErrorCode.NO_SECRET, 'The secret has no value.');
    return { value };
  });
  fake.answer(remote.secretUndefine, ({ secret }) => {
    const known = byUuid(secret.uuid);
    secrets.delete(known.uuid);
    tell(known, SecretEventLifecycleType.UNDEFINED);
  });
}
